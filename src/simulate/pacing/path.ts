import type { Decision } from '../../routing/decide.ts'
import { type DrawKey, drawn, pullKey } from '../../routing/draw.ts'
import { paceOf } from '../../routing/pace.ts'
import type { TriedPolicy, TriedRequest } from '../tried-policy.ts'

/** Paces are multiples of 1/DRAWS, so that draws need be told no finer. */
export const DRAWS = 1000

/** A sponsor's backend, and what the request drew for that sponsor: below its pace, of {@link DRAWS}, it goes there. */
export interface PathStep {
  readonly backend: string
  readonly draw: number
}

/** Where a request goes, whatever the paces are: to the first step that lets it in, else to the end. */
export interface Path {
  readonly steps: readonly PathStep[]
  /** Id of a backend; absent where the door itself answers. */
  readonly end?: string
}

/** The path of a request of which `first` is the decision with all paces open; `undefined` where no sponsor is on it. */
export function pathOf(policy: TriedPolicy, tried: TriedRequest, first: Decision): Path | undefined {
  if (!policy.isSponsored || !('name' in tried.request)) return undefined
  const key = pullKey(tried.client.address, tried.request.name)
  const closed: string[] = []
  const steps: PathStep[] = []
  for (let decision = first; ; decision = policy.decide(tried, policy.without(closed))) {
    const backend = decision.kind === 'redirect' ? decision.backend : undefined
    const sponsor = backend && policy.payerOf(backend)
    // One that comes again after it was closed is where those go who could go nowhere else.
    if (backend === undefined || sponsor === undefined || closed.includes(sponsor)) {
      const isSponsored = steps.length > 0 || sponsor !== undefined
      return isSponsored ? { steps, ...(backend && { end: backend.id }) } : undefined
    }
    closed.push(sponsor)
    steps.push({ backend: backend.id, draw: drawOf(sponsor, key) })
  }
}

function drawOf(sponsor: string, key: DrawKey): number {
  return Math.floor(drawn(key, paceOf(sponsor, 1).salt) * DRAWS)
}
