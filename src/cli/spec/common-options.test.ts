import { afterEach, expect, it } from 'vitest'
import { isQuiet } from '../print.ts'
import { applyCommonOptions, commonWords } from './common-options.ts'
import { readCommonWords } from './common-words.ts'

afterEach(() => applyCommonOptions({ ca: undefined, quiet: false }))

it('says nothing to other processes where nothing was said', () => {
  expect(commonWords()).toEqual([])
  expect(readCommonWords([])).toEqual({ ca: undefined, quiet: false })
})

it('says the same to other processes of this program', async () => {
  await applyCommonOptions({ ca: [], quiet: true })
  expect([isQuiet(), commonWords()]).toEqual([true, ['--quiet']])
  expect(readCommonWords(['--quiet', '--ca=--one file', '--ca=two'])).toEqual({
    ...{ ca: ['--one file', 'two'], quiet: true },
  })
})
