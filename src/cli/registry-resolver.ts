import { PortolanError } from '../errors.ts'
import type { Resolve } from '../migrate/verify.ts'
import { parseTag } from '../oci/name.ts'
import type { Registry } from '../registry/reader.ts'
import { connectRegistry } from './connections.ts'

/** A few at once to each registry, which others use too. */
const LIMITS = { concurrency: 4, requestsPerSecond: 10 }
const ATTEMPTS = 3
/** What a reference without tag and digest means to every tool. */
const LATEST = parseTag('latest')!

/**
 * Asks the registries that references name, with the logins of whoever runs this process: over HTTP on loopback, as
 * every container tool does, else over HTTPS.
 */
export function createResolver(): Resolve {
  const registries = new Map<string, Registry>()
  const registryOf = (host: string): Registry => {
    let registry = registries.get(host)
    if (registry === undefined) {
      const plain = /^(?:localhost|127\.[0-9.]+|\[::1\])(?::[0-9]+)?$/.test(host)
      const url = `${plain ? 'http' : 'https'}://${host}`
      registry = connectRegistry({ url, prefix: '', limits: LIMITS, attempts: ATTEMPTS })
      registries.set(host, registry)
    }
    return registry
  }
  return async ({ host, name, tag, digest }) => {
    try {
      const repository = registryOf(host!).repository(name)
      if (digest !== undefined) return (await repository.manifest(digest))?.digest
      return (await repository.resolve(tag ?? LATEST))?.digest
    } catch (error) {
      if (error instanceof PortolanError) return 'unreachable'
      throw error
    }
  }
}
