import type { CauseId } from './causes.ts'
import type { Facts } from './facts.ts'
import type { LineMatch } from './match-line.ts'

/** One error of a text, however often it stands there. */
export interface ExplainedError extends Omit<Facts, 'image'> {
  /** One of its lines, without what is secret. */
  readonly text: string
  /** Where that is, counted from 1. */
  readonly line: number
  /** How many lines say the same. */
  readonly count: number
  readonly images: readonly string[]
  /** The likeliest first. */
  readonly causes: readonly CauseId[]
  /** What the words tell beyond their causes. */
  readonly notes: readonly string[]
}

/** How many different errors are kept, and images of one. */
const ERRORS_MAX = 50
const IMAGES_MAX = 20

interface Entry {
  /** Only words that also stand beside other messages. */
  isVague: boolean
  facts: Facts
  /** The first cause of each of its lines. */
  readonly leading: Set<CauseId>
  causes: readonly CauseId[]
  notes: readonly string[]
  text: string
  line: number
  count: number
  readonly images: Set<string>
}

/** The errors of a text: the same cause at the same host is one, however often and of how many images it is said. */
export class ErrorList {
  readonly #entries: Entry[] = []
  #last: Entry | undefined
  #leftOut = 0

  get size(): number {
    return this.#entries.length
  }

  /** How many lines are in none of the errors, since there are too many. */
  get leftOut(): number {
    return this.#leftOut
  }

  /** Takes what a line says; `quote` gives it as it may be shown. */
  add({ causes, notes, facts, isVague }: LineMatch, line: number, quote: () => string): void {
    const { image } = facts
    const same = this.#entries.find((entry) => isSame(entry, { causes, facts }))
    if (same === undefined && this.#entries.length === ERRORS_MAX) {
      this.#leftOut++
      return
    }
    const entry = same ?? {
      isVague,
      causes,
      notes,
      facts,
      text: quote(),
      line,
      count: 0,
      images: new Set<string>(),
      leading: new Set(causes.slice(0, 1)),
    }
    if (same === undefined) this.#entries.push(entry)
    // Tools that try again say in short what they say in full at the end.
    if (entry.facts.host === undefined && facts.host !== undefined)
      Object.assign(entry, { facts, line, text: quote() })
    entry.isVague &&= isVague
    entry.count++
    if (image !== undefined && entry.images.size < IMAGES_MAX) entry.images.add(image)
    this.#last = entry
  }

  /** Takes what is said by the body of an answer, which some tools print below the error: it knows more of the same. */
  addBody({ causes, notes, isVague }: LineMatch): void {
    const entry = this.#last
    if (entry === undefined) return
    if (!isVague) entry.leading.add(causes[0]!)
    entry.causes = [...new Set(isVague ? [...entry.causes, ...causes] : [...causes, ...entry.causes])]
    entry.notes = [...new Set([...entry.notes, ...notes])]
    // With what its body says it may be one that stands in the text before.
    const same = this.#entries.find((other) => other !== entry && isSame(other, entry))
    if (same === undefined) return
    same.count += entry.count
    this.#entries.splice(this.#entries.indexOf(entry), 1)
    this.#last = same
  }

  /** In the order in which they stand in the text; vague ones of no host only where nothing else was said. */
  list(): readonly ExplainedError[] {
    const telling = this.#entries.filter(({ isVague, facts }) => !isVague || facts.host !== undefined)
    const entries = telling.length > 0 ? telling : this.#entries
    return entries.map(({ facts: { image: _, ...facts }, images, leading: __, isVague: ___, ...entry }) => ({
      ...entry,
      ...facts,
      images: [...images],
    }))
  }
}

/** A line that names no host is the short form of one that does. */
function isSame(entry: Entry, { causes, facts }: Pick<LineMatch, 'causes' | 'facts'>): boolean {
  if (!entry.leading.has(causes[0]!)) return false
  return entry.facts.host === facts.host || facts.host === undefined || entry.facts.host === undefined
}
