import { stringify } from 'yaml'
import type { NodeConfig } from '../node-config/node-config.ts'
import { certificateNotes, IMAGES, type TrustFiles } from './containerd.ts'
import { type MirrorRequest, mirrorNotes, type NodeMirror, originOf, PASSWORD, USER } from './node-mirror.ts'

const FOLDER = '/etc/rancher/k3s'
const FILE = `${FOLDER}/registries.yaml`
const CONFIG = `${FOLDER}/config.yaml`
const FILES: TrustFiles = {
  ca: `${FOLDER}/mirror-ca.crt`,
  certificate: `${FOLDER}/mirror-client.crt`,
  key: `${FOLDER}/mirror-client.key`,
}

/** k3s and RKE2 write containerd's `hosts.toml` from `registries.yaml`; containerd says which registry it means. */
export function k3sMirror(request: MirrorRequest): NodeConfig {
  const { mirror, noFallback = false } = request
  const mirrors = Object.fromEntries(
    mirror.registries.map(({ host }) => [host, { endpoint: [originOf(mirror)] }]),
  )
  const access = accessOf(mirror)
  const first = mirror.registries[0]!.host
  return {
    settings: [
      {
        file: FILE,
        whole: false,
        content: stringify({ mirrors, ...(access && { configs: { [mirror.authority]: access } }) }),
      },
      ...(noFallback
        ? [{ file: CONFIG, whole: false, content: stringify({ 'disable-default-registry-endpoint': true }) }]
        : []),
      ...(mirror.authorityCertificate === undefined
        ? []
        : [{ file: FILES.ca, whole: true, content: mirror.authorityCertificate }]),
    ],
    apply: ['systemctl restart k3s'],
    check: [
      `portolan node-config --check --config MIRROR.yaml --mirror ${originOf(mirror)}`,
      `k3s crictl pull ${first}/${IMAGES[first] ?? 'NAME:TAG'}`,
    ],
    undo: [
      `# take the keys out of ${FILE}${noFallback ? ` and ${CONFIG}` : ''} again`,
      'systemctl restart k3s',
    ],
    notes: [
      'RKE2 reads /etc/rancher/rke2/registries.yaml, and its units are rke2-server and rke2-agent; agents of k3s are k3s-agent',
      ...(noFallback
        ? ['disable-default-registry-endpoint is there since k3s 1.26.13, 1.27.10, 1.28.6 and 1.29.1']
        : []),
      ...mirrorNotes(request),
      ...(mirror.asksForCertificate ? certificateNotes({ ...mirror, asksForPassword: false }, FILES) : []),
    ],
  }
}

function accessOf(mirror: NodeMirror): object | undefined {
  const tls = {
    ...(mirror.authorityCertificate !== undefined && { ca_file: FILES.ca }),
    ...(mirror.asksForCertificate && { cert_file: FILES.certificate, key_file: FILES.key }),
  }
  const access = {
    ...(mirror.asksForPassword && { auth: { username: USER, password: PASSWORD } }),
    ...(Object.keys(tls).length > 0 && { tls }),
  }
  return Object.keys(access).length === 0 ? undefined : access
}
