import type { RegistryConfig } from '../config/config.ts'
import type { OciFault } from '../oci/errors.ts'
import { type Name, parseName } from '../oci/name.ts'
import type { OciRequest } from '../oci/path.ts'

/** A request for something in a repository. */
export type RepositoryRequest = Exclude<OciRequest, { kind: 'base' | 'catalog' }>

/** What a client of a mirror means. */
export interface Addressed {
  readonly registry: RegistryConfig
  /** How it said so: in the query, at the front of the name, by the mirror's own name, or not at all, as there is one. */
  readonly by: 'ns' | 'path' | 'host' | 'only'
  /** The request as the registry itself would get it. */
  readonly request: RepositoryRequest
}

/** Says which registry is meant by a request, its raw query and its `Host`; a fault where it is none of the mirror's. */
export type Addressing = (
  request: RepositoryRequest,
  query: string,
  host: string | undefined,
) => Addressed | OciFault

/** As references name Docker Hub, and the hosts that its clients were told of over the years. */
const DOCKER_HUB = 'docker.io'
const DOCKER_HUB_HOSTS: ReadonlySet<string> = new Set(['index.docker.io', 'registry-1.docker.io'])
/** Where Docker Hub keeps the images that people name by one word. */
const OFFICIAL = 'library'

/**
 * Reads what clients say by which registry they mean: `?ns=` (OCI distribution spec, "Registry Proxying"; containerd),
 * the first part of the name (Podman, CRI-O, and people), or the name by which they reached the mirror (dockerd). All of
 * them are keys of this closed list, never addresses: what is not in it is answered without asking anybody.
 */
export function createAddressing(registries: readonly RegistryConfig[]): Addressing {
  const byHost = new Map(registries.map((registry) => [registry.host, registry]))
  const byPath = new Map(registries.flatMap((registry) => (registry.path ? [[registry.path, registry]] : [])))
  const byName = new Map(registries.flatMap((registry) => registry.names.map((name) => [name, registry])))
  const only = registries.length === 1 ? registries[0] : undefined

  return (request, query, host) => {
    const namespace = readNamespace(query)
    if (namespace !== undefined) {
      const registry = byHost.get(namespace)
      return registry === undefined ? unknown('ns', namespace) : { registry, by: 'ns', request }
    }
    const { name } = request
    const slash = name.indexOf('/')
    const first = slash < 0 ? undefined : byPath.get(name.slice(0, slash))
    if (first !== undefined) return below(first, 'path', request, name.slice(slash + 1))
    const named = byName.get(withoutPort(host ?? ''))
    if (named !== undefined) return below(named, 'host', request, name)
    return only === undefined ? unknown('name', name) : below(only, 'only', request, name)
  }
}

/** The registries that may be meant by a request that names no repository, such as the version check. */
export function mayMean(
  registries: readonly RegistryConfig[],
  query: string,
  host: string | undefined,
): readonly RegistryConfig[] {
  const namespace = readNamespace(query)
  const name = withoutPort(host ?? '')
  const meant = registries.find((registry) =>
    namespace === undefined ? registry.names.includes(name) : registry.host === namespace,
  )
  return meant === undefined ? registries : [meant]
}

function readNamespace(query: string): string | undefined {
  if (!query.includes('ns=')) return undefined
  const text = new URLSearchParams(query).get('ns')?.toLowerCase()
  if (!text) return undefined
  return DOCKER_HUB_HOSTS.has(text) ? DOCKER_HUB : text
}

/** Whoever writes no namespace may have written what people write: `alpine` for `library/alpine`. */
function below(
  registry: RegistryConfig,
  by: Exclude<Addressed['by'], 'ns'>,
  request: RepositoryRequest,
  name: string,
): Addressed | OciFault {
  const isShort = registry.host === DOCKER_HUB && !name.includes('/')
  const whole = isShort ? `${OFFICIAL}/${name}` : name
  if (whole === request.name) return { registry, by, request }
  const parsed = parseName(whole)
  // Only what is short gets longer, and so too long.
  return parsed === undefined ? unknown('name', name) : { registry, by, request: withName(request, parsed) }
}

function withName<Request extends RepositoryRequest>(request: Request, name: Name): Request {
  return { ...request, name }
}

/** The name in a `Host`, which may have a port (RFC 9110, 7.2), in lower case. An address in brackets is nobody's name. */
export function withoutPort(host: string): string {
  return host.replace(/:[0-9]*$/, '').toLowerCase()
}

function unknown(said: 'ns' | 'name', value: string): OciFault {
  const message =
    said === 'ns'
      ? 'this mirror has no such registry'
      : 'this mirror is one of several registries, and the request names none of them'
  return { code: 'NAME_UNKNOWN', message, detail: { [said]: value.slice(0, 128) } }
}
