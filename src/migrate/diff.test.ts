import { spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { makeTempFolder } from '../../test/support/temp.ts'
import { unifiedDiff } from './diff.ts'
import { applyEdits } from './edit.ts'
import type { Edit } from './finding.ts'

const LINES = Array.from({ length: 40 }, (_, index) => `line ${index + 1}`)

/** Edits that put `new` in place of `line` in some lines, counted from 1. */
function editsOf(text: string, numbers: readonly number[]): Edit[] {
  return numbers.map((number) => {
    const start = text.search(new RegExp(`\\bline ${number}\\b`))
    return { start, end: start + 'line'.length, text: 'new' }
  })
}

it.each([
  ['in the middle', LINES.join('\n'), [20]],
  ['at the ends, without a newline at the last', LINES.join('\n'), [1, 40]],
  ['in lines that follow each other, and others near and far', `${LINES.join('\n')}\n`, [3, 4, 5, 9, 16, 30]],
  ['with CRLF', `${LINES.join('\r\n')}\r\n`, [2, 39]],
])('git takes a diff of changes %s', async (_, text, numbers) => {
  await using folder = await makeTempFolder()
  const file = join(folder.path, 'file.txt')
  await writeFile(file, text)
  const edits = editsOf(text, numbers)
  const { status, stderr } = spawnSync('git', ['apply', '--whitespace=nowarn', '-'], {
    cwd: folder.path,
    input: unifiedDiff('file.txt', text, edits),
    encoding: 'utf8',
  })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(await readFile(file, 'utf8')).toBe(applyEdits(text, edits))
})

it('shows lines that follow each other together, with three lines around', () => {
  const text = LINES.slice(0, 10).join('\n')
  expect(unifiedDiff('./a/b.yaml', text, editsOf(text, [5, 6]))).toBe(
    [
      '--- a/a/b.yaml',
      '+++ b/a/b.yaml',
      '@@ -2,8 +2,8 @@',
      ...[
        ' line 2',
        ' line 3',
        ' line 4',
        '-line 5',
        '-line 6',
        '+new 5',
        '+new 6',
        ' line 7',
        ' line 8',
        ' line 9',
      ],
      '',
    ].join('\n'),
  )
})

it('shows nothing where nothing changes', () => {
  expect(unifiedDiff('a', 'line 1', [{ start: 0, end: 4, text: 'line' }])).toBe('')
})
