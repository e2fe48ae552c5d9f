import type { Place } from '../clouds/place.ts'
import { conditionsHold } from '../config/condition.ts'
import type { RuleConfig } from '../config/config.ts'
import type { Address } from '../net/address.ts'
import { parsePrefix } from '../net/prefix.ts'
import { buildPrefixTable } from '../net/prefix-table-builder.ts'
import { compileSelector, type Selector } from './selector.ts'
import { compileSplit, type Split } from './split.ts'

/** A routing rule, ready to be asked. */
export interface Rule {
  readonly when: RuleConfig['when']
  readonly prefer: readonly (Selector | Split)[]
  /** Kilometres beyond which a backend does not count as near; `undefined` for the default. */
  readonly within: number | undefined
  /** Whether the conditions hold that are about more than a client's place; absent where there are none. */
  readonly holdsFor?: (address: Address | undefined, repository: string | undefined) => boolean
}

/** Says of a pattern for repositories whether it matches a name. */
export type CompilePattern = (pattern: string) => (repository: string) => boolean

/**
 * Makes a rule ready. `compilePattern` is for rules by repository; it is given, since what reads globs does not load
 * everywhere. Throws a `TypeError` for such a rule without it.
 */
export function compileRule({ when, prefer, within }: RuleConfig, compilePattern?: CompilePattern): Rule {
  const holdsFor = compileConditions(when, compilePattern)
  return {
    when,
    prefer: prefer.map((entry) =>
      typeof entry === 'string' ? compileSelector(entry) : compileSplit(entry.split),
    ),
    within,
    ...(holdsFor && { holdsFor }),
  }
}

/** Whether all conditions of a rule hold that are about a client's place. */
export function ruleApplies({ when }: Rule, client: Place | undefined): boolean {
  return conditionsHold(when, client)
}

/** What is not known of a client meets no condition about it. */
function compileConditions(
  { prefix, repository }: RuleConfig['when'],
  compilePattern: CompilePattern = noPatterns,
): Rule['holdsFor'] {
  const networks =
    prefix && buildPrefixTable(prefix.map((text) => ({ prefix: parsePrefix(text), value: true })))
  const patterns = repository?.map((pattern) => compilePattern(pattern))
  if (networks === undefined && patterns === undefined) return undefined
  return (address, name) => {
    if (networks !== undefined && (address === undefined || networks.lookup(address) === undefined))
      return false
    return patterns === undefined || (name !== undefined && patterns.some((matches) => matches(name)))
  }
}

function noPatterns(pattern: string): never {
  throw new TypeError(`a rule is for repositories that match ${pattern}, and nothing was given to read that`)
}
