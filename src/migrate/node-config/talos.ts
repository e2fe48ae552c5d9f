import { stringify } from 'yaml'
import type { Move } from '../map-data.ts'
import {
  apiUrl,
  fallbackNote,
  movesOf,
  type NodeConfig,
  type NodeConfigRequest,
  nothingToSet,
  partNotes,
  renameNotes,
  splitMoves,
} from './node-config.ts'

const FILE = 'registry-mirrors.yaml'

/**
 * Talos writes containerd's mirrors from its machine config: `machine.registries.mirrors`, and a document for each
 * registry since 1.12 (RegistryMirrorConfig). `overridePath` keeps it from putting `/v2` behind a path.
 */
export function talosConfig(request: NodeConfigRequest): NodeConfig {
  const { moves, notes } = movesOf(request)
  const { hosts, parts } = splitMoves(moves)
  const { version, noFallback = false } = request
  const allNotes = [
    ...(version === undefined
      ? [
          'Talos before 1.12 takes the first document, 1.12 and later the others as well; --tool-version chooses',
        ]
      : []),
    fallbackNote(request),
    'the images of Talos itself and of the control plane are set in the machine config: "portolan scan" finds them',
    ...partNotes(parts, 'Talos'),
    ...renameNotes(hosts),
    ...notes,
  ]
  if (hosts.length === 0) return nothingToSet(allNotes)
  const [oldForm, newForm] = [machineConfig(hosts, noFallback), mirrorDocuments(hosts, noFallback)]
  const content =
    version === undefined
      ? [oldForm, newForm].join('---\n')
      : version.compare('1.12.0-0') >= 0
        ? newForm
        : oldForm
  return {
    settings: [{ file: FILE, whole: true, content }],
    apply: [`talosctl patch machineconfig --patch @${FILE} --nodes NODES`],
    check: [
      `portolan node-config --check ${FILE}`,
      `talosctl image pull ${hosts[0]!.from}/pause:3.9 --nodes NODE`,
    ],
    undo: ['# take the mirrors out of the machine config again', 'talosctl edit machineconfig --nodes NODES'],
    notes: allNotes,
  }
}

function machineConfig(hosts: readonly Move[], noFallback: boolean): string {
  const mirrors = hosts.map(({ from, to }) => {
    const { url, overridesPath } = apiUrl(to)
    const mirror = {
      endpoints: [url],
      ...(overridesPath && { overridePath: true }),
      ...(noFallback && { skipFallback: true }),
    }
    return [from, mirror]
  })
  return stringify({ machine: { registries: { mirrors: Object.fromEntries(mirrors) } } })
}

function mirrorDocuments(hosts: readonly Move[], noFallback: boolean): string {
  return hosts
    .map(({ from, to }) => {
      const { url, overridesPath } = apiUrl(to)
      return stringify({
        apiVersion: 'v1alpha1',
        kind: 'RegistryMirrorConfig',
        name: from,
        endpoints: [{ url, ...(overridesPath && { overridePath: true }) }],
        ...(noFallback && { skipFallback: true }),
      })
    })
    .join('---\n')
}
