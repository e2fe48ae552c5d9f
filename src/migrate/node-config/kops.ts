import { stringify } from 'yaml'
import {
  apiUrl,
  movesOf,
  type NodeConfig,
  type NodeConfigRequest,
  nothingToSet,
  partNotes,
  renameNotes,
  splitMoves,
} from './node-config.ts'

/** kOps writes containerd's mirrors from `spec.containerd.registryMirrors` of the cluster. */
export function kopsConfig(request: NodeConfigRequest): NodeConfig {
  const { moves, notes } = movesOf(request)
  const { hosts, parts } = splitMoves(moves)
  const allNotes = [
    'spec.assets.containerProxy is another way: it puts the images that kOps deploys itself under one host, and no others',
    'the registry itself is asked too when the mirror does not answer',
    'a mirror below a path is written with /v2 in front of it: containerd takes the path of registryMirrors as it is',
    ...partNotes(parts, 'kOps'),
    ...renameNotes(hosts),
    ...notes,
  ]
  if (hosts.length === 0) return nothingToSet(allNotes)
  if (request.noFallback) {
    const note =
      'registryMirrors always leave the registry itself as the last one, so that nothing is set with --no-fallback'
    return nothingToSet([note, ...partNotes(parts, 'kOps')])
  }
  const registryMirrors = Object.fromEntries(hosts.map(({ from, to }) => [from, [apiUrl(to).url]]))
  return {
    settings: [
      {
        file: 'cluster.yaml',
        whole: false,
        content: stringify({ spec: { containerd: { registryMirrors } } }),
      },
    ],
    apply: ['kops replace -f cluster.yaml', 'kops update cluster --yes', 'kops rolling-update cluster --yes'],
    check: [
      'portolan node-config --check cluster.yaml',
      'kops get cluster -o yaml | grep -A 3 registryMirrors',
    ],
    undo: [
      '# take spec.containerd.registryMirrors out again',
      'kops edit cluster',
      'kops update cluster --yes',
      'kops rolling-update cluster --yes',
    ],
    notes: allNotes,
  }
}
