import { PortolanError } from '../errors.ts'
import { GenerationalCache } from '../internal/generational-cache.ts'
import type { Runtime } from '../runtime.ts'
import { type Credential, sameCredential } from './credential.ts'
import { readRetryAfter } from './retry-after.ts'

/** Whoever logs in wrongly again and again is locked out by many services, and asked about by none. In milliseconds. */
const FIRST = 60_000
const LONGEST = 600_000
const REMEMBERED_MAX = 10_000
/** Some services say 401 for a repository, too: only several in a row say that the login itself is no good any more. */
const STRIKES = 3

interface Refusal {
  readonly error: PortolanError
  readonly credential: Credential | undefined
  readonly failures: number
  /** In the runtime's time. */
  readonly until: number
}

/** Which logins were refused by a token server or a registry, so that neither is shown them again at once. */
export class Refusals {
  readonly #runtime: Pick<Runtime, 'now' | 'date'>
  readonly #known = new GenerationalCache<string, Refusal>(REMEMBERED_MAX)
  /** The last login that was taken. */
  #good: Credential | undefined
  /** How many were refused since. */
  #strikes = 0

  constructor(runtime: Pick<Runtime, 'now' | 'date'>) {
    this.#runtime = runtime
  }

  /** Throws what was thrown before, as long as it is too early to ask for `key` at `realm` with this credential again. */
  check(realm: string, key: string, credential: Credential | undefined): void {
    const refusal = this.#find(realm, key, credential)
    if (refusal !== undefined) throw refusal.error
  }

  /** Whether it is too early, for those who can do without. */
  isRefused(realm: string, key: string, credential: Credential | undefined): boolean {
    return this.#find(realm, key, credential) !== undefined
  }

  #find(realm: string, key: string, credential: Credential | undefined): Refusal | undefined {
    for (const place of [realm, key]) {
      const refusal = this.#known.get(place)
      if (refusal === undefined || refusal.until <= this.#runtime.now()) continue
      if (sameCredential(refusal.credential, credential)) return refusal
    }
    return undefined
  }

  /** Takes note of a failure; one that may pass by itself counts only where the server said until when to leave it alone. */
  note(realm: string, key: string, credential: Credential | undefined, error: unknown): void {
    if (!(error instanceof PortolanError)) return
    const { code, facts } = error
    const asked = typeof facts.retryAfter === 'string' ? readRetryAfter(facts.retryAfter, this.#runtime) : 0
    const wanted = Math.min(asked ?? 0, LONGEST)
    if (code !== 'ACCESS_DENIED' && wanted === 0) return
    const isLogin = facts.status === 401 && credential !== undefined
    if (isLogin) this.#strikes++
    const limit = sameCredential(this.#good, credential) ? STRIKES : 1
    const isForAll = code !== 'ACCESS_DENIED' || (isLogin && this.#strikes >= limit)
    const place = isForAll ? realm : key
    const before = this.#known.get(place)
    const failures = sameCredential(before?.credential, credential) ? (before?.failures ?? 0) + 1 : 1
    const growing = code === 'ACCESS_DENIED' ? Math.min(LONGEST, FIRST * 2 ** (failures - 1)) : 0
    this.#known.set(place, {
      error,
      credential,
      failures,
      until: this.#runtime.now() + Math.max(wanted, growing),
    })
  }

  /** Takes note that a credential was taken. */
  forgive(realm: string, key: string, credential: Credential | undefined): void {
    this.#known.delete(realm)
    this.#known.delete(key)
    if (credential === undefined) return
    this.#good = credential
    this.#strikes = 0
  }
}
