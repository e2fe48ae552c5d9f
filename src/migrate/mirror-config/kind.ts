import { stringify } from 'yaml'
import type { NodeConfig } from '../node-config/node-config.ts'
import { certificateNotes, hostsFile, type TrustFiles } from './containerd.ts'
import { type MirrorRequest, mirrorNotes } from './node-mirror.ts'

const FILE = 'kind.yaml'
const HERE = './certs.d'
const THERE = '/etc/containerd/certs.d'
const FILES: TrustFiles = {
  ca: `${THERE}/mirror-ca.crt`,
  certificate: `${THERE}/mirror-client.crt`,
  key: `${THERE}/mirror-client.key`,
}

/** A node of kind is a container with a containerd in it: the folder with its `hosts.toml` files is mounted there. */
export function kindMirror(request: MirrorRequest): NodeConfig {
  const { mirror, version, noFallback = false } = request
  const isOld = version !== undefined && version.compare('0.27.0-0') < 0
  const patch = `[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "${THERE}"\n`
  const cluster = {
    kind: 'Cluster',
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    ...(isOld && { containerdConfigPatches: [patch] }),
    nodes: [
      { role: 'control-plane', extraMounts: [{ hostPath: HERE, containerPath: THERE, readOnly: true }] },
    ],
  }
  return {
    settings: [
      { file: FILE, whole: true, content: stringify(cluster) },
      ...mirror.registries.map((registry) => hostsFile(HERE, registry, mirror, noFallback, FILES)),
      ...(mirror.authorityCertificate === undefined
        ? []
        : [{ file: FILES.ca.replace(THERE, HERE), whole: true, content: mirror.authorityCertificate }]),
    ],
    apply: [`kind create cluster --config ${FILE}`],
    check: ['docker exec kind-control-plane crictl pull registry.k8s.io/pause:3.10'],
    undo: ['kind delete cluster'],
    notes: [
      'the folder is taken from where kind is run; each further node needs the same extraMounts',
      ...(version === undefined
        ? [
            `kind before 0.27 needs config_path = "${THERE}" by containerdConfigPatches too: --tool-version prints it`,
          ]
        : []),
      ...certificateNotes(mirror, {
        ...FILES,
        certificate: FILES.certificate.replace(THERE, HERE),
        key: FILES.key.replace(THERE, HERE),
      }),
      ...mirrorNotes(request),
      'the images of Kubernetes itself are in the node image, and are not pulled',
    ],
  }
}
