import type { ExplainedRequest } from './pull-source.ts'

/** One request of a pull: why it goes where it goes, and what it gets there. */
export interface PullStep<Explained extends ExplainedRequest> {
  /** Such as `tag 1.0` or `layer of linux/amd64`. */
  readonly what: string
  readonly explanation: Explained
  /** What the place that the client is sent to answered to this machine. */
  readonly answer: PullAnswer
}

export interface PullAnswer {
  /** How it was tried from this machine: `GET`, or `GET bytes=0-1023`; absent when it was not. */
  readonly tried?: string
  /** Absent when nothing answered. */
  readonly status?: number
  /** Whether the pull goes on; a missing signature does not stop it. */
  readonly works: boolean
  readonly note?: string
}

/** Steps of which a 404 says that there is nothing, and no more. */
export async function* optionalSteps<Explained extends ExplainedRequest, Got>(
  absent: string,
  steps: AsyncGenerator<PullStep<Explained>, Got>,
): AsyncGenerator<PullStep<Explained>, Got> {
  for (;;) {
    const next = await steps.next()
    if (next.done) return next.value
    yield { ...next.value, answer: forgiven(next.value.answer, absent) }
  }
}

/** The same answer, were it no fault that there is nothing. */
export function forgiven(answer: PullAnswer, absent: string): PullAnswer {
  return answer.status === 404 ? { ...answer, works: true, note: absent } : answer
}
