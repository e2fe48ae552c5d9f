import type { Move } from '../map-data.ts'
import {
  fallbackNote,
  movesOf,
  type NodeConfig,
  type NodeConfigRequest,
  pauseImage,
  renameNotes,
} from './node-config.ts'

const PAUSE = '/etc/crio/crio.conf.d/50-pause.conf'
const REGISTRIES = '/etc/containers/registries.conf.d/50-moved.conf'

/** CRI-O, Podman and Buildah pull by containers-registries.conf(5), which knows prefixes with paths. */
export function crioConfig(request: NodeConfigRequest): NodeConfig {
  const { moves, notes } = movesOf(request)
  const plain = moves.filter(({ from }) => !from.includes('*'))
  const patterns = moves.filter(({ from }) => from.includes('*')).map(({ from }) => from)
  const pause = pauseImage(request)
  return {
    settings: [
      ...(pause.image === undefined
        ? []
        : [{ file: PAUSE, whole: true, content: `[crio.image]\npause_image = "${pause.image}"\n` }]),
      {
        file: REGISTRIES,
        whole: true,
        content: plain.map((move) => registryTable(move, request.noFallback ?? false)).join('\n'),
      },
    ],
    apply: ['systemctl restart crio'],
    check: [
      'portolan node-config --check',
      'crio status config | grep pause_image',
      ...plain.slice(0, 1).map(({ from }) => `crictl pull ${from}/pause:3.9`),
    ],
    undo: [
      ...(pause.image === undefined ? [] : [`rm ${PAUSE}`]),
      `rm ${REGISTRIES}`,
      'systemctl restart crio',
    ],
    notes: [
      'Podman and Buildah read the second file too, and need no restart',
      'a later file that has the same prefix takes the place of this one, its mirrors included',
      fallbackNote(request),
      ...pause.notes,
      ...(patterns.length > 0
        ? [`a prefix may not have * there, so that nothing is set for ${patterns.join(', ')}`]
        : []),
      ...renameNotes(plain),
      ...notes,
    ],
  }
}

/** `blocked` keeps the registry itself from being asked; its mirrors are asked all the same. */
function registryTable({ from, to }: Move, noFallback: boolean): string {
  return [
    '[[registry]]',
    `prefix = "${from}"`,
    `location = "${from}"`,
    ...(noFallback ? ['blocked = true'] : []),
    '',
    '[[registry.mirror]]',
    `location = "${to}"`,
    '',
  ].join('\n')
}
