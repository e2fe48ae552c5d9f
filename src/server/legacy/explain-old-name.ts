import type { Decision } from '../../routing/decide.ts'
import type { ExplainedDecision, ExplainFacts } from '../../routing/explanation.ts'
import type { DecidedByOldName } from './old-name.ts'

/** How an old name treats a request, for an explanation; `decision` is that of the name of today. */
export function explainOldName(
  { legacy, phase, draw, treatment }: DecidedByOldName,
  decision: Decision,
): NonNullable<ExplainFacts['oldName']> {
  const own = ownDecision(treatment, decision)
  return {
    explained: {
      name: legacy.host,
      ...(phase && { phase: { id: phase.id, kind: phase.phase } }),
      ...(draw !== undefined && { draw }),
      treatment: treatment.kind,
    },
    ...(own && { decision: own }),
  }
}

/** Of what an old name answers by itself; `undefined` where clients are answered as under the name of today. */
function ownDecision(
  treatment: DecidedByOldName['treatment'],
  decision: Decision,
): ExplainedDecision | undefined {
  const reason = 'old-name'
  switch (treatment.kind) {
    case 'pass':
      return undefined
    case 'serve': {
      const backend = decision.kind === 'refuse' ? undefined : decision.backend?.id
      return { kind: 'answer', reason, ...(backend !== undefined && { backend }) }
    }
    case 'tags':
      return { kind: 'answer', reason }
    case 'redirect':
      return { kind: 'redirect', reason, location: treatment.location }
    case 'unknown':
    case 'refuse':
      return { kind: 'refuse', reason, message: treatment.fault.message }
  }
}
