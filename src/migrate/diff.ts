import { inOrder } from './edit.ts'
import type { Edit } from './finding.ts'
import { LineIndex } from './line-index.ts'

/** Lines around a change, as `diff -u` shows. */
const CONTEXT = 3

/** Lines from one up to another, both counted from 0, and what stands there afterwards. */
interface Change {
  readonly from: number
  readonly to: number
  readonly lines: readonly string[]
}

/**
 * Writes the edits of a text as a unified diff that `patch -p1` and `git apply` take; '' when nothing changes. Lines
 * keep their endings. What changes is known, so nothing has to be searched for: the work is linear in the text, where
 * a diff of two texts (the package `diff`) takes 11 s for 4000 changes in 20,000 lines.
 */
export function unifiedDiff(path: string, text: string, edits: readonly Edit[]): string {
  const changes = changesOf(text, edits)
  if (changes.length === 0) return ''
  const lines = linesOf(text)
  const name = path.replaceAll('\\', '/').replace(/^\.?\//, '')
  const output = [`--- a/${name}\n`, `+++ b/${name}\n`]
  let grown = 0
  for (const hunk of hunksOf(changes)) {
    const first = Math.max(0, hunk[0]!.from - CONTEXT)
    const last = Math.min(lines.length, hunk.at(-1)!.to + CONTEXT)
    const body: string[] = []
    let [at, added, removed] = [first, 0, 0]
    for (const { from, to, lines: after } of hunk) {
      for (; at < from; at++) body.push(marked(' ', lines[at]!))
      for (; at < to; at++) body.push(marked('-', lines[at]!))
      for (const line of after) body.push(marked('+', line))
      removed += to - from
      added += after.length
    }
    for (; at < last; at++) body.push(marked(' ', lines[at]!))
    const count = last - first
    output.push(
      `@@ -${rangeOf(first, count)} +${rangeOf(first + grown, count - removed + added)} @@\n`,
      ...body,
    )
    grown += added - removed
  }
  return output.join('')
}

/** Whole lines; edits of one line, and of lines that follow each other, are one change. */
function changesOf(text: string, edits: readonly Edit[]): Change[] {
  const index = new LineIndex(text)
  const spans: { from: number; to: number; edits: Edit[] }[] = []
  for (const edit of inOrder(edits)) {
    if (text.slice(edit.start, edit.end) === edit.text) continue
    const from = index.position(edit.start).line - 1
    const to = index.position(edit.end).line
    const before = spans.at(-1)
    if (before !== undefined && from <= before.to) {
      before.to = Math.max(before.to, to)
      before.edits.push(edit)
    } else {
      spans.push({ from, to, edits: [edit] })
    }
  }
  return spans.map(({ from, to, edits: own }) => {
    const start = index.start(from + 1)!
    let after = ''
    let at = start
    for (const edit of own) {
      after += text.slice(at, edit.start) + edit.text
      at = edit.end
    }
    after += text.slice(at, index.start(to + 1) ?? text.length)
    return { from, to, lines: linesOf(after) }
  })
}

/** Changes whose contexts touch are shown together. */
function hunksOf(changes: readonly Change[]): Change[][] {
  const hunks: Change[][] = []
  for (const change of changes) {
    const before = hunks.at(-1)?.at(-1)
    if (before !== undefined && change.from - before.to <= 2 * CONTEXT) hunks.at(-1)!.push(change)
    else hunks.push([change])
  }
  return hunks
}

/** With their endings; the text after the last one is a line if there is any. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? []
}

function marked(mark: string, line: string): string {
  return line.endsWith('\n') ? mark + line : `${mark}${line}\n\\ No newline at end of file\n`
}

function rangeOf(first: number, count: number): string {
  return count === 1 ? `${first + 1}` : `${count === 0 ? first : first + 1},${count}`
}
