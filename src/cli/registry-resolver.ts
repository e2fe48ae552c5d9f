import packageFile from '../../package.json' with { type: 'json' }
import { systemClock } from '../adapters/clock.ts'
import { createCredentials } from '../adapters/credentials/credentials.ts'
import { createHash } from '../adapters/hash.ts'
import { PortolanError } from '../errors.ts'
import type { Resolve } from '../migrate/verify.ts'
import { parseTag } from '../oci/name.ts'
import { createRegistry } from '../registry/create-registry.ts'
import type { Registry } from '../registry/registry.ts'
import { createRegistryFetch } from '../registry/transport.ts'

/** A few at once to each registry, which others use too. */
const LIMITS = { concurrency: 4, requestsPerSecond: 10 }
/** What a reference without tag and digest means to every tool. */
const LATEST = parseTag('latest')!

/**
 * Asks the registries that references name, with the logins of whoever runs this process: over HTTP on loopback, as
 * every container tool does, else over HTTPS.
 */
export function createResolver(): Resolve {
  const credentials = createCredentials()
  const registries = new Map<string, Registry>()
  const registryOf = (host: string): Registry => {
    let registry = registries.get(host)
    if (registry === undefined) {
      const plain = /^(?:localhost|127\.[0-9.]+|\[::1\])(?::[0-9]+)?$/.test(host)
      const url = `${plain ? 'http' : 'https'}://${host}`
      const fetch = createRegistryFetch({
        url,
        fetch: (target, init) => globalThis.fetch(target, init),
        clock: systemClock,
        random: Math.random,
        userAgent: `portolan/${packageFile.version}`,
        credentials,
        limits: LIMITS,
        attempts: 3,
      })
      registry = createRegistry({ url, prefix: '', fetch, clock: systemClock, createHash })
      registries.set(host, registry)
    }
    return registry
  }
  return async ({ host, name, tag, digest }) => {
    try {
      const registry = registryOf(host!)
      if (digest !== undefined) return (await registry.manifest(name, digest))?.digest
      return (await registry.resolve(name, tag ?? LATEST))?.digest
    } catch (error) {
      if (error instanceof PortolanError) return 'unreachable'
      throw error
    }
  }
}
