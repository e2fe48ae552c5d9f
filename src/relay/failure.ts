import { PortolanError } from '../errors.ts'

/** What went wrong when an upstream was asked: a closed set, fit for a metric label. */
export type FailureKind = 'unreachable' | 'limited' | 'broken' | 'refused' | 'wrong'

export interface Failure {
  /** No answer; 429; another status that says nothing of the content; 401 or 403; an answer that cannot be. */
  readonly kind: FailureKind
  /** `Retry-After` as it was sent; absent where it was not. */
  readonly retryAfter?: string
}

/** Reads from an error of a registry what kind of failure it is. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof PortolanError)) return { kind: 'unreachable' }
  const { status, retryAfter } = error.facts
  const asked = typeof retryAfter === 'string' ? { retryAfter } : {}
  if (error.code === 'ACCESS_DENIED') return { kind: 'refused', ...asked }
  if (error.code === 'CONTENT_INVALID') return { kind: 'wrong' }
  if (status === 429) return { kind: 'limited', ...asked }
  return { kind: typeof status === 'number' ? 'broken' : 'unreachable', ...asked }
}
