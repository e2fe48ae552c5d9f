import type { Edit } from './finding.ts'

/**
 * Changes a text at the places of edits, and nowhere else. Equal edits count once. Throws when two overlap, which
 * nobody's findings do.
 */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const pieces: string[] = []
  let at = 0
  for (const edit of inOrder(edits)) {
    if (edit.start < at) throw new RangeError(`edits overlap at ${edit.start}`)
    pieces.push(text.slice(at, edit.start), edit.text)
    at = edit.end
  }
  pieces.push(text.slice(at))
  return pieces.join('')
}

/** By their places, equal ones once. */
export function inOrder(edits: readonly Edit[]): Edit[] {
  const sorted = [...edits].sort((one, other) => one.start - other.start || one.end - other.end)
  return sorted.filter((edit, index) => {
    const before = sorted[index - 1]
    return before?.start !== edit.start || before.end !== edit.end || before.text !== edit.text
  })
}
