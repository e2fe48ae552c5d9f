import { containerdBase, HOSTS } from '../node-config/containerd.ts'
import type { NodeConfig, NodeSetting } from '../node-config/node-config.ts'
import {
  type MirroredRegistry,
  type MirrorRequest,
  mirrorNotes,
  type NodeMirror,
  originOf,
  PASSWORD,
  USER,
} from './node-mirror.ts'

const TRUST = '/etc/containerd/mirror'

/** Where the files of a mirror are: the authority's certificate, and the client's own with its key. */
export interface TrustFiles {
  readonly ca: string
  readonly certificate: string
  readonly key: string
}

const FILES: TrustFiles = {
  ca: `${TRUST}/ca.crt`,
  certificate: `${TRUST}/client.crt`,
  key: `${TRUST}/client.key`,
}

/**
 * containerd says in each request which registry is meant (`?ns=`), so that the mirror is named without a path. Each
 * registry has a file of its own: with `_default` it would ask the mirror for those too that it does not know.
 */
export function containerdMirror(request: MirrorRequest): NodeConfig {
  const { mirror, version, noFallback = false } = request
  const base = containerdBase(version)
  const first = mirror.registries[0]!.host
  return {
    settings: [
      ...base.settings,
      ...mirror.registries.map((registry) => hostsFile(HOSTS, registry, mirror, noFallback, FILES)),
      ...(mirror.authorityCertificate === undefined
        ? []
        : [{ file: FILES.ca, whole: true, content: mirror.authorityCertificate }]),
    ],
    apply: ['systemctl restart containerd'],
    check: [
      `portolan node-config --check --config MIRROR.yaml --mirror ${originOf(mirror)}`,
      `containerd config dump | grep config_path`,
      `crictl pull ${first}/${IMAGES[first] ?? 'NAME:TAG'}`,
    ],
    undo: mirror.registries.map(({ host }) => `rm ${HOSTS}/${folderOf(host)}/hosts.toml`),
    notes: [
      ...base.notes,
      'hosts.toml is read at every pull; only config.toml needs the restart',
      ...mirrorNotes(request),
      ...certificateNotes(mirror, FILES),
    ],
  }
}

/** An image of a registry that is always there. */
export const IMAGES: Readonly<Record<string, string>> = {
  'registry.k8s.io': 'pause:3.10',
  'docker.io': 'library/busybox:latest',
}

/** The file `hosts.toml` of one registry, below the folder that `config_path` names. */
export function hostsFile(
  folder: string,
  { host }: MirroredRegistry,
  mirror: NodeMirror,
  noFallback: boolean,
  files: TrustFiles,
): NodeSetting {
  const origin = originOf(mirror)
  const settings = [
    'capabilities = ["pull", "resolve"]',
    ...(mirror.authorityCertificate === undefined ? [] : [`ca = "${files.ca}"`]),
    ...(mirror.asksForCertificate ? [`client = [["${files.certificate}", "${files.key}"]]`] : []),
  ]
  const header = mirror.asksForPassword
    ? [`[host."${origin}".header]`, `  authorization = "Basic BASE64"`]
    : []
  // `server` is asked last. containerd 1.x drops a file without a host, so the mirror is one even where it is both.
  const server = noFallback
    ? [`server = "${origin}"`, ...settings, ...header.map((line) => line.replace(/^\[host\."[^"]*"\./, '['))]
    : [`server = "https://${host === 'docker.io' ? 'registry-1.docker.io' : host}"`]
  const lines = [
    ...server,
    '',
    `[host."${origin}"]`,
    ...settings.map((line) => `  ${line}`),
    ...header.map((line) => `  ${line}`),
  ]
  return { file: `${folder}/${folderOf(host)}/hosts.toml`, whole: true, content: `${lines.join('\n')}\n` }
}

/** A colon is written so that the name is one for every file system (docs/hosts.md of containerd). */
function folderOf(host: string): string {
  return host.replace(/:([0-9]+)$/, '_$1_')
}

/** What else has to lie there, and what the header is. */
export function certificateNotes(mirror: NodeMirror, { certificate, key }: TrustFiles): string[] {
  return [
    ...(mirror.asksForCertificate
      ? [`the machine's own certificate and key have to lie at ${certificate} and ${key}`]
      : []),
    ...(mirror.asksForPassword
      ? [
          `BASE64 is what "printf %s '${USER}:${PASSWORD}' | base64 -w0" prints; the files are for root alone: chmod 600`,
        ]
      : []),
  ]
}
