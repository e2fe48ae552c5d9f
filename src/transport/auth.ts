import { PortolanError } from '../errors.ts'
import { GenerationalCache } from '../internal/generational-cache.ts'
import { untilAborted } from '../internal/until-aborted.ts'
import type { Runtime } from '../runtime.ts'
import { type AddressGuard, type AddressGuardRuntime, createAddressGuard } from './address-guard.ts'
import { basicAuthorization, readRealm, requestToken, type TokenRuntime } from './bearer-token.ts'
import { type Challenge, parseChallenges } from './challenge.ts'
import type { Credentials } from './credential.ts'
import type { Layer } from './fetch.ts'
import { isTokenServiceOf } from './token-service.ts'

export interface AuthOptions {
  /** The registry's address: what is asked of other origins is sent without any `Authorization`. */
  readonly url: string
  readonly credentials: Credentials
  /** Hosts in other domains that may get the credential for a token, such as `login.example.net`. */
  readonly tokenServices?: readonly string[] | undefined
}

type AuthRuntime = Pick<Runtime, 'after'> & AddressGuardRuntime

/** Registries give a token for each repository. */
const REMEMBERED_MAX = 10_000

interface Authorization {
  readonly header: string
  /** In the runtime's time. */
  readonly until: number
}

/**
 * Answers a registry's challenge (401), Bearer rather than Basic, and asks once more. What it learned is used for later
 * requests to the same repository, and what is needed by several requests at once is fetched once.
 *
 * Rejects as {@link requestToken} does, and with `CONTENT_INVALID` when the registry names a token server that is none;
 * one that is not known to be the registry's is asked without the credential, and what it gives goes to the registry
 * alone. Credentials and tokens are in no error. A 401 that stays is handed on.
 */
export function withAuth(runtime: AuthRuntime, options: AuthOptions): Layer {
  const registry = new URL(options.url)
  const guard = createAddressGuard(runtime)
  return (next) => {
    const challenges = new GenerationalCache<string, Challenge>(REMEMBERED_MAX)
    const authorizations = new GenerationalCache<string, Authorization>(REMEMBERED_MAX)
    const underway = new Map<string, Promise<string | undefined>>()

    const create = async (challenge: Challenge, key: string): Promise<string | undefined> => {
      const fresh = await authorizationFor(challenge, { ...runtime, fetch: next }, guard, options)
      if (fresh !== undefined) authorizations.set(key, fresh)
      return fresh?.header
    }
    /** Never `refused`, which the registry has just turned down, unless that is all there is. */
    const authorize = (challenge: Challenge, refused?: string): Promise<string | undefined> => {
      const key = keyOf(challenge)
      const known = authorizations.get(key)
      if (known !== undefined && known.until > runtime.now() && known.header !== refused) {
        return Promise.resolve(known.header)
      }
      const other = underway.get(key)
      if (other !== undefined) return other
      const created = create(challenge, key).finally(() => underway.delete(key))
      underway.set(key, created)
      return created
    }

    return async (target, init) => {
      const at = new URL(target)
      if (at.origin !== registry.origin) return next(target, withAuthorization(init, undefined))
      const area = areaOf(at)
      const expected = challenges.get(area)
      const first = expected && (await untilAborted(init.signal, authorize(expected)))
      const response = await next(target, withAuthorization(init, first))
      if (response.status !== 401) return response
      const challenge = choose(parseChallenges(response.headers.get('WWW-Authenticate') ?? ''))
      if (challenge === undefined) return response
      let second: string | undefined
      try {
        second = await untilAborted(init.signal, authorize(challenge, first))
      } catch (error) {
        await response.body?.cancel()
        throw error
      }
      if (second === undefined || second === first) return response
      challenges.set(area, challenge)
      // A stream was sent already: whoever has it asks again, with what is known now.
      if (init.body instanceof ReadableStream) return response
      await response.body?.cancel()
      return next(target, withAuthorization(init, second))
    }
  }
}

async function authorizationFor(
  challenge: Challenge,
  runtime: TokenRuntime,
  guard: AddressGuard,
  { url, credentials, tokenServices }: AuthOptions,
): Promise<Authorization | undefined> {
  const registry = new URL(url)
  const credential = await credentials(registry.host)
  if (challenge.scheme === 'bearer') {
    const realm = readRealm(challenge, registry)
    await checkRealm(realm, registry, guard)
    const trusted = credential !== undefined && (await isTokenServiceOf(registry, realm, tokenServices))
    const request = { challenge, realm, registry, withheld: credential !== undefined && !trusted }
    const { token, until } = await requestToken(runtime, { ...request, ...(trusted && { credential }) })
    return { header: `Bearer ${token}`, until }
  }
  if (credential?.kind !== 'password') return undefined
  return { header: basicAuthorization(credential), until: Number.POSITIVE_INFINITY }
}

/** A registry must not have us ask what only we can reach, password or not. */
async function checkRealm(realm: URL, registry: URL, guard: AddressGuard): Promise<void> {
  const refused = await guard.refuses(registry, realm)
  if (refused === undefined) return
  const message = `${registry.host} sends us for a token ${refused}`
  throw new PortolanError('CONTENT_INVALID', message, { registry: registry.host })
}

function choose(challenges: readonly Challenge[]): Challenge | undefined {
  return (
    challenges.find(({ scheme, parameters }) => scheme === 'bearer' && parameters.has('realm')) ??
    challenges.find(({ scheme }) => scheme === 'basic')
  )
}

function keyOf({ scheme, parameters }: Challenge): string {
  if (scheme === 'basic') return scheme
  return JSON.stringify(['realm', 'service', 'scope'].map((name) => parameters.get(name)))
}

/** What one token is good for: a repository, or what stands outside of all. */
function areaOf({ pathname }: URL): string {
  return pathname.replace(/\/[^/]*\/[^/]*$/, '')
}

function withAuthorization(init: RequestInit, authorization: string | undefined): RequestInit {
  const headers = new Headers(init.headers)
  if (authorization === undefined) headers.delete('Authorization')
  else headers.set('Authorization', authorization)
  return { ...init, headers }
}
