import { firstAddress, formatPrefix, type Prefix, parsePrefix, prefixContains } from '../net/prefix.ts'
import type { RuleConfig } from './config.ts'

type When = RuleConfig['when']

/** Conditions that hold for one of the values listed, and so for all whom a longer list is for. */
const LISTED = ['region', 'country', 'cloud', 'repository'] as const

/** A rule's conditions, its prefixes read. */
interface Entry {
  readonly when: When
  readonly prefixes: readonly Prefix[] | undefined
}

/** Rules by what they ask, to find those that leave nothing to a later one: there may be thousands. */
export class RuleIndex {
  readonly #rules: Entry[] = []
  /** By a value of the first condition that a rule has: the positions, ascending. */
  readonly #byValue = new Map<string, number[]>()

  /** Adds the next rule, unless one before it covers it: gives the position of the first that does. */
  add(when: When): number | undefined {
    const entry = { when, prefixes: when.prefix?.map(parsePrefix) }
    const covering = this.#firstCovering(entry)
    const position = this.#rules.push(entry) - 1
    // What this one covers, that one covers as well.
    if (covering === undefined) this.#note(entry, position)
    return covering
  }

  #note(entry: Entry, position: number): void {
    for (const key of new Set(keysToNote(entry))) {
      const positions = this.#byValue.get(key)
      if (positions === undefined) this.#byValue.set(key, [position])
      else positions.push(position)
    }
  }

  #firstCovering(entry: Entry): number | undefined {
    const found = keysToFind(entry).flatMap((key) => {
      const first = this.#byValue.get(key)?.find((position) => covers(this.#rules[position]!, entry))
      return first === undefined ? [] : [first]
    })
    return found.length === 0 ? undefined : Math.min(...found)
  }
}

/** Every value of the first condition. */
function keysToNote({ when, prefixes }: Entry): string[] {
  const condition = LISTED.find((name) => when[name] !== undefined)
  if (condition !== undefined) return when[condition]!.map((value) => `${condition} ${value}`)
  return prefixes?.map((prefix) => `prefix ${formatPrefix(prefix)}`) ?? ['']
}

/** A rule that covers this one is found by any value of this one's, since it allows all of them, or what they lie in. */
function keysToFind({ when, prefixes }: Entry): string[] {
  const keys = ['']
  for (const condition of LISTED) {
    const value = when[condition]?.[0]
    if (value !== undefined) keys.push(`${condition} ${value}`)
  }
  const prefix = prefixes?.[0]
  for (let length = 0; prefix !== undefined && length <= prefix.length; length++) {
    keys.push(`prefix ${formatPrefix({ address: firstAddress(prefix.address, length), length })}`)
  }
  return keys
}

/** Whether whoever meets the conditions of `inner` meets those of `outer`. */
function covers(outer: Entry, inner: Entry): boolean {
  const isListed = LISTED.every((key) => {
    const allowed = outer.when[key]
    return allowed === undefined || (inner.when[key]?.every((value) => allowed.includes(value)) ?? false)
  })
  return isListed && (outer.prefixes === undefined || holdAll(outer.prefixes, inner.prefixes))
}

/** Whether each of `inner` lies in one of `outer`. */
function holdAll(outer: readonly Prefix[], inner: readonly Prefix[] | undefined): boolean {
  return (
    inner?.every((prefix) =>
      outer.some((wider) => wider.length <= prefix.length && prefixContains(wider, prefix.address)),
    ) ?? false
  )
}
