import { type NodeConfig, type NodeSetting, nothingToSet } from '../node-config/node-config.ts'
import { IMAGES } from './containerd.ts'
import {
  type MirrorRequest,
  mirrorNotes,
  type NodeMirror,
  originOf,
  PASSWORD,
  prefixesOf,
  USER,
} from './node-mirror.ts'

const REGISTRIES = '/etc/containers/registries.conf.d/50-mirror.conf'
const CRIO = '/etc/crio/crio.conf.d/50-mirror.conf'
const AUTH = '/etc/crio/mirror-auth.json'

/** CRI-O, Podman, Buildah and skopeo say which registry they mean by the path alone (containers-registries.conf(5)). */
export function crioMirror(request: MirrorRequest): NodeConfig {
  const { mirror, noFallback = false } = request
  const { prefixes, notes } = prefixesOf(mirror)
  if (prefixes.length === 0) return nothingToSet(notes)
  const first = prefixes[0]!.host
  return {
    settings: [
      {
        file: REGISTRIES,
        whole: true,
        content: prefixes.map((one) => registryTable(one, mirror, noFallback)).join('\n'),
      },
      ...dockerTrust('/etc/containers/certs.d', mirror.authority, mirror),
      ...(mirror.asksForPassword ? credentialFiles(mirror) : []),
    ],
    apply: ['systemctl restart crio'],
    check: [
      `portolan node-config --check --config MIRROR.yaml --mirror ${originOf(mirror)}`,
      `crictl pull ${first}/${IMAGES[first] ?? 'NAME:TAG'}`,
    ],
    undo: [`rm ${REGISTRIES}${mirror.asksForPassword ? ` ${CRIO} ${AUTH}` : ''}`, 'systemctl restart crio'],
    notes: [
      'Podman, Buildah and skopeo read the first file too, and need no restart',
      'a later file that has the same prefix takes the place of this one, its mirrors included',
      ...(mirror.asksForPassword
        ? [`Podman, Buildah and skopeo have passwords of their own: podman login ${mirror.authority}`]
        : []),
      ...mirrorNotes(request),
      ...clientNotes('/etc/containers/certs.d', mirror.authority, mirror),
      ...notes,
    ],
  }
}

function registryTable(
  { host, prefix }: { readonly host: string; readonly prefix: string },
  mirror: NodeMirror,
  noFallback: boolean,
): string {
  return [
    '[[registry]]',
    `prefix = "${host}"`,
    `location = "${host}"`,
    ...(noFallback ? ['blocked = true'] : []),
    '',
    '[[registry.mirror]]',
    `location = "${prefix}"`,
    ...(mirror.scheme === 'http' ? ['insecure = true'] : []),
    '',
  ].join('\n')
}

/** The kubelet knows passwords by the name of an image, which is not the mirror's; CRI-O has a file for all. */
function credentialFiles({ authority }: NodeMirror): NodeSetting[] {
  const auths = { auths: { [authority]: { auth: `BASE64 of ${USER}:${PASSWORD}` } } }
  return [
    { file: CRIO, whole: true, content: `[crio.image]\nglobal_auth_file = "${AUTH}"\n` },
    { file: AUTH, whole: true, content: `${JSON.stringify(auths, null, 2)}\n` },
  ]
}

/** What the tools that look into `certs.d/HOST:PORT` trust. */
export function dockerTrust(folder: string, authority: string, mirror: NodeMirror): NodeSetting[] {
  const { authorityCertificate } = mirror
  return authorityCertificate === undefined
    ? []
    : [{ file: `${folder}/${authority}/ca.crt`, whole: true, content: authorityCertificate }]
}

/** Where they look for a certificate of their own. */
export function clientNotes(folder: string, authority: string, mirror: NodeMirror): string[] {
  return mirror.asksForCertificate
    ? [
        `the machine's own certificate and key have to lie at ${folder}/${authority}/client.cert and client.key`,
      ]
    : []
}
