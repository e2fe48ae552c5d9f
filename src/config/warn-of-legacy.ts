import type { Config } from './config.ts'
import type { Remark } from './fault.ts'

/** Says where the plan for an old name takes people by surprise, or forgets. */
export function* warnOfLegacy({ legacy }: Config): Iterable<Remark> {
  if (legacy === undefined) return
  const { phases, record } = legacy
  if (record === undefined && phases.some(({ phase }) => phase !== 'announce')) {
    const message =
      'has no record: a phase that has ended by itself begins anew when the door is restarted, and a start takes any schedule'
    yield { path: ['legacy'], message }
  }
  const isTold = phases.some(({ phase }) => phase === 'warn' || phase === 'brownout')
  const end = phases.findIndex(({ phase }) => phase === 'refuse')
  if (end >= 0 && !isTold) {
    const message = 'ends pulls that neither a warning nor a brownout has told of before'
    yield { path: ['legacy', 'phases', end], message }
  }
}
