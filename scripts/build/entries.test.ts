import { describe, expect, it } from 'vitest'
import packageFile from '../../package.json' with { type: 'json' }
import { libraryEntries } from './entries.ts'

const paths = (name: string) => ({ types: `./dist/types/src/${name}.d.ts`, default: `./dist/${name}.js` })

describe('the entries of the library', () => {
  it('are the subpaths that package.json exports', () => {
    const exported = { '.': paths('index'), './oci': paths('oci'), './package.json': './package.json' }
    expect(libraryEntries(exported, () => true)).toEqual({ index: 'src/index.ts', oci: 'src/oci.ts' })
    expect(libraryEntries(packageFile.exports, () => true)).toMatchObject({ index: 'src/index.ts' })
  })

  it.each([
    [{ './oci': paths('oci') }, 'package.json exports "./oci", which needs src/oci.ts, but there is none'],
    [
      { './oci': { ...paths('oci'), default: './dist/index.js' } },
      'package.json: exports["./oci"].default is ./dist/index.js; it has to be ./dist/oci.js',
    ],
    [
      { '.': { ...paths('index'), types: './dist/index.d.ts' } },
      'package.json: exports["."].types is ./dist/index.d.ts; it has to be ./dist/types/src/index.d.ts',
    ],
  ])('are refused by name: %o', (exported, message) => {
    expect(() => libraryEntries(exported, () => false)).toThrow(message)
  })

  it('have other names than the programs beside them', () => {
    expect(() => libraryEntries({ './cli': paths('cli') }, () => true)).toThrow('dist/cli.js is a program')
  })
})
