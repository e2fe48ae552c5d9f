import {
  type NodeConfig,
  type NodeConfigRequest,
  partNotes,
  renameNotes,
  splitHost,
  splitMoves,
} from './node-config.ts'

const FILE = '/etc/rancher/k3s/registries.yaml'

/** k3s and RKE2 write containerd's mirrors from `registries.yaml`; `rewrite` puts a path before repositories. */
export function k3sConfig({ data }: NodeConfigRequest): NodeConfig {
  const { hosts, parts } = splitMoves(data)
  const lines = hosts.flatMap(({ from, to }) => {
    const [host, path] = splitHost(to)
    return [
      `  ${JSON.stringify(from)}:`,
      '    endpoint:',
      `      - "https://${host}"`,
      ...(path === '' ? [] : ['    rewrite:', `      "^(.*)$": ${JSON.stringify(`${path}/$1`)}`]),
    ]
  })
  const notes = [
    'RKE2 reads /etc/rancher/rke2/registries.yaml, and its units are rke2-server and rke2-agent; agents of k3s are k3s-agent',
    'the old name is asked when the new one does not answer',
    'k3s pulls its own pause image from docker.io: pause-image in config.yaml sets another',
    ...partNotes(parts, 'k3s'),
    ...renameNotes(hosts),
  ]
  if (hosts.length === 0) return { settings: [], apply: [], check: [], undo: [], notes }
  return {
    settings: [{ file: FILE, whole: false, content: `mirrors:\n${lines.join('\n')}\n` }],
    apply: ['systemctl restart k3s'],
    check: [`k3s crictl pull ${hosts[0]!.from}/pause:3.9`],
    undo: [`# take the mirrors out of ${FILE} again`, 'systemctl restart k3s'],
    notes,
  }
}
