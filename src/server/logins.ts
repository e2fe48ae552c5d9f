import type { Config, CredentialsConfig, UpstreamConfig } from '../config/config.ts'
import { PortolanError } from '../errors.ts'
import type { Credentials } from '../transport/credential.ts'

/** Opens what a config says of a login; absent where a runtime has neither files nor an environment. */
export type OpenCredentials = (config: CredentialsConfig) => Credentials

/** The logins of a mirror to its upstreams: one each, for whatever is asked there, so that it is renewed once. */
export class Logins {
  readonly #open: OpenCredentials | undefined
  #known = new Map<string, Credentials>()

  constructor(open: OpenCredentials | undefined) {
    this.#open = open
  }

  /** Throws `CONFIG_INVALID` when a config names logins that this runtime cannot give. */
  check({ upstreams }: Config): void {
    const index = upstreams.findIndex(({ credentials }) => credentials !== undefined)
    if (index < 0 || this.#open !== undefined) return
    const message = `upstreams[${index}].credentials: this runtime has no files, and so no logins`
    throw new PortolanError('CONFIG_INVALID', message)
  }

  /** `undefined` for an upstream that is asked as anybody. */
  of(upstream: UpstreamConfig): Credentials | undefined {
    const { credentials } = upstream
    if (credentials === undefined || this.#open === undefined) return undefined
    const key = keyOf(upstream)
    const known = this.#known.get(key) ?? this.#open(credentials)
    this.#known.set(key, known)
    return known
  }

  /** Forgets those that another config names no more. */
  keep({ upstreams }: Config): void {
    const keys = new Set(upstreams.map(keyOf))
    this.#known = new Map([...this.#known].filter(([key]) => keys.has(key)))
  }
}

function keyOf({ url, credentials }: UpstreamConfig): string {
  return JSON.stringify([url, credentials])
}
