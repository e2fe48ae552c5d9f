import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createCredentials } from '../adapters/credentials/credentials.ts'
import { findCredentials } from '../adapters/credentials/upstream-credentials.ts'
import { createAgents, outboundProxies } from '../adapters/node/outbound.ts'
import type { CredentialsConfig, FillConfig } from '../config/config.ts'
import { proxyFor } from '../net/proxies.ts'
import type { RegistryAddress } from '../registry/address.ts'
import { openHttpRegistry } from '../registry/http-registry.ts'
import { openHttpWriter } from '../registry/http-writer.ts'
import type { Registry } from '../registry/reader.ts'
import type { RegistryWriter } from '../registry/writer.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { openStore } from '../storage/open-store.ts'
import type { Credentials } from '../transport/credential.ts'
import { layered } from '../transport/fetch.ts'
import { type Limits, withLimits } from '../transport/limits.ts'
import type { RetryPolicy } from '../transport/retry.ts'
import { commandRuntime } from './command-runtime.ts'

/** The logins of whoever runs this process; read once, however many registries are asked. */
const credentials = createCredentials()

/** Until a connection to a store is there, in milliseconds. */
const CONNECT_TIMEOUT = 10_000
/** For how long nothing may move on a connection to an S3 while it is asked once, in milliseconds. */
const SILENCE_TIMEOUT = 60_000

export interface RegistryConnection extends RegistryAddress, RetryPolicy {
  /** Hosts in other domains that may get the login for a token. */
  readonly tokenServices?: readonly string[] | undefined
  /** To each host. */
  readonly limits: Limits
  /** In place of the logins of whoever runs this process. */
  readonly credentials?: Credentials
  /** Nothing more is asked once it is aborted. */
  readonly signal?: AbortSignal
}

/** The login that a config names for what `sync` fills. */
export function openLogin(config: CredentialsConfig): Credentials {
  return findCredentials(config, { environment: process.env, runtime: commandRuntime })
}

/** A registry, with the logins of whoever runs this process. Throws `USAGE` when its proxy cannot be used. */
export function connectRegistry(connection: RegistryConnection): Registry {
  // Where the environment names no proxy that can be used, nothing has to be tried to say so.
  proxyFor(connection.url, outboundProxies())
  return openHttpRegistry(commandRuntime, { credentials, ...connection })
}

/** A registry to push to, with the same logins. Throws `USAGE` when its proxy cannot be used. */
export function connectWriter(connection: RegistryConnection): RegistryWriter {
  proxyFor(connection.url, outboundProxies())
  return openHttpWriter(commandRuntime, { credentials, ...connection })
}

/** A registry to read and push to with one login, of which both together hold to its limits of requests. */
export function connectBoth(connection: RegistryConnection): {
  readonly reader: Registry
  readonly writer: RegistryWriter
} {
  proxyFor(connection.url, outboundProxies())
  const { concurrency, requestsPerSecond } = connection.limits
  // Each waits for places of its own, outside of its time limits: here nobody waits for more than a turn.
  const limits = withLimits({ concurrency: 2 * concurrency, requestsPerSecond }, commandRuntime)
  const runtime = { ...commandRuntime, fetch: layered(commandRuntime.fetch, limits) }
  const options = { credentials, ...connection }
  return { reader: openHttpRegistry(runtime, options), writer: openHttpWriter(runtime, options) }
}

/** The place that a store is filled through, with the credentials that its environment gives. */
export function connectStore(fill: FillConfig): Promise<ObjectStore> {
  return openStore(fill, {
    runtime: commandRuntime,
    environment: process.env,
    // Reading all that this system trusts takes as long as a quarter of a run that finds nothing new.
    ...(fill.kind !== 'folder' && { s3Handler: s3Handler() }),
    proxyFor: (url) => proxyFor(url, outboundProxies()),
    readFile: (path) => readFile(path, 'utf8'),
    createMd5: () => createHash('md5'),
  })
}

/** AWS's SDK brings sockets of its own, which know nothing of proxies. */
function s3Handler() {
  const { http: httpAgent, https: httpsAgent } = createAgents()
  return { connectionTimeout: CONNECT_TIMEOUT, socketTimeout: SILENCE_TIMEOUT, httpAgent, httpsAgent }
}
