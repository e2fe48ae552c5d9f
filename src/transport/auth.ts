import { GenerationalCache } from '../internal/generational-cache.ts'
import { untilAborted } from '../internal/until-aborted.ts'
import type { Runtime } from '../runtime.ts'
import { basicAuthorization, requestToken, type TokenRuntime } from './bearer-token.ts'
import { type Challenge, parseChallenges } from './challenge.ts'
import type { Credentials } from './credential.ts'
import type { Layer } from './fetch.ts'

export interface AuthOptions {
  /** The registry's address: what is asked of other origins is sent without any `Authorization`. */
  readonly url: string
  readonly credentials: Credentials
}

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
 * Rejects as {@link requestToken} does; credentials and tokens are in no error. A 401 that stays is handed on.
 */
export function withAuth(runtime: Pick<Runtime, 'now' | 'after'>, { url, credentials }: AuthOptions): Layer {
  const registry = new URL(url)
  return (next) => {
    const challenges = new GenerationalCache<string, Challenge>(REMEMBERED_MAX)
    const authorizations = new GenerationalCache<string, Authorization>(REMEMBERED_MAX)
    const underway = new Map<string, Promise<string | undefined>>()

    const create = async (challenge: Challenge, key: string): Promise<string | undefined> => {
      const fresh = await authorizationFor(challenge, { ...runtime, fetch: next }, { registry, credentials })
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
      await response.body?.cancel()
      challenges.set(area, challenge)
      return next(target, withAuthorization(init, second))
    }
  }
}

async function authorizationFor(
  challenge: Challenge,
  runtime: TokenRuntime,
  { registry, credentials }: { readonly registry: URL; readonly credentials: Credentials },
): Promise<Authorization | undefined> {
  const credential = await credentials(registry.host)
  if (challenge.scheme === 'bearer') {
    const { token, until } = await requestToken(runtime, challenge, credential, registry)
    return { header: `Bearer ${token}`, until }
  }
  if (credential?.kind !== 'password') return undefined
  return { header: basicAuthorization(credential), until: Number.POSITIVE_INFINITY }
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
