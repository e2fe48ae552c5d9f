/** How many moments are looked back on. */
const SAMPLES = 30

/** How fast something grows, by what it was at some moments before. */
export class Rate {
  readonly #samples: { readonly at: number; readonly value: number }[] = []

  /** Notes what it is now, in milliseconds since some fixed moment. */
  note(at: number, value: number): void {
    this.#samples.push({ at, value })
    if (this.#samples.length > SAMPLES) this.#samples.shift()
  }

  /** A second, over the moments that are looked back on; `undefined` as long as there are fewer than two. */
  get perSecond(): number | undefined {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)]
    if (first === undefined || last === undefined || last.at <= first.at) return undefined
    return Math.max(0, ((last.value - first.value) * 1000) / (last.at - first.at))
  }
}
