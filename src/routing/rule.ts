import type { Place } from '../clouds/place.ts'
import { conditionsHold } from '../config/condition.ts'
import type { RuleConfig } from '../config/config.ts'
import type { Backend } from './backend.ts'

/** A routing rule, ready to be asked. */
export interface Rule {
  readonly when: RuleConfig['when']
  readonly prefer: readonly Selector[]
  /** Kilometres beyond which a backend does not count as near; `undefined` for the default. */
  readonly within: number | undefined
}

/** One entry of `prefer`, with its text for explanations. */
export interface Selector {
  readonly text: string
  /** Whether it stands for all of a kind, and not for one backend that the operator named. */
  readonly isGroup: boolean
  readonly selects: (backend: Backend) => boolean
}

export function compileRule({ when, prefer, within }: RuleConfig): Rule {
  return { when, prefer: prefer.map(compileSelector), within }
}

/** `stores`, `upstreams`, `stores@CLOUD`, `upstreams@CLOUD`, or the id of a backend. */
export function compileSelector(text: string): Selector {
  const match = /^(stores|upstreams)(?:@(.+))?$/.exec(text)
  if (match === null) return { text, isGroup: false, selects: (backend) => backend.id === text }
  const kind = match[1] === 'stores' ? 'store' : 'upstream'
  const cloud = match[2]
  return {
    text,
    isGroup: true,
    selects: (backend) => backend.kind === kind && (cloud === undefined || backend.place.cloud === cloud),
  }
}

/** Whether all conditions of a rule hold for a client. */
export function ruleApplies({ when }: Rule, client: Place | undefined): boolean {
  return conditionsHold(when, client)
}
