import { compilePattern } from '../config/compile-pattern.ts'
import type { Config, RuleConfig } from '../config/config.ts'
import { policySalt, type RoutingPolicy } from './policy.ts'
import { compileRule, type Rule } from './rule.ts'

/** The rules of a config, and those of its policies. */
export interface Routing {
  readonly rules: readonly Rule[]
  readonly policies: readonly RoutingPolicy[]
}

/** Makes the rules and policies of a config ready for a view. */
export function compileRouting({ routing, policies = [] }: Pick<Config, 'routing' | 'policies'>): Routing {
  return {
    rules: compileRules(routing),
    policies: policies.map(({ id, share, routing }) => {
      return { id, share, salt: policySalt(id), rules: compileRules(routing) }
    }),
  }
}

function compileRules(rules: readonly RuleConfig[]): Rule[] {
  return rules.map((rule) => compileRule(rule, compilePattern))
}
