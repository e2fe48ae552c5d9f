import type { Registry } from '../registry/reader.ts'
import type { RegistryWriter } from '../registry/writer.ts'
import { connectRegistry, connectWriter } from './connections.ts'

/** Registries by the hosts that references name. */
export interface NamedRegistries {
  of(host: string): Registry
  writer(host: string): RegistryWriter
}

export interface RegistriesOptions {
  /** Hosts that are spoken to without TLS, beside those on loopback. */
  readonly plainHttp: readonly string[]
  readonly signal: AbortSignal
}

const LIMITS = { concurrency: 24, requestsPerSecond: 100 }
/** Docker Hub's references name another host than the one that answers. */
const ANSWERING: Readonly<Record<string, string>> = { 'docker.io': 'registry-1.docker.io' }

/** Opens each registry once, with the logins of whoever runs this process. */
export function createRegistries({ plainHttp, signal }: RegistriesOptions): NamedRegistries {
  const registries = new Map<string, Registry>()
  const addressOf = (host: string) => ({
    url: originOf(host, plainHttp),
    prefix: '',
    limits: LIMITS,
    signal,
  })
  return {
    of(host) {
      const registry = registries.get(host) ?? connectRegistry(addressOf(host))
      registries.set(host, registry)
      return registry
    },
    writer: (host) => connectWriter(addressOf(host)),
  }
}

/** Where a registry answers that references name by this host: over HTTP on loopback, and where it is named in `plainHttp`. */
export function originOf(host: string, plainHttp: readonly string[] = []): string {
  return `${isPlain(host, plainHttp) ? 'http' : 'https'}://${ANSWERING[host] ?? host}`
}

/** On loopback, every container tool speaks plainly. */
function isPlain(host: string, named: readonly string[]): boolean {
  return named.includes(host) || /^(?:localhost|127\.[0-9.]+|\[::1\])(?::[0-9]+)?$/.test(host)
}
