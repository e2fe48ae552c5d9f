import { PortolanError } from '../errors.ts'
import { GenerationalCache } from '../internal/generational-cache.ts'
import type { Fetch, Runtime } from '../runtime.ts'
import { type AddressGuard, type AddressGuardRuntime, createAddressGuard } from './address-guard.ts'
import { type Authorization, Authorizations } from './authorizations.ts'
import { basicAuthorization, readRealm, requestToken } from './bearer-token.ts'
import type { Challenge } from './challenge.ts'
import { type Credential, type Credentials, sameCredential } from './credential.ts'
import { Refusals } from './refusals.ts'
import { isTokenServiceOf } from './token-service.ts'

/** A registry, and by what to log in to it. */
export interface LoginOptions {
  /** The registry's address: what is asked of other origins is sent without any `Authorization`. */
  readonly url: string
  readonly credentials: Credentials
  /** Hosts in other domains that may get the credential for a token, such as `login.example.net`. */
  readonly tokenServices?: readonly string[] | undefined
}

/** The part of a runtime that logging in needs. */
export type LoginRuntime = Pick<Runtime, 'after' | 'date' | 'background'> & AddressGuardRuntime

const REMEMBERED_MAX = 10_000
/** How long a registry that turned down what it had just been given is not given another of it, in milliseconds. */
const TURNED_DOWN = 60_000

/** What one registry is shown when it asks who we are. */
export class RegistryLogin {
  readonly #registry: URL
  readonly #options: LoginOptions
  readonly #runtime: LoginRuntime & Pick<Runtime, 'fetch'>
  readonly #guard: AddressGuard
  readonly #authorizations: Authorizations
  readonly #refusals: Refusals
  readonly #turnedDown = new GenerationalCache<string, { credential: Credential | undefined; until: number }>(
    REMEMBERED_MAX,
  )
  /** The credential that was last used. */
  #shown: Credential | undefined

  /** `fetch` asks token servers. */
  constructor(runtime: LoginRuntime, fetch: Fetch, options: LoginOptions) {
    this.#registry = new URL(options.url)
    this.#options = options
    this.#runtime = { ...runtime, fetch }
    this.#guard = createAddressGuard(runtime)
    this.#authorizations = new Authorizations(runtime)
    this.#refusals = new Refusals(runtime)
  }

  /**
   * The header that answers a challenge of an area, such as a repository; never `refused`, unless that is all there is.
   * `undefined` where there is none, or where what there is was turned down a moment ago. Rejects as {@link requestToken}
   * and the credentials do, with what was refused a moment ago without asking again.
   */
  async authorize(challenge: Challenge, area: string, refused?: string): Promise<string | undefined> {
    if (challenge.scheme !== 'bearer') return this.#basic(area, refused)
    const key = keyOf(challenge)
    if (refused !== undefined && (await this.#isTurnedDown(key))) return undefined
    return this.#authorizations.get(key, refused, () => this.#bearer(challenge, key))
  }

  /** Takes note of how the registry answered to what `authorize` had just given for an area. */
  noteAnswer(challenge: Challenge, area: string, isTaken: boolean): void {
    const credential = this.#shown
    if (challenge.scheme === 'bearer') {
      if (isTaken) return
      this.#turnedDown.set(keyOf(challenge), { credential, until: this.#runtime.now() + TURNED_DOWN })
      return
    }
    const { origin, host } = this.#registry
    if (isTaken) this.#refusals.forgive(origin, area, credential)
    else this.#refusals.note(origin, area, credential, turnedDown(host))
  }

  /** Not remembered here: whoever gives credentials keeps them as long as they are good. */
  async #basic(area: string, refused: string | undefined): Promise<string | undefined> {
    let credential = await this.#credential()
    if (refused !== undefined && headerOf(credential) === refused)
      credential = await this.#credential(credential)
    return this.#refusals.isRefused(this.#registry.origin, area, credential)
      ? undefined
      : headerOf(credential)
  }

  async #bearer(challenge: Challenge, key: string): Promise<Authorization> {
    const realm = readRealm(challenge, this.#registry)
    await this.#checkRealm(realm)
    const credential = await this.#credential()
    const ask = { challenge, key, realm }
    try {
      return await this.#token(ask, credential)
    } catch (error) {
      if (credential === undefined || !isRefusal(error)) throw error
      const other = await this.#credential(credential)
      if (sameCredential(other, credential)) throw error
      return this.#token(ask, other)
    }
  }

  async #isTurnedDown(key: string): Promise<boolean> {
    const known = this.#turnedDown.get(key)
    if (known === undefined || known.until <= this.#runtime.now()) return false
    return sameCredential(known.credential, await this.#credential())
  }

  async #token(
    { challenge, key, realm }: { challenge: Challenge; key: string; realm: URL },
    credential: Credential | undefined,
  ): Promise<Authorization> {
    const registry = this.#registry
    const { tokenServices } = this.#options
    const trusted = credential !== undefined && (await isTokenServiceOf(registry, realm, tokenServices))
    const withheld = credential !== undefined && !trusted
    const shown = trusted ? credential : undefined
    const place = realm.origin + realm.pathname
    this.#refusals.check(place, key, shown)
    try {
      const request = { challenge, realm, registry, withheld, credential: shown }
      const { token, renewAt, until } = await requestToken(this.#runtime, request)
      this.#refusals.forgive(place, key, shown)
      return { header: `Bearer ${token}`, renewAt, until }
    } catch (error) {
      this.#refusals.note(place, key, shown, error)
      throw error
    }
  }

  async #credential(refused?: Credential): Promise<Credential | undefined> {
    this.#shown = await this.#options.credentials(this.#registry.host, refused)
    return this.#shown
  }

  /** A registry must not have us ask what only we can reach, password or not. */
  async #checkRealm(realm: URL): Promise<void> {
    const { host } = this.#registry
    const refused = await this.#guard.refuses(this.#registry, realm)
    if (refused === undefined) return
    throw new PortolanError('CONTENT_INVALID', `${host} sends us for a token ${refused}`, { registry: host })
  }
}

/** What is remembered of a registry that has no token server, and says 401 to a password. */
function turnedDown(host: string): PortolanError {
  return new PortolanError('ACCESS_DENIED', `${host} turned down the login`, { registry: host, status: 401 })
}

function headerOf(credential: Credential | undefined): string | undefined {
  return credential?.kind === 'password' ? basicAuthorization(credential) : undefined
}

function keyOf({ parameters }: Challenge): string {
  return JSON.stringify(['realm', 'service', 'scope'].map((name) => parameters.get(name)))
}

function isRefusal(error: unknown): boolean {
  return error instanceof PortolanError && error.code === 'ACCESS_DENIED'
}
