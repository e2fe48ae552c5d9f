import { PortolanError } from '../errors.ts'
import type { Backend, Upstream } from '../routing/backend.ts'
import { reasonOf } from '../transport/reason.ts'
import type { UpstreamRests } from './upstream-rests.ts'

/** What a question to upstreams came to. */
export type Asked<T> =
  | { readonly kind: 'found'; readonly value: T; readonly upstream: Upstream }
  /** The canonical upstream says that there is none. */
  | { readonly kind: 'absent' }
  /** Nobody who could know has answered. */
  | { readonly kind: 'failed'; readonly error: PortolanError }

/**
 * Asks upstreams in their order until one has it. Only the canonical one is believed that there is none: another may lag
 * behind it, or never have had it. Never rejects.
 */
export async function askInTurn<T>(
  backends: readonly Backend[],
  rests: UpstreamRests,
  ask: (upstream: Upstream) => Promise<T | undefined>,
): Promise<Asked<T>> {
  let error: PortolanError | undefined
  for (const upstream of backends) {
    if (upstream.kind !== 'upstream') continue
    try {
      rests.check(upstream.id)
      const value = await ask(upstream)
      rests.answered(upstream.id)
      if (value !== undefined) return { kind: 'found', value, upstream }
      if (upstream.canonical) return { kind: 'absent' }
    } catch (cause) {
      rests.note(upstream.id, cause)
      error ??= asPortolanError(cause)
    }
  }
  return { kind: 'failed', error: error ?? new PortolanError('UNREACHABLE', 'there is no upstream to ask') }
}

/** The same, as one that says that nobody has answered where it is none of ours. */
export function asPortolanError(error: unknown): PortolanError {
  return error instanceof PortolanError ? error : new PortolanError('UNREACHABLE', reasonOf(error), {}, error)
}
