import type { Place } from '../clouds/place.ts'
import { conditionsHold } from '../config/condition.ts'
import type { RuleConfig } from '../config/config.ts'
import { type Prefix, parsePrefix } from '../net/prefix.ts'
import { compileSelector, type Selector } from './selector.ts'
import { compileSplit, type Split } from './split.ts'

/** A routing rule, ready to be asked. */
export interface Rule {
  readonly when: RuleConfig['when']
  readonly prefer: readonly (Selector | Split)[]
  /** Kilometres beyond which a backend does not count as near; `undefined` for the default. */
  readonly within: number | undefined
  /** Prefixes, of which one must hold the client's address; absent where that does not matter. */
  readonly networks?: readonly Prefix[]
  /** Whether it is for this repository; absent where it is for all. */
  readonly isFor?: (repository: string) => boolean
}

/** Says of a pattern for repositories whether it matches a name. */
export type CompilePattern = (pattern: string) => (repository: string) => boolean

/**
 * Makes a rule ready. `compilePattern` is for rules by repository; it is given, since what reads globs does not load
 * everywhere. Throws a `TypeError` for such a rule without it.
 */
export function compileRule({ when, prefer, within }: RuleConfig, compilePattern = noPatterns): Rule {
  const { prefix, repository } = when
  const patterns = repository?.map(compilePattern)
  return {
    when,
    prefer: prefer.map((entry) =>
      typeof entry === 'string' ? compileSelector(entry) : compileSplit(entry.split),
    ),
    within,
    ...(prefix && { networks: prefix.map(parsePrefix) }),
    ...(patterns && { isFor: (name) => patterns.some((matches) => matches(name)) }),
  }
}

/** Whether all conditions of a rule hold that are about a client's place. */
export function ruleApplies({ when }: Rule, client: Place | undefined): boolean {
  return conditionsHold(when, client)
}

/** Whether its condition on what is asked for holds; where that is not known, there must be none. */
export function isForRepository({ isFor }: Rule, repository: string | undefined): boolean {
  return isFor === undefined || (repository !== undefined && isFor(repository))
}

const noPatterns: CompilePattern = (pattern) => {
  throw new TypeError(`a rule is for repositories that match ${pattern}, and nothing was given to read that`)
}
