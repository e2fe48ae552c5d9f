import type { Endpoint } from '../../doctor/network/view.ts'
import { Checkup } from '../../migrate/node-check/checkup.ts'
import { containerdAuthorities } from '../../migrate/node-check/containerd-authorities.ts'
import type { NodeFiles } from '../../migrate/node-check/node-files.ts'
import { checkRegistriesConf } from '../../migrate/node-check/registries-conf.ts'
import type { RegistryEntry } from '../../migrate/node-check/registry-entry.ts'
import type { CheckMirror } from '../../migrate/node-check/report.ts'
import { isTomlFault, readTomlDocument } from '../../migrate/node-check/toml-document.ts'
import { zoneOfHost } from '../../net/host-zone.ts'
import { readAuthorities, registryAuthorities } from './authorities.ts'
import { dockerDaemon } from './docker-daemon.ts'

const CONTAINERD = '/etc/containerd/config.toml'
const DOCKER_HUB = 'registry-1.docker.io'
/** Where the tools of containers/image look, in this order (containers-certs.d(5)). */
const CONTAINERS_CERTS = ['/etc/containers/certs.d', '/etc/docker/certs.d']

/** Where Docker and containerd ask for images of a registry: its mirrors, then itself, unless nobody is asked last. */
export function mirroredEndpoints(
  runtime: string,
  registry: string,
  mirrors: readonly CheckMirror[],
  files: NodeFiles,
): Endpoint[] {
  const used = mirrors.filter(({ tool, state }) => tool === runtime && state !== 'unused')
  const own = used.filter((mirror) => mirror.registry === registry)
  const chain = own.length > 0 ? own : used.filter((mirror) => mirror.registry === '*')
  const authorities = (base: string, file?: string) => {
    const certificates = registryAuthorities(files, ['/etc/docker/certs.d'], hostOf(base)).certificates
    if (runtime === 'docker' || file === undefined) return runtime === 'docker' ? certificates : []
    return readAuthorities(files, containerdAuthorities(files, file, base)).certificates
  }
  const daemon = runtime === 'docker' ? dockerDaemon(files) : undefined
  const isInsecure = (base: string) =>
    daemon?.isInsecure(hostOf(base)) === true ? { isInsecure: true } : undefined
  const ns = runtime === 'containerd' ? { namespace: registry } : {}
  const last = chain.at(-1)
  const itself =
    daemon === undefined ? byContainerd(registry, files) : { base: `https://${hostNameOf(registry)}/v2` }
  return [
    ...chain.map(
      ({ asks, file }): Endpoint => ({
        base: asks,
        role: 'mirror',
        ...ns,
        ...isInsecure(asks),
        authorities: authorities(asks, file),
      }),
    ),
    ...(last?.fallback === null
      ? []
      : [
          {
            ...{ ...itself, role: 'registry' as const, ...isInsecure(itself.base) },
            authorities: authorities(itself.base, last?.file),
          },
        ]),
  ]
}

/** Where CRI-O and Podman ask for an image: by the entry with the longest prefix (containers-registries.conf(5)). */
export function containersEndpoints(
  runtime: string,
  host: string,
  name: string,
  files: NodeFiles,
): Endpoint[] {
  const entries = checkRegistriesConf(new Checkup(runtime, files, {}))
  const image = `${host}/${name}`
  const entry = entries
    .filter(({ prefix }) => matches(prefix, image))
    .toSorted((one, other) => other.prefix.length - one.prefix.length)[0]
  if (entry === undefined) return [endpointAt(host, false, 'registry', files)]
  const mirrors = entry.mirrors.map(({ location, isInsecure }) =>
    endpointAt(location, isInsecure, 'mirror', files, entry),
  )
  if (entry.isBlocked) return mirrors
  // An entry for all hosts below a domain may leave the location out.
  const location = entry.location.startsWith('*.') ? host : entry.location
  return [...mirrors, endpointAt(location, entry.isInsecure, 'registry', files, entry)]
}

/** `HOST/PATH` in place of a prefix of an image's name; what of the prefix is a path is left out of the name. */
function endpointAt(
  location: string,
  isInsecure: boolean,
  role: Endpoint['role'],
  files: NodeFiles,
  entry?: RegistryEntry,
): Endpoint {
  const [host = '', ...path] = location.split('/')
  const cut = entry === undefined || entry.prefix.startsWith('*.') ? [] : entry.prefix.split('/').slice(1)
  const base = `https://${host === 'docker.io' ? DOCKER_HUB : host}/v2${path.map((part) => `/${part}`).join('')}`
  const { certificates } = registryAuthorities(files, CONTAINERS_CERTS, host)
  return { base, role, isInsecure, authorities: certificates, ...(cut.length > 0 && { cut: cut.join('/') }) }
}

function matches(prefix: string, image: string): boolean {
  if (prefix.startsWith('*.')) return image.split('/')[0]!.replace(/:\d+$/, '').endsWith(prefix.slice(1))
  return image === prefix || image.startsWith(`${prefix}/`)
}

function hostNameOf(registry: string): string {
  return registry === 'docker.io' ? DOCKER_HUB : registry
}

/**
 * A registry on this machine's own loopback is asked by TLS with any certificate, and else in plain HTTP; by containerd 1.x in
 * plain HTTP alone, whose configs have no version 3 (both tried).
 */
function byContainerd(registry: string, files: NodeFiles): Pick<Endpoint, 'base' | 'isInsecure'> {
  const host = hostNameOf(registry)
  if (zoneOfHost(new URL(`http://${host}`).hostname) !== 'loopback') return { base: `https://${host}/v2` }
  const text = files.read(CONTAINERD)
  const read = text === undefined ? undefined : readTomlDocument(text)
  const isOld = read !== undefined && !isTomlFault(read) && Number(read.value.version ?? 1) < 3
  return isOld ? { base: `http://${host}/v2` } : { base: `https://${host}/v2`, isInsecure: true }
}

function hostOf(base: string): string {
  return new URL(base).host
}
