import type { OciRequest } from '../oci/path.ts'
import type { Backend } from '../routing/backend.ts'
import { type Ask, type Decision, decide, type RequestFacts, type Verdict } from '../routing/decide.ts'
import type { View } from '../routing/view.ts'
import type { Clock } from '../runtime.ts'

export interface AskParts {
  readonly has: (backend: Backend, request: OciRequest) => Verdict | Promise<Verdict>
  readonly clock: Clock
  /** How long all backends together may take, in milliseconds. */
  readonly patience: number
}

/** How many backends may be asked for one request; the next request goes on from what these have said. */
const MAX_ASKED = 3

/** Asks one backend after the other, until the decision stands or the client has waited long enough. */
export async function ask(
  first: Ask,
  facts: RequestFacts,
  view: View,
  { has, clock, patience }: AskParts,
): Promise<Decision> {
  const { request } = facts
  const verdicts = new Map<Backend, Verdict>()
  const presence = (backend: Backend) => verdicts.get(backend) ?? facts.presence(backend, request)
  const patienceEnds = clock.now() + patience
  let next: Decision | Ask = first
  while (next.kind === 'ask') {
    const answer = has(next.backend, request)
    verdicts.set(next.backend, await within(patienceEnds - clock.now(), answer, clock))
    const mayAsk = verdicts.size < MAX_ASKED && clock.now() < patienceEnds
    next = decide({ ...facts, presence, mayAsk }, view)
  }
  return next
}

/** An answer, or `unknown` when it is not there after `milliseconds`. */
export async function within(
  milliseconds: number,
  answer: Verdict | Promise<Verdict>,
  clock: Clock,
): Promise<Verdict> {
  if (typeof answer === 'string') return answer
  return new Promise((resolve) => {
    const callOff = clock.after(milliseconds, () => resolve('unknown'))
    answer.then((verdict) => {
      callOff()
      resolve(verdict)
    })
  })
}
