import { within } from '../internal/within.ts'
import type { Presence } from '../routing/decide.ts'
import type { Inquiry } from '../routing/route.ts'
import type { Runtime } from '../runtime.ts'
import type { Policy } from './in-force.ts'

/** Begins an inquiry of the backends in force; all its questions together take no longer than `presence.timeout`. */
export function beginInquiry(policy: () => Policy, runtime: Pick<Runtime, 'now' | 'after'>): Inquiry {
  const ends = runtime.now() + policy().config.presence.timeout
  return {
    ask(backend, request) {
      const presence = policy().backends.has(backend, request)
      if (typeof presence === 'string') return presence
      return within<Presence>(runtime, ends - runtime.now(), presence, 'unknown')
    },
    get isOver() {
      return runtime.now() >= ends
    },
  }
}
