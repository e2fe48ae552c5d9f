import { explainErrors, type NamedCause } from '../doctor/errors/explain.ts'
import type { PullFailure } from '../migrate/cluster/pull-failures.ts'

/** What pods cannot pull, and why, by what was said. */
export interface ExplainedPullFailure extends PullFailure {
  /** As `doctor --error --json` has them: the likeliest first, none where nothing of what was said is known. */
  readonly causes: readonly NamedCause[]
}

/** Adds to what pods cannot pull what the message about it means. */
export function explainPullFailure(failure: PullFailure): ExplainedPullFailure {
  const { image = '', reason, message } = failure
  const said = message === undefined ? reason : `Failed to pull image "${image}": ${message}`
  return { ...failure, causes: explainErrors(said).causes }
}
