import { PortolanError } from '../errors.ts'
import type { Runtime } from '../runtime.ts'
import type { Challenge } from './challenge.ts'
import type { Credential } from './credential.ts'
import { readBody } from './read-body.ts'
import { reasonOf } from './reason.ts'

/** What a token server gave. Times are the runtime's. */
export interface BearerToken {
  readonly token: string
  /** From when on another one should be fetched. */
  readonly renewAt: number
  readonly until: number
}

/** The part of a runtime that asks for a token; its `fetch` has the layers of the registry's around it. */
export type TokenRuntime = Pick<Runtime, 'fetch' | 'now' | 'after'>

/** How long it may take altogether, retries included, in milliseconds. */
const TIMEOUT = 120_000
const ANSWER_MAX_BYTES = 1024 * 1024
/** Docker's token protocol ("Token Response Fields"): what holds when `expires_in` is left out, in seconds. */
const LIFETIME = 60
/** Early enough that nobody has to wait for the next one. */
const RENEWAL_SHARE = 0.8
/** It has to last until the request arrives. */
const USABLE_SHARE = 0.9
/** Everything that may stand in a header after `Bearer` (RFC 6750, 2.1, and a little more). */
const TOKEN = /^[\x21-\x7e]+$/

/** What a token is asked for with. */
export interface TokenRequest {
  readonly challenge: Challenge
  /** Where, as {@link readRealm} gave it. */
  readonly realm: URL
  /** Who asks for the token. */
  readonly registry: URL
  /** Absent to ask anonymously. */
  readonly credential?: Credential | undefined
  /** There is a credential, and this server is not one to see it. */
  readonly withheld: boolean
}

/**
 * Gets a token for a Bearer challenge by Docker's token protocol: GET, with the password if there is one; with an
 * identity token, POST as OAuth 2.0 has it. Follows no redirect, since the credential goes along.
 *
 * Throws `ACCESS_DENIED` when the token server refuses, `UNREACHABLE` when it gives no answer, `CONTENT_INVALID` when
 * the answer is no token. After an answer, `facts.status` is its status and `facts.retryAfter` its `Retry-After`.
 */
export async function requestToken(
  { fetch, now, after }: TokenRuntime,
  { challenge, realm, registry, credential, withheld }: TokenRequest,
): Promise<BearerToken> {
  const place = realm.origin + realm.pathname
  let facts: Readonly<Record<string, unknown>> = { realm: place }
  const fail = (code: 'ACCESS_DENIED' | 'UNREACHABLE' | 'CONTENT_INVALID', what: string, cause?: unknown) =>
    new PortolanError(code, `the token server ${place} of ${registry.host} ${what}`, facts, cause)

  const abort = new AbortController()
  const late = () => abort.abort(new Error(`no complete answer within ${TIMEOUT / 1000} s`))
  const callOff = after(TIMEOUT, late)
  try {
    const asked = now()
    const [url, init] = tokenRequest(realm, challenge, credential)
    const response = await fetch(url, { ...init, redirect: 'manual', signal: abort.signal })
    const { status } = response
    if (status !== 200) {
      await response.body?.cancel()
      const retryAfter = response.headers.get('Retry-After')
      facts = { ...facts, status, ...(retryAfter !== null && { retryAfter }) }
      if (status < 400 || status > 403) throw fail('UNREACHABLE', `answered ${status}; try again later`)
      const remedy = withheld ? withheldRemedy(realm, registry) : remedyFor(credential, registry)
      throw fail('ACCESS_DENIED', `answered ${status}; ${remedy}`)
    }
    const body = await readBody(response, ANSWER_MAX_BYTES)
    const answer = body === undefined ? undefined : readAnswer(body)
    if (answer === undefined) throw fail('CONTENT_INVALID', 'answered 200 without a token')
    const lifetime = answer.lifetime * 1000
    return {
      token: answer.token,
      renewAt: asked + lifetime * RENEWAL_SHARE,
      until: asked + lifetime * USABLE_SHARE,
    }
  } catch (error) {
    if (error instanceof PortolanError) throw error
    throw fail('UNREACHABLE', `gives no answer: ${reasonOf(error)}`, error)
  } finally {
    callOff()
  }
}

function remedyFor(credential: Credential | undefined, { host }: URL): string {
  if (credential === undefined) return `there is no credential for ${host}: log in to it`
  return `the credential for ${host} is wrong, has expired, or may not pull this`
}

function withheldRemedy(realm: URL, { host }: URL): string {
  return `the credential for ${host} was not given to it, since it is in another domain: if it is right, name ${realm.hostname} in tokenServices of the upstream`
}

/**
 * The address of the token server that a challenge names. Throws `CONTENT_INVALID`; a plain-text one would show the
 * credential to the whole network, unless the registry is plain text itself.
 */
export function readRealm({ parameters }: Challenge, registry: URL): URL {
  const realm = URL.parse(parameters.get('realm') ?? '')
  const safe = realm?.protocol === 'https:' || (realm?.protocol === 'http:' && registry.protocol === 'http:')
  if (realm !== null && safe && realm.username === '' && realm.password === '') return realm
  const shown = realm === null ? 'no address' : `at ${realm.protocol}//${realm.host}${realm.pathname}`
  throw new PortolanError(
    'CONTENT_INVALID',
    `${registry.host} asks for a token from a server ${shown}; expected an https address without user name and password`,
    { registry: registry.host },
  )
}

function tokenRequest(
  realm: URL,
  { parameters }: Challenge,
  credential: Credential | undefined,
): [url: string, init: RequestInit] {
  const service = parameters.get('service')
  const scope = parameters.get('scope')
  if (credential?.kind === 'identityToken') {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: 'portolan',
      refresh_token: credential.token,
      ...(service !== undefined && { service }),
      ...(scope !== undefined && { scope }),
    })
    return [realm.href, { method: 'POST', body: form }]
  }
  const url = new URL(realm)
  if (service !== undefined) url.searchParams.set('service', service)
  // Docker's token protocol, "Requesting a Token": several scopes are several parameters.
  for (const one of scope?.split(' ') ?? []) if (one !== '') url.searchParams.append('scope', one)
  const headers = credential === undefined ? {} : { Authorization: basicAuthorization(credential) }
  return [url.href, { headers }]
}

/** RFC 7617, with its `charset="UTF-8"`. */
export function basicAuthorization({
  username,
  password,
}: {
  readonly username: string
  readonly password: string
}): string {
  const bytes = new TextEncoder().encode(`${username}:${password}`)
  return `Basic ${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))}`
}

function readAnswer(body: Uint8Array): { token: string; lifetime: number } | undefined {
  try {
    const answer = JSON.parse(new TextDecoder().decode(body)) as Readonly<Record<string, unknown>> | null
    // OAuth 2.0 says `access_token`, Docker's older protocol `token`; some send both.
    const token = answer?.token || answer?.access_token
    if (typeof token !== 'string' || !TOKEN.test(token)) return undefined
    const seconds = answer?.expires_in
    const lifetime = typeof seconds === 'number' && seconds > 0 ? seconds : LIFETIME
    return { token, lifetime }
  } catch {
    return undefined
  }
}
