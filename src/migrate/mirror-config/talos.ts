import { stringify } from 'yaml'
import type { NodeConfig } from '../node-config/node-config.ts'
import { IMAGES } from './containerd.ts'
import { type MirrorRequest, mirrorNotes, type NodeMirror, originOf, PASSWORD, USER } from './node-mirror.ts'

const FILE = 'mirror.yaml'
const CLIENT = { cert: 'PEM OF THE CERTIFICATE', key: 'PEM OF ITS KEY' }

/**
 * Talos writes containerd's `hosts.toml` from its machine config: `machine.registries`, and documents of their own since
 * 1.12 (RegistryMirrorConfig, RegistryTLSConfig, RegistryAuthConfig).
 */
export function talosMirror(request: MirrorRequest): NodeConfig {
  const { mirror, version } = request
  const [before, since] = [machineConfig(request), documents(request)]
  const content =
    version === undefined ? `${before}---\n${since}` : version.compare('1.12.0-0') >= 0 ? since : before
  const first = mirror.registries[0]!.host
  return {
    settings: [{ file: FILE, whole: true, content }],
    apply: [`talosctl patch machineconfig --patch @${FILE} --nodes NODES`],
    check: [
      `portolan node-config --check ${FILE}`,
      `talosctl image pull ${first}/${IMAGES[first] ?? 'NAME:TAG'} --nodes NODE`,
    ],
    undo: ['# take the mirrors out of the machine config again', 'talosctl edit machineconfig --nodes NODES'],
    notes: [
      ...(version === undefined
        ? ['Talos before 1.12 takes the first document, 1.12 and later the others; --tool-version chooses']
        : []),
      "Talos's own images come from ghcr.io and registry.k8s.io: a mirror of both can bring a machine up without the internet",
      ...(mirror.asksForCertificate
        ? [`put the machine's own certificate and key where ${CLIENT.cert} and ${CLIENT.key} stand`]
        : []),
      ...mirrorNotes(request),
    ],
  }
}

function machineConfig({ mirror, noFallback = false }: MirrorRequest): string {
  const mirrors = mirror.registries.map(({ host }) => [
    host,
    { endpoints: [originOf(mirror)], ...(noFallback && { skipFallback: true }) },
  ])
  const tls = tlsOf(mirror, (text) => btoa(text))
  const config = {
    ...(tls && { tls }),
    ...(mirror.asksForPassword && { auth: { username: USER, password: PASSWORD } }),
  }
  return stringify({
    machine: {
      registries: {
        mirrors: Object.fromEntries(mirrors),
        ...(Object.keys(config).length > 0 && { config: { [mirror.authority]: config } }),
      },
    },
  })
}

function documents({ mirror, noFallback = false }: MirrorRequest): string {
  const tls = tlsOf(mirror, (text) => text)
  return [
    ...mirror.registries.map(({ host }) => ({
      kind: 'RegistryMirrorConfig',
      name: host,
      endpoints: [{ url: originOf(mirror) }],
      ...(noFallback && { skipFallback: true }),
    })),
    ...(tls ? [{ kind: 'RegistryTLSConfig', name: mirror.authority, ...tls }] : []),
    ...(mirror.asksForPassword
      ? [{ kind: 'RegistryAuthConfig', name: mirror.authority, username: USER, password: PASSWORD }]
      : []),
  ]
    .map((document) => stringify({ apiVersion: 'v1alpha1', ...document }))
    .join('---\n')
}

/** The machine config has certificates in base64, the documents as they are. */
function tlsOf(mirror: NodeMirror, written: (text: string) => string): object | undefined {
  const { authorityCertificate, asksForCertificate } = mirror
  if (authorityCertificate === undefined && !asksForCertificate) return undefined
  return {
    ...(asksForCertificate && {
      clientIdentity: CLIENT,
    }),
    ...(authorityCertificate !== undefined && { ca: written(authorityCertificate) }),
  }
}
