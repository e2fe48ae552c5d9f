import { stringify } from 'yaml'
import type { Move } from '../map-data.ts'
import {
  fallbackNote,
  movesOf,
  type NodeConfig,
  type NodeConfigRequest,
  nothingToSet,
  renameNotes,
} from './node-config.ts'

const FILE = 'image-mirrors.yaml'
const NAME = 'moved'

/**
 * OpenShift (since 4.13) writes CRI-O's mirrors from two kinds of objects: one is for references by tag, the other for
 * those by digest, and neither is for the other's.
 */
export function openshiftConfig(request: NodeConfigRequest): NodeConfig {
  const { moves, notes } = movesOf(request)
  const plain = moves.filter(({ from }) => !from.includes('*'))
  const patterns = moves.filter(({ from }) => from.includes('*')).map(({ from }) => from)
  const allNotes = [
    fallbackNote(request),
    'each node drains and its CRI-O restarts: the machine config operator takes its time',
    'the older ImageContentSourcePolicy is for digests alone, and must not stand beside these',
    ...(patterns.length > 0
      ? [`a source may not have * there, so that nothing is set for ${patterns.join(', ')}`]
      : []),
    ...renameNotes(plain),
    ...notes,
  ]
  if (plain.length === 0) return nothingToSet(allNotes)
  return {
    settings: [{ file: FILE, whole: true, content: mirrorSets(plain, request.noFallback ?? false) }],
    apply: [`oc apply -f ${FILE}`, 'oc wait mcp --all --for=condition=Updated --timeout=1h'],
    check: [
      `portolan node-config --check ${FILE}`,
      'oc debug node/NODE -- chroot /host cat /etc/containers/registries.conf',
    ],
    undo: [`oc delete -f ${FILE}`],
    notes: allNotes,
  }
}

function mirrorSets(moves: readonly Move[], noFallback: boolean): string {
  const mirrors = moves.map(({ from, to }) => ({
    source: from,
    mirrors: [to],
    mirrorSourcePolicy: noFallback ? 'NeverContactSource' : 'AllowContactingSource',
  }))
  return ['Tag', 'Digest']
    .map((kind) =>
      stringify({
        apiVersion: 'config.openshift.io/v1',
        kind: `Image${kind}MirrorSet`,
        metadata: { name: NAME },
        spec: { [`image${kind}Mirrors`]: mirrors },
      }),
    )
    .join('---\n')
}
