import { GenerationalCache } from '../internal/generational-cache.ts'
import { untilAborted } from '../internal/until-aborted.ts'
import { type Challenge, parseChallenges } from './challenge.ts'
import type { Layer } from './fetch.ts'
import { type LoginOptions, type LoginRuntime, RegistryLogin } from './registry-login.ts'

/** Registries challenge for each repository. */
const REMEMBERED_MAX = 10_000

/**
 * Answers a registry's challenge (401), Bearer rather than Basic, and asks once more. What it learned is used for later
 * requests to the same repository; a token is fetched anew before it ends, and once for all who need it.
 *
 * Rejects as {@link RegistryLogin} does, and with `CONTENT_INVALID` when the registry names a token server that is none;
 * one that is not known to be the registry's is asked without the credential, and what it gives goes to the registry
 * alone. Credentials and tokens are in no error. A 401 that stays is handed on.
 */
export function withAuth(runtime: LoginRuntime, options: LoginOptions): Layer {
  const registry = new URL(options.url)
  return (next) => {
    const challenges = new GenerationalCache<string, Challenge>(REMEMBERED_MAX)
    const login = new RegistryLogin(runtime, next, options)

    return async (target, init) => {
      const at = new URL(target)
      if (at.origin !== registry.origin) return next(target, withAuthorization(init, undefined))
      const area = areaOf(at)
      const expected = challenges.get(area)
      const first = expected && (await untilAborted(init.signal, login.authorize(expected, area)))
      const response = await next(target, withAuthorization(init, first))
      const challenge = challengeOf(response, first === undefined ? undefined : expected)
      if (challenge === undefined) {
        if (expected && first !== undefined) login.noteAnswer(expected, area, true)
        return response
      }
      let second: string | undefined
      try {
        second = await untilAborted(init.signal, login.authorize(challenge, area, first))
      } catch (error) {
        await response.body?.cancel()
        throw error
      }
      if (second === undefined || second === first) {
        if (second !== undefined && response.status === 401) login.noteAnswer(challenge, area, false)
        return response
      }
      challenges.set(area, challenge)
      // A stream was sent already: whoever has it asks again, with what is known now.
      if (init.body instanceof ReadableStream) return response
      await response.body?.cancel()
      const answer = await next(target, withAuthorization(init, second))
      login.noteAnswer(challenge, area, answer.status !== 401)
      return answer
    }
  }
}

/** What a response asks for; `shown` is what the request has answered already. */
function challengeOf({ status, headers }: Response, shown: Challenge | undefined): Challenge | undefined {
  // Amazon ECR says 403 of a password that has expired, and gives no challenge with it.
  if (status === 403 && shown?.scheme === 'basic') return shown
  return status === 401 ? choose(parseChallenges(headers.get('WWW-Authenticate') ?? '')) : undefined
}

function choose(challenges: readonly Challenge[]): Challenge | undefined {
  return (
    challenges.find(({ scheme, parameters }) => scheme === 'bearer' && parameters.has('realm')) ??
    challenges.find(({ scheme }) => scheme === 'basic')
  )
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
