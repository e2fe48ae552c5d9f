import {
  type NodeConfig,
  type NodeConfigRequest,
  pauseImage,
  pauseNotes,
  renameNotes,
} from './node-config.ts'

const PAUSE = '/etc/crio/crio.conf.d/50-pause.conf'
const REGISTRIES = '/etc/containers/registries.conf.d/50-moved.conf'

/** CRI-O, Podman and Buildah pull by containers-registries.conf(5), which knows prefixes with paths. */
export function crioConfig({ data }: NodeConfigRequest): NodeConfig {
  const moves = data.moves.filter(({ from, to }) => from !== to)
  const plain = moves.filter(({ from }) => !from.includes('*'))
  const patterns = moves.filter(({ from }) => from.includes('*')).map(({ from }) => from)
  const pause = pauseImage(data)
  const registries = plain.map(({ from, to }) =>
    [
      '[[registry]]',
      `prefix = "${from}"`,
      `location = "${from}"`,
      '',
      '[[registry.mirror]]',
      `location = "${to}"`,
      '',
    ].join('\n'),
  )
  return {
    settings: [
      ...(pause === undefined
        ? []
        : [{ file: PAUSE, whole: true, content: `[crio.image]\npause_image = "${pause}"\n` }]),
      { file: REGISTRIES, whole: true, content: registries.join('\n') },
    ],
    apply: ['systemctl restart crio'],
    check: [
      'crio status config | grep pause_image',
      ...plain.slice(0, 1).map(({ from }) => `crictl pull ${from}/pause:3.9`),
    ],
    undo: [...(pause === undefined ? [] : [`rm ${PAUSE}`]), `rm ${REGISTRIES}`, 'systemctl restart crio'],
    notes: [
      'Podman and Buildah read the second file too, and need no restart',
      'the old name is asked when the new one does not answer',
      ...pauseNotes(pause),
      ...(patterns.length > 0
        ? [`a prefix may not have * there, so that nothing is set for ${patterns.join(', ')}`]
        : []),
      ...renameNotes(plain),
    ],
  }
}
