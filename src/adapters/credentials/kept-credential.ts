import { PortolanError } from '../../errors.ts'
import type { Runtime } from '../../runtime.ts'
import { type Credential, sameCredential } from '../../transport/credential.ts'

/** A login that was issued from elsewhere. */
export interface Issued {
  readonly credential: Credential
  /** For how long from now it is good, in milliseconds. */
  readonly lifetime: number
}

/** Nobody waits longer for whoever issues them, in milliseconds. */
const TIMEOUT = 60_000
/** How long a login is kept at least, in milliseconds: by this machine's clock it may have ended before it was issued. */
const LEAST = 10_000
/** Early enough that nobody has to wait for the next one. */
const RENEWAL_SHARE = 0.8
/** How long whoever issues them is left alone after a failure, and after a login that was not taken; in milliseconds. */
const FIRST_PAUSE = 5_000
const LONGEST_PAUSE = 300_000
const REFUSED_PAUSE = 60_000

/** The part of a runtime that keeping a login needs. */
export type KeepingRuntime = Pick<Runtime, 'now' | 'after' | 'background' | 'log'>

/** Keeps a login as long as it is good, gets the next before it ends, once for all who ask, and seldom when that fails. */
export class KeptCredential {
  readonly #issue: () => Promise<Issued>
  readonly #runtime: KeepingRuntime
  #kept: { credential: Credential; issuedAt: number; renewAt: number; until: number } | undefined
  #renewal: Promise<Credential> | undefined
  #failure: { error: unknown; failures: number; until: number } | undefined

  constructor(issue: () => Promise<Issued>, runtime: KeepingRuntime) {
    this.#issue = issue
    this.#runtime = runtime
  }

  /** Another one than `refused`, unless that was issued just now. Rejects as whoever issues them does. */
  async get(refused?: Credential): Promise<Credential> {
    const now = this.#runtime.now()
    const kept = this.#kept
    if (kept === undefined || kept.until <= now) return this.#renew()
    if (refused !== undefined && sameCredential(kept.credential, refused)) {
      return kept.issuedAt + REFUSED_PAUSE > now ? kept.credential : this.#renew()
    }
    if (kept.renewAt <= now && !this.#isPaused(now))
      this.#runtime.background(this.#renew().then(ignore, ignore))
    return kept.credential
  }

  #renew(): Promise<Credential> {
    this.#renewal ??= this.#ask().finally(() => {
      this.#renewal = undefined
    })
    return this.#renewal
  }

  async #ask(): Promise<Credential> {
    if (this.#isPaused(this.#runtime.now())) throw this.#failure!.error
    try {
      const issued = await this.#issueInTime()
      const { credential } = issued
      const lifetime = Math.max(LEAST, issued.lifetime)
      const now = this.#runtime.now()
      this.#kept = {
        credential,
        issuedAt: now,
        renewAt: now + lifetime * RENEWAL_SHARE,
        until: now + lifetime,
      }
      this.#failure = undefined
      return credential
    } catch (error) {
      const failures = (this.#failure?.failures ?? 0) + 1
      const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (failures - 1))
      this.#failure = { error, failures, until: this.#runtime.now() + pause }
      const reason = error instanceof Error ? error.message : String(error)
      this.#runtime.log.warn({ reason, failures }, 'a login to an upstream could not be renewed')
      throw error
    }
  }

  async #issueInTime(): Promise<Issued> {
    const late = Promise.withResolvers<never>()
    const callOff = this.#runtime.after(TIMEOUT, () => {
      late.reject(new PortolanError('UNREACHABLE', `no login came within ${TIMEOUT / 1000} s`))
    })
    try {
      return await Promise.race([this.#issue(), late.promise])
    } finally {
      callOff()
    }
  }

  #isPaused(now: number): boolean {
    return this.#failure !== undefined && this.#failure.until > now
  }
}

function ignore(): void {}
