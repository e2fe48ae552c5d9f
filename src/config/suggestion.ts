/** ` (did you mean "url"?)` when one of the words is close to what was written, else nothing. */
export function suggestion(written: string, words: Iterable<string>): string {
  const word = nearestWord(written, words)
  return word === undefined ? '' : ` (did you mean "${word}"?)`
}

/** The word that a slip of the fingers turns into `written`: at most one edit for every three letters. */
export function nearestWord(written: string, words: Iterable<string>): string | undefined {
  let nearest: string | undefined
  let least = Math.max(1, Math.floor(written.length / 3)) + 1
  for (const word of words) {
    if (Math.abs(word.length - written.length) >= least) continue
    const edits = countEdits(written.toLowerCase(), word.toLowerCase())
    if (edits < least) {
      nearest = word
      least = edits
    }
  }
  return nearest
}

/** How many letters must be added, dropped, changed or swapped with their neighbour to make one text the other. */
function countEdits(from: string, to: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1]
      const swapped =
        row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      current[column] = Math.min(
        last[column]! + 1,
        current[column - 1]! + 1,
        last[column - 1]! + (same ? 0 : 1),
        swapped ? beforeLast[column - 2]! + 1 : Number.POSITIVE_INFINITY,
      )
    }
    beforeLast = last
    last = current
  }
  return last[to.length]!
}
