import { expect, it } from 'vitest'
import { type Declared, isUndeclared } from './undeclared.ts'

const declared: Declared = {
  name: 'debug',
  dependencies: { ms: '^2', '@scope/part': '^1' },
  optionalDependencies: { native: '^1' },
  peerDependencies: { needed: '*', 'supports-color': '*' },
  peerDependenciesMeta: { 'supports-color': { optional: true }, colours: { optional: true } },
}

it.each([
  ['ms', false],
  ['ms/deep/file.js', false],
  ['@scope/part', false],
  ['@scope/part/deep', false],
  ['@scope/other', true],
  ['native', false],
  ['needed', false],
  ['supports-color', true],
  ['supports-color/deep', true],
  ['colours', true],
  ['stranger', true],
  ['debug/src/common', false],
  ['./common', false],
  ['../package.json', false],
  ['#own', false],
  ['/absolute/path', false],
  ['node:fs', false],
  ['fs', false],
  ['fs/promises', false],
  ['\0virtual', false],
])('of what a package loads, %s is undeclared: %s', (source, undeclared) => {
  expect(isUndeclared(source, declared)).toBe(undeclared)
})
