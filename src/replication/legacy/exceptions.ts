import { compilePattern, type Matches } from '../../config/compile-pattern.ts'

/** What may be missing or different all the same, by patterns of `NAME:TAG` and `NAME@DIGEST`. */
export class Exceptions {
  readonly #patterns: readonly { readonly pattern: string; readonly matches: Matches }[]
  readonly #used = new Set<string>()

  /** Throws `CONFIG_INVALID` for a pattern that cannot be read. */
  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.map((pattern) => ({ pattern, matches: compilePattern(pattern) }))
  }

  /** Whether an image, or something by its digest, is accepted as it is. */
  has(image: string): boolean {
    const found = this.#patterns.filter(({ matches }) => matches(image))
    for (const { pattern } of found) this.#used.add(pattern)
    return found.length > 0
  }

  /** Whether nothing is accepted. */
  get none(): boolean {
    return this.#patterns.length === 0
  }

  /** Patterns that have accepted nothing: most likely they are mistakes, or of no use any more. */
  get idle(): readonly string[] {
    return this.#patterns.map(({ pattern }) => pattern).filter((pattern) => !this.#used.has(pattern))
  }
}
