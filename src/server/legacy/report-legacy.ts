import type { LegacyReading } from '../../telemetry/legacy-metrics.ts'
import type { LegacyBook } from './legacy-book.ts'

/** What is planned for an old name and how it stands, as the admin service tells it; `undefined` where there is none. */
export function reportLegacy({
  inForce,
  states,
}: Pick<LegacyBook, 'inForce' | 'states'>): object | undefined {
  if (inForce === undefined) return undefined
  const { config, record } = inForce.plan
  const { proof } = inForce.standing
  return {
    host: config.host,
    names: config.names,
    successor: config.successor.host,
    frozen: config.frozen,
    list:
      proof.kind === 'none'
        ? { status: 'none', why: proof.why }
        : {
            status: proof.lacking + proof.unknown === 0 ? 'complete' : 'incomplete',
            checked: new Date(proof.at).toISOString(),
            lacking: proof.lacking,
            unknown: proof.unknown,
          },
    phases: states.map(({ phase: { id, phase, from, until, share, when, answer }, state }) => {
      const fate = record.fateOf(id)
      return {
        id,
        phase,
        from: new Date(from).toISOString(),
        ...(until !== undefined && { until: new Date(until).toISOString() }),
        cohort: { share, when },
        ...(phase === 'brownout' && { answer }),
        ...state,
        ...(fate && { began: new Date(fate.began).toISOString() }),
        ...(fate?.ended && { ended: { at: new Date(fate.ended.at).toISOString(), why: fate.ended.why } }),
      }
    }),
  }
}

/** The same for the metrics. */
export function* readPhases({ states }: Pick<LegacyBook, 'states'>): Iterable<LegacyReading> {
  for (const { phase, state } of states) yield { phase: phase.id, state: state.state }
}
