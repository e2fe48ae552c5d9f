/** Where in a text an offset stands: both from 1, the column in UTF-16 code units. */
export interface TextPosition {
  readonly line: number
  readonly column: number
}

/** The lines of a text, to tell where an offset stands. */
export class LineIndex {
  readonly #starts: number[] = [0]

  constructor(text: string) {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1)
  }

  position(offset: number): TextPosition {
    let [low, high] = [0, this.#starts.length]
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (this.#starts[middle]! <= offset) low = middle
      else high = middle
    }
    return { line: low + 1, column: offset - this.#starts[low]! + 1 }
  }

  /** Where a line begins, counted from 1; `undefined` behind the last one. */
  start(line: number): number | undefined {
    return this.#starts[line - 1]
  }
}
