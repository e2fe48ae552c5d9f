import type { Remark } from '../../config/fault.ts'
import { lackOf, stateOf } from '../../routing/legacy/schedule.ts'
import type { LegacyPlan } from './legacy-plan.ts'

/** Where the plan for an old name cannot go on as it says, at a moment in milliseconds since 1970. */
export function remarksOnLegacy({ config, list, off, record, closed }: LegacyPlan, now: number): Remark[] {
  const proof = list?.value.proof
  if (proof === undefined) return []
  const lacking = lackOf(proof)
  if (lacking !== undefined) {
    const message = `lets no phase but announce begin: ${lacking}`
    return [{ path: ['legacy', 'list'], message }]
  }
  const standing = {
    proof,
    closed: closed(now),
    off: off?.value ?? new Set<string>(),
    begun: record.begun,
    ended: record.ended,
  }
  return config.phases.flatMap((phase, index) => {
    const state = stateOf(phase, now, standing, config.maxAge)
    if (state.state !== 'held') return []
    return [{ path: ['legacy', 'phases', index], message: `is held back: ${state.why}` }]
  })
}
