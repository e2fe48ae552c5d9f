import { tailOf } from '../../backends/retries/attempt.ts'
import type { RetryDetector } from '../../backends/retries/detector.ts'
import type { OciRequest } from '../../oci/path.ts'
import { rangeOf } from '../notice-retries.ts'
import type { Asking } from './asking.ts'

/** Whether a client came back for a blob that it was sent elsewhere for: there it did not get it. */
export function cameBack(
  request: OciRequest,
  { sender, parsed: { method }, client: { address } }: Asking,
  phase: string,
  detector: RetryDetector,
): boolean {
  if (request.kind !== 'blob' || method !== 'GET' || address === undefined) return false
  const { name, digest } = request
  const { reason } = detector.note({
    address,
    // What it would be of a store, it is of a phase.
    store: `phase ${phase}`,
    repository: tailOf(name),
    digest,
    ...rangeOf(sender.header('range')),
  })
  return FAILING.has(reason)
}

/** The third try of what should have worked at the first; see docs/retries.md. */
const FAILING: ReadonlySet<string> = new Set([
  ...['blob-again', 'pull-again', 'crowd-again', 'moved-in-vain', 'paused', 'budget'],
])
