import type { RuleConfig } from './config.ts'

const CONDITIONS = ['region', 'country', 'cloud'] as const

/** Rules by what they ask, to find those that leave nothing to a later one: there may be thousands. */
export class RuleIndex {
  readonly #rules: RuleConfig['when'][] = []
  /** By a value of the first condition that a rule has, of region, country and cloud: the positions, ascending. */
  readonly #byValue = new Map<string, number[]>()

  /** Adds the next rule, unless one before it covers it: gives the position of the first that does. */
  add(when: RuleConfig['when']): number | undefined {
    const covering = this.#firstCovering(when)
    const position = this.#rules.push(when) - 1
    // What this one covers, that one covers as well.
    if (covering === undefined) this.#note(when, position)
    return covering
  }

  #note(when: RuleConfig['when'], position: number): void {
    const key = CONDITIONS.find((condition) => when[condition] !== undefined)
    const values = key === undefined ? [''] : new Set(when[key])
    for (const value of values) {
      const positions = this.#byValue.get(`${key} ${value}`)
      if (positions === undefined) this.#byValue.set(`${key} ${value}`, [position])
      else positions.push(position)
    }
  }

  /** One that covers this rule is found by any value of this rule's, since it allows all of them. */
  #firstCovering(when: RuleConfig['when']): number | undefined {
    const keys = ['undefined ']
    for (const condition of CONDITIONS) {
      const value = when[condition]?.[0]
      if (value !== undefined) keys.push(`${condition} ${value}`)
    }
    const found = keys.flatMap((key) => {
      const first = this.#byValue.get(key)?.find((position) => covers(this.#rules[position]!, when))
      return first === undefined ? [] : [first]
    })
    return found.length === 0 ? undefined : Math.min(...found)
  }
}

/** Whether whoever meets the conditions of `inner` meets those of `outer`. */
function covers(outer: RuleConfig['when'], inner: RuleConfig['when']): boolean {
  return CONDITIONS.every((key) => {
    const allowed = outer[key]
    return allowed === undefined || (inner[key]?.every((value) => allowed.includes(value)) ?? false)
  })
}
