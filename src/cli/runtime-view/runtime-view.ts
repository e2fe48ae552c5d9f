import tls from 'node:tls'
import { redactFacts } from '../../doctor/network/redact-facts.ts'
import type { RuntimeFacts, SettingFinding } from '../../doctor/network/report.ts'
import type { Endpoint, NetworkView } from '../../doctor/network/view.ts'
import { checkNode } from '../../migrate/node-check/check-node.ts'
import type { NodeFiles } from '../../migrate/node-check/node-files.ts'
import type { NotRead } from '../../migrate/sarif.ts'
import { type Proxies, proxyFor, readProxies } from '../../net/proxies.ts'
import { parseName } from '../../oci/name.ts'
import type { Reference } from '../../oci/reference.ts'
import { createMachineFiles } from '../node-files.ts'
import { type LateAuthorities, lateAuthorities, systemAuthorities } from './authorities.ts'
import { containersEndpoints, mirroredEndpoints } from './endpoints.ts'
import { countingVariables, pullVariables, shellVariables } from './proxies.ts'
import { type RuntimeProcess, runtimeProcess } from './runtime-process.ts'
import { unreadFiles, unreadVariables } from './unread-settings.ts'

/** What is asked of a machine. */
export interface ViewRequest {
  readonly reference: Reference
  readonly runtime?: string | undefined
  readonly root: string
  readonly door?: string | undefined
  readonly family?: 4 | 6 | undefined
  /** In milliseconds. */
  readonly timeout: number
}

/** A runtime's view of the network, and of one image. */
export interface RuntimeView {
  readonly reference: Reference
  readonly endpoints: readonly Endpoint[]
  readonly view: NetworkView
  readonly facts: RuntimeFacts
  readonly hint?: string
  /** Files that are there and cannot be read: what they say is not known. */
  readonly notRead: readonly NotRead[]
}

/** Reads from a machine's files how its runtime pulls an image: through what, from where, and trusting whom. */
export function readRuntimeView(request: ViewRequest): RuntimeView {
  const files = createMachineFiles(request.root)
  const runtime = request.runtime ?? installedRuntime(files)
  const reference = fullReference(request.reference, request.door)
  const running = runtimeProcess(runtime, request.root)
  const told = pullVariables(runtime, files, running?.unit)
  const { variables, from } = countingVariables(runtime, told, running, files)
  const proxies = readProxies(variables, { dotMeansBelow: runtime !== 'shell' })
  const system = systemAuthorities(files, variables)
  const late = running && lateAuthorities(files, system, running, tls.rootCertificates)
  const unreadUnit = running && unreadVariables(runtime, running, told, files)
  const unread = [
    ...(running === undefined ? [] : unreadFiles(runtime, running, files)),
    ...(unreadUnit === undefined ? [] : [unreadUnit]),
  ]
  const check =
    runtime === 'shell' ? undefined : checkNode(files, {}, runtime === 'podman' ? 'crio' : runtime)
  const endpoints =
    request.door === undefined ? ofRuntime(runtime, reference, files, check) : [doorAt(request.door)]
  const { family } = request
  return {
    reference,
    endpoints,
    view: {
      proxies,
      authorities: system.certificates,
      ...(running &&
        late && { late: { certificates: late.certificates, why: whyLate(runtime, running, late) } }),
      publicAuthorities: tls.rootCertificates,
      timeout: request.timeout,
      ...(family !== undefined && { only: family }),
    },
    facts: redactFacts({
      runtime,
      ...(family !== undefined && { family }),
      proxies: { from, ...shownProxies(variables) },
      authorities: {
        files: system.files.slice(0, 1),
        count: system.certificates.length,
        ...(late && { late: late.certificates.length }),
      },
      ...(running && { since: running.since.toISOString() }),
      ...(running?.unit !== undefined && { unit: running.unit }),
      endpoints: endpoints.map(({ base }) => base),
      findings: [
        ...ownFindings(check, runtime, endpoints).map(({ file, line, effect, problem, fix }) => ({
          ...{ file, line, effect },
          ...{ problem, fix },
        })),
        ...unread,
      ],
    }),
    notRead: files.notRead,
    ...redactFacts(hintOf(runtime, endpoints, proxies, unreadUnit)),
  }
}

function whyLate(runtime: string, { since }: RuntimeProcess, { file, changed }: LateAuthorities): string {
  return `${runtime} has been running since ${since.toISOString()}, and ${file} was changed at ${changed.toISOString()}`
}

/** The one that pulls on this machine: with a kubelet its runtime, else the first that is set up. */
function installedRuntime(files: NodeFiles): string {
  const has = (folder: string, name: string) => files.list(folder).includes(name)
  const hasUnit = (name: string) =>
    ['/etc/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system'].some((folder) =>
      has(folder, `${name}.service`),
    )
  if (hasUnit('crio') || has('/etc', 'crio')) return 'crio'
  const hasKubelet = has('/var/lib', 'kubelet')
  if (!hasKubelet && (hasUnit('docker') || has('/etc/docker', 'daemon.json'))) return 'docker'
  if (hasUnit('containerd') || has('/etc/containerd', 'config.toml')) return 'containerd'
  return has('/usr/bin', 'podman') ? 'podman' : 'shell'
}

function ofRuntime(
  runtime: string,
  { host = 'docker.io', name }: Reference,
  files: NodeFiles,
  check: ReturnType<typeof checkNode> | undefined,
): Endpoint[] {
  return runtime === 'crio' || runtime === 'podman'
    ? containersEndpoints(runtime, host, name, files)
    : mirroredEndpoints(runtime, host, check?.mirrors ?? [], files)
}

/** Podman shares files with CRI-O, but not CRI-O's own; what is blocked for other images is no fault of this one. */
function ownFindings(
  check: ReturnType<typeof checkNode> | undefined,
  runtime: string,
  endpoints: readonly Endpoint[],
) {
  return (check?.findings ?? [])
    .filter(({ file }) => runtime !== 'podman' || !file.startsWith('/etc/crio/'))
    .filter(({ rule }) => rule !== 'blocked' || endpoints.length === 0)
}

function doorAt(url: string): Endpoint {
  return { base: `${url.replace(/\/+$/, '')}/v2`, role: 'door', authorities: [] }
}

/** What Docker writes short: a name without a host is of Docker Hub, and one without a slash is of its library. */
function fullReference(reference: Reference, door: string | undefined): Reference {
  const { host, name } = reference
  if (door !== undefined || (host !== undefined && host !== 'docker.io') || name.includes('/'))
    return reference
  return { ...reference, name: parseName(`library/${name}`)! }
}

/** A proxy's URL may have a login in it. */
function shownProxies(variables: Readonly<Record<string, string>>) {
  const shown = (name: string) => {
    const value = variables[name] || variables[name.toUpperCase()]
    return value?.replace(/^([a-z]+:\/\/)?.*@/i, '$1…@')
  }
  const [http, https, none] = [
    shown('http_proxy'),
    shown('https_proxy') ?? shown('all_proxy'),
    shown('no_proxy'),
  ]
  return { ...(http && { http }), ...(https && { https }), ...(none && { none }) }
}

/** A proxy of the shell alone is why `curl` works where the runtime does not. */
function isProxied(url: string, proxies: Proxies): boolean {
  try {
    return proxyFor(url, proxies) !== undefined
  } catch {
    // There is one, though it is none that can be used.
    return true
  }
}

function hintOf(
  runtime: string,
  [first]: readonly Endpoint[],
  proxies: Proxies,
  unread: SettingFinding | undefined,
) {
  if (unread !== undefined) return { hint: `${unread.problem}: ${unread.fix}` }
  if (first === undefined || runtime === 'podman' || runtime === 'shell') return {}
  const shell = readProxies(shellVariables().variables).https
  if (shell === undefined || 'fault' in shell || isProxied(first.base, proxies)) return {}
  return {
    hint: `this shell has a proxy and ${runtime}.service has none: \`systemctl edit ${runtime}\`, [Service], Environment=HTTPS_PROXY=… NO_PROXY=…, and restart it`,
  }
}
