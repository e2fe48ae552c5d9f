import { PortolanError } from '../../errors.ts'
import { certificateAdvice } from '../../transport/certificate-advice.ts'
import { TimeoutError } from '../../transport/timeout.ts'
import { PAGE_ADVICE } from './advice.ts'
import { explanationOf } from './explanation.ts'

/** What a driver was about to do with a key. */
export type Action = 'look up' | 'read' | 'write' | 'list' | 'delete'

/** What a service's own error says, taken apart by its driver. */
export interface Failure {
  /** Of the answer; absent when there was none. */
  readonly status?: number | undefined
  /** The service's word for it, such as `NoSuchBucket`. */
  readonly reason?: string | undefined
  /** The service's own explanation. */
  readonly explanation?: string | undefined
  /** What the operator can do about it. */
  readonly advice?: string | undefined
  /** Whether it may be otherwise in a moment, whatever the status. */
  readonly passing?: boolean | undefined
  /** Whether it answers with a page for people. */
  readonly page?: boolean | undefined
}

/**
 * Turns a failed request into a PortolanError that names the store, the key, the reason and what to do.
 *
 * The service's own error does not come along as its cause: the SDKs keep requests in them, with signatures in headers
 * and addresses.
 */
export function storeError(
  location: string,
  action: Action,
  key: string,
  error: unknown,
  failure: Failure,
): PortolanError {
  const { status, reason, page = false } = failure
  const advice = page ? PAGE_ADVICE : failure.advice
  if (error instanceof PortolanError) return error
  const what = `cannot ${action} ${JSON.stringify(key)}`
  const facts = { location, key, ...(status !== undefined && { status }), ...(reason && { reason }) }
  const system = systemReason(error)
  if (status === undefined && system !== undefined) {
    const help = certificateAdvice(system)
    return new PortolanError(
      'UNREACHABLE',
      `${location} does not answer: ${what}: ${system}${help === undefined ? '' : `; ${help}`}`,
      facts,
    )
  }
  const explanation = page ? undefined : explanationOf(failure.explanation)
  const said = [wordOf(reason), status, explanation && JSON.stringify(explanation)]
    .filter((part) => part !== undefined)
    .join(', ')
  const help = advice === undefined ? '' : `; ${advice}`
  if (status === undefined ? reason === undefined : status < 300) {
    const why = error instanceof Error ? error.name : typeof error
    return new PortolanError(
      'CONTENT_INVALID',
      `${location} gave an answer that cannot be read: ${what}: ${said || why}${help}`,
      facts,
    )
  }
  return failure.passing || isPassing(status)
    ? new PortolanError('UNREACHABLE', `${location} gives no usable answer: ${what}: ${said}${help}`, facts)
    : new PortolanError('STORE_REFUSED', `${location} refuses: ${what}: ${said}${help}`, facts)
}

/** 501 and 507 say that it will be the same the next time. */
function isPassing(status: number | undefined): boolean {
  if (status === undefined || status === 501 || status === 507) return false
  return status === 408 || status === 429 || status >= 500
}

/** `CONTENT_INVALID`: the store answered, but what it says cannot be right. */
export function untrue(location: string, key: string, what: string): PortolanError {
  return new PortolanError(
    'CONTENT_INVALID',
    `${location} cannot be right about ${JSON.stringify(key)}: ${what}`,
    {
      location,
      key,
    },
  )
}

/** The status that a {@link storeError} was made of. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof PortolanError ? (error.facts.status as number | undefined) : undefined
}

/** The reason that a {@link storeError} was made of. */
export function serviceReasonOf(error: unknown): string | undefined {
  return error instanceof PortolanError ? (error.facts.reason as string | undefined) : undefined
}

/** Why there was no answer, as the system puts it (`ECONNREFUSED`); SDKs and `fetch` hide it at different depths. */
function systemReason(error: unknown): string | undefined {
  for (let depth = 0, at = error; depth < 5 && at instanceof Error; depth++, at = at.cause) {
    if (at instanceof TimeoutError) return at.message
    const { code } = at as { code?: unknown }
    if (typeof code === 'string' && /^[A-Za-z]\w{2,60}$/.test(code)) return code
    if (at.name === 'TimeoutError') return 'no answer in time'
  }
  // What it refuses to try has no code.
  return error instanceof TypeError && error.message === 'fetch failed' ? error.message : undefined
}

/** A service's word goes into messages, so that it has to be one. */
function wordOf(reason: string | undefined): string | undefined {
  return reason !== undefined && /^[\w.-]{1,80}$/.test(reason) ? reason : undefined
}
