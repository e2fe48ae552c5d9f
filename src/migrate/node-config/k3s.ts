import { stringify } from 'yaml'
import {
  fallbackNote,
  movesOf,
  type NodeConfig,
  type NodeConfigRequest,
  nothingToSet,
  partNotes,
  pauseImage,
  renameNotes,
  splitHost,
  splitMoves,
} from './node-config.ts'

const FILE = '/etc/rancher/k3s/registries.yaml'
const CONFIG = '/etc/rancher/k3s/config.yaml'

/**
 * k3s and RKE2 write containerd's mirrors from `registries.yaml`; `rewrite` puts a path before repositories, where a
 * path at the endpoint would be asked without `/v2`. `tool-version` is that of Kubernetes, as theirs are.
 */
export function k3sConfig(request: NodeConfigRequest): NodeConfig {
  const { moves, notes } = movesOf(request)
  const { hosts, parts } = splitMoves(moves)
  const pause = pauseImage({ ...request, ...(request.version && { kubernetes: request.version }) })
  const allNotes = [
    'RKE2 reads /etc/rancher/rke2/registries.yaml, and its units are rke2-server and rke2-agent; agents of k3s are k3s-agent',
    request.noFallback
      ? 'disable-default-registry-endpoint is for the registries above alone, since k3s 1.26.13, 1.27.10, 1.28.6 and 1.29.1'
      : fallbackNote(request),
    'k3s pulls its own pause image from docker.io: pause-image in config.yaml sets another',
    ...pause.notes,
    ...partNotes(parts, 'k3s'),
    ...renameNotes(hosts),
    ...notes,
  ]
  if (hosts.length === 0) return nothingToSet(allNotes)
  const config = {
    ...(pause.image !== undefined && { 'pause-image': pause.image }),
    ...(request.noFallback && { 'disable-default-registry-endpoint': true }),
  }
  return {
    settings: [
      {
        file: FILE,
        whole: false,
        content: stringify({ mirrors: Object.fromEntries(hosts.map(mirrorEntry)) }),
      },
      ...(Object.keys(config).length === 0
        ? []
        : [{ file: CONFIG, whole: false, content: stringify(config) }]),
    ],
    apply: ['systemctl restart k3s'],
    check: ['portolan node-config --check', `k3s crictl pull ${hosts[0]!.from}/pause:3.9`],
    undo: [`# take the keys out of ${FILE} and ${CONFIG} again`, 'systemctl restart k3s'],
    notes: allNotes,
  }
}

function mirrorEntry({ from, to }: { readonly from: string; readonly to: string }) {
  const [host, path] = splitHost(to)
  return [
    from,
    { endpoint: [`https://${host}`], ...(path !== '' && { rewrite: { '^(.*)$': `${path}/$1` } }) },
  ] as const
}
