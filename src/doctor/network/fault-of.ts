import { PortolanError } from '../../errors.ts'
import { TimeoutError } from '../../transport/timeout.ts'
import type { CauseId } from '../errors/causes.ts'
import { type AnswerFacts, type Exchange, type Fault, PullFault } from './facts.ts'

/** By what systems, OpenSSL and the parser of HTTP call what went wrong. */
const CODES: Readonly<Record<string, CauseId>> = {
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EAI_FAIL: 'dns',
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ETIMEDOUT: 'timeout',
  ENETUNREACH: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  EACCES: 'unreachable',
  EPERM: 'unreachable',
  CERT_HAS_EXPIRED: 'tls-expired',
  CERT_NOT_YET_VALID: 'clock',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls-name-mismatch',
  ERR_SSL_WRONG_VERSION_NUMBER: 'plain-http',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'plain-http',
  ERR_SSL_HTTP_REQUEST: 'plain-http',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'tls-client-certificate',
}

/** What the system's error means; a TLS that cannot be agreed on has many codes, and what is no HTTP too. */
export function faultOf(error: unknown): Fault {
  if (error instanceof PullFault) return error.fault
  if (error instanceof TimeoutError) return { cause: 'timeout', detail: error.message }
  const { code = '', message = String(error), cause } = error as NodeJS.ErrnoException
  if (cause instanceof Error) return faultOf(cause)
  const known = Object.hasOwn(CODES, code) ? CODES[code] : undefined
  const isTls = /^(?:ERR_SSL_|ERR_TLS_|EPROTO$)/.test(code)
  return { cause: known ?? (isTls ? 'tls-handshake' : 'not-http'), detail: message }
}

/** What is wrong with a certificate, by the name that OpenSSL has for it. */
export function certificateFault(fault: string): CauseId {
  return Object.hasOwn(CODES, fault) ? CODES[fault]! : 'tls-unknown-authority'
}

/** What an answer that is no success means in a pull; `what` is what the pull wanted, wherever that is. */
export function answerFault({ status, type, retryAfter, server, via }: AnswerFacts, what: string): Fault {
  const by = [server && `Server: ${server}`, via && `Via: ${via}`, retryAfter && `Retry-After: ${retryAfter}`]
  const detail = [`answered ${status}`, type ?? '', ...by].filter(Boolean).join(', ')
  return { cause: causeOfStatus(status, type, what), detail }
}

function causeOfStatus(status: number, type: string | undefined, what: string): CauseId {
  if (status === 407) return 'proxy-auth'
  if (status === 429) return 'rate-limited'
  if (status === 451) return 'blocked-by-law'
  if (status >= 500) return 'server-error'
  // A registry speaks JSON, and its stores XML: a page comes from something that stands in between.
  if (isPage(type)) return 'html-instead-of-json'
  if (status === 401) return 'unauthorized'
  if (status === 404 || status === 410) return isBlob(what) ? 'blob-unknown' : 'manifest-unknown'
  return 'forbidden'
}

/** Whether a pull wanted a blob; the address of where blobs are says nothing of it. */
export function isBlob(what: string): boolean {
  return what.startsWith('blob ')
}

/** Whether a type is that of pages for people. */
export function isPage(type: string | undefined): boolean {
  return type === 'text/html' || type === 'application/xhtml+xml'
}

/** What stands in the way of an answer that came: where it leads, or what it asks for. */
export function layerFault(error: unknown, { answer, what }: Pick<Exchange, 'answer' | 'what'>): Fault {
  const { message } = error as Error
  if (/^a redirect that leads back|^more than \d+ redirects/.test(message))
    return { cause: 'redirect-loop', detail: message }
  if (message.startsWith('a redirect')) return { cause: 'redirect-refused', detail: message }
  if (error instanceof PortolanError && error.code === 'CONTENT_INVALID')
    return { cause: 'bad-challenge', detail: message }
  return answer !== undefined && answer.status >= 400 ? answerFault(answer, what) : faultOf(error)
}

/** What the answer of a proxy to CONNECT means. */
export function tunnelFault(status: number): Fault {
  const cause = status === 407 ? 'proxy-auth' : status >= 500 ? 'proxy-failed' : 'proxy-denied'
  return { cause, detail: `the proxy answered ${status}` }
}
