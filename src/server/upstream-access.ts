import type { Config, UpstreamConfig } from '../config/config.ts'
import { PortolanError } from '../errors.ts'
import type { Digest } from '../oci/digest.ts'
import type { Name } from '../oci/name.ts'
import { type Asker, createAsker } from '../registry/ask.ts'
import { openBlob } from '../registry/blob.ts'
import { openHttpRegistry } from '../registry/http-registry.ts'
import type { RegistryReader, RepositoryReader } from '../registry/reader.ts'
import type { BackendAccess, BlobPart } from '../relay/backend-access.ts'
import { type Backend, blobLocation, type Store, type Upstream } from '../routing/backend.ts'
import type { Runtime } from '../runtime.ts'
import type { OpenedSource } from '../transfer/source.ts'
import { layered } from '../transport/fetch.ts'
import { withIdleTimeout } from '../transport/idle-timeout.ts'
import { type Limits, withLimits } from '../transport/limits.ts'
import { withUserAgent } from '../transport/user-agent.ts'
import type { Logins } from './logins.ts'

/**
 * To each host: enough for a cluster that begins a rollout, and few enough to be one client among others there. Blobs are
 * held by whoever reads them, as slowly as he likes: no tag waits for that. They are bounded where they are begun, as
 * fills and passages, and all of these have a place.
 */
const LIMITS: Limits = {
  ...{ concurrency: 256, requestsPerSecond: 500 },
  long: {
    concurrency: 2048,
    includes: ({ pathname }, method) => method === 'GET' && pathname.includes('/blobs/'),
  },
}
/**
 * For how long nothing may come, in milliseconds: two backends that hang must leave time for a third one before
 * containerd gives up, which it does after 30 s without headers.
 */
const IDLE_TIMEOUT = 10_000

export interface UpstreamAccessParts {
  readonly runtime: Runtime
  readonly logins: Pick<Logins, 'of'>
  readonly config: () => Config
  /** What upstreams on our own disk hold, by their ids. */
  readonly contents: () => ReadonlyMap<string, RegistryReader>
}

/** Opens the registries and stores of the config that is in force, each once. */
export class UpstreamAccess implements BackendAccess {
  readonly #parts: UpstreamAccessParts
  readonly #asker: Asker
  /** By all that their configs say. */
  #registries = new Map<string, RegistryReader>()
  #config: Config | undefined

  constructor(parts: UpstreamAccessParts) {
    this.#parts = parts
    this.#asker = createAsker(parts.runtime, storeFetch(parts.runtime))
  }

  async repository({ id }: Upstream, name: Name): Promise<RepositoryReader | undefined> {
    return this.#registry(id).repository(name)
  }

  async blob(
    backend: Backend,
    name: Name,
    digest: Digest,
    part: BlobPart,
  ): Promise<OpenedSource | undefined> {
    if (backend.kind === 'store') return openBlob(this.#asker, questionOf(backend, digest, part), part)
    return (await this.repository(backend, name))?.blob(digest, part)
  }

  #registry(id: string): RegistryReader {
    const local = this.#parts.contents().get(id)
    if (local !== undefined) return local
    const config = this.#parts.config()
    if (config !== this.#config) this.#keep(config)
    const upstream = config.upstreams.find((each) => each.id === id)
    if (upstream === undefined) throw new PortolanError('UNREACHABLE', `${id} is no upstream any more`)
    const key = JSON.stringify(upstream)
    let registry = this.#registries.get(key)
    if (registry === undefined) {
      registry = openRegistry(this.#parts, upstream)
      this.#registries.set(key, registry)
    }
    return registry
  }

  /** Of another config: what stays the same stays open, with the tokens that it has. */
  #keep(config: Config): void {
    const before = this.#registries
    this.#config = config
    this.#registries = new Map()
    for (const upstream of config.upstreams) {
      const key = JSON.stringify(upstream)
      const kept = before.get(key)
      if (kept !== undefined) this.#registries.set(key, kept)
    }
  }
}

/** A registry as an upstream of the config says: the one place where a mirror's own logins come in. */
function openRegistry({ runtime, logins }: UpstreamAccessParts, upstream: UpstreamConfig): RegistryReader {
  const { url, prefix, tokenServices } = upstream
  return openHttpRegistry(runtime, {
    url: url!,
    prefix,
    tokenServices,
    credentials: logins.of(upstream) ?? (async () => undefined),
    limits: LIMITS,
    idleTimeout: IDLE_TIMEOUT,
    // There are other upstreams, and an older answer: who waits for the same one again keeps a client waiting.
    ...{ attempts: 1, maxWait: 0 },
  })
}

/** No redirect is followed: what it leads to is not the store that the operator named. */
function storeFetch(runtime: Runtime) {
  return layered(
    runtime.fetch,
    withUserAgent(runtime.userAgent),
    withLimits(LIMITS, runtime),
    withIdleTimeout(IDLE_TIMEOUT, runtime),
    (next) => (url, init) => next(url, { ...init, redirect: 'manual' }),
  )
}

function questionOf(store: Store, digest: Digest, { signal }: BlobPart) {
  return {
    url: blobLocation(store, digest),
    what: `the blob ${digest} of the store ${store.id}`,
    facts: { store: store.id, reference: digest },
    signal,
  }
}
