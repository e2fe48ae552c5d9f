import { CounterFamily, type GaugeFamily } from './family.ts'
import { gauge } from './gauge.ts'

/** How a phase of an old name stands. */
export interface LegacyReading {
  readonly phase: string
  readonly state: string
}

const STATES = ['planned', 'held', 'on', 'over', 'off', 'ended']

/** What is asked by an old name. */
export function legacyCounters() {
  return {
    legacyRequests: new CounterFamily({
      name: 'portolan_legacy_requests_total',
      help: 'Requests by an old name, by the phase that was in force for the client, what became of them, and the kind of client.',
      labels: ['name', 'phase', 'answer', 'agent'],
    }),
    legacyRepositoryRequests: new CounterFamily({
      name: 'portolan_legacy_repository_requests_total',
      help: 'Requests by an old name, by the repository, of those that its list names.',
      labels: ['name', 'repository'],
    }),
  }
}

/** How the phases of an old name stand. */
export function legacyGauges({ legacy }: { legacy?(): Iterable<LegacyReading> }): readonly GaugeFamily[] {
  return [
    gauge(
      'portolan_legacy_phase',
      'How a phase of an old name stands: 1 for the state that it is in, 0 for the others.',
      ['phase', 'state'],
      function* () {
        for (const { phase, state } of legacy?.() ?? []) {
          for (const each of STATES) yield [[phase, each], Number(each === state)]
        }
      },
    ),
  ]
}
