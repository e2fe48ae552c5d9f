import {
  type NodeConfig,
  type NodeConfigRequest,
  type NodeSetting,
  partNotes,
  pauseImage,
  pauseNotes,
  renameNotes,
  splitHost,
  splitMoves,
} from './node-config.ts'

const CONFIG = '/etc/containerd/config.toml'
const HOSTS = '/etc/containerd/certs.d'

/**
 * containerd reads `certs.d/HOST/hosts.toml` (docs/hosts.md of containerd), once its config names that folder. Version
 * 2 has a config of version 3, whose plugins have other names; it reads those of version 2 as well.
 */
export function containerdConfig({ data, version }: NodeConfigRequest): NodeConfig {
  const { hosts, parts } = splitMoves(data)
  const pause = pauseImage(data)
  const configs =
    version === undefined
      ? [configV2(pause), configV3(pause)]
      : [version.major >= 2 ? configV3(pause) : configV2(pause)]
  return {
    settings: [
      ...configs,
      ...hosts.map(({ from, to }) => ({
        file: `${HOSTS}/${from}/hosts.toml`,
        whole: true,
        content: hostsToml(from, to),
      })),
    ],
    apply: ['systemctl restart containerd'],
    check: [
      `containerd config dump | grep -E "config_path|sandbox"`,
      ...hosts.slice(0, 1).map(({ from }) => `crictl pull ${from}/pause:3.9`),
    ],
    undo: [
      ...hosts.map(({ from }) => `rm ${HOSTS}/${from}/hosts.toml`),
      `# set the sandbox image in ${CONFIG} back to what it was`,
      'systemctl restart containerd',
    ],
    notes: [
      ...(version === undefined
        ? [
            'containerd 1.x takes the config of version 2, containerd 2.x that of version 3: use one; --tool-version chooses',
          ]
        : []),
      `a table that ${CONFIG} has already must not stand there twice: set the keys in it`,
      'hosts.toml is read at every pull; only config.toml needs the restart',
      'the old name is asked when the new one does not answer',
      ...pauseNotes(pause),
      ...partNotes(parts, 'containerd'),
      ...renameNotes(hosts),
    ],
  }
}

function configV2(pause: string | undefined): NodeSetting {
  const cri = 'plugins."io.containerd.grpc.v1.cri"'
  const content = [
    'version = 2',
    ...(pause === undefined ? [] : [`[${cri}]`, `  sandbox_image = "${pause}"`]),
    `[${cri}.registry]`,
    `  config_path = "${HOSTS}"`,
  ]
  return { file: CONFIG, whole: false, content: `${content.join('\n')}\n` }
}

function configV3(pause: string | undefined): NodeSetting {
  const images = `plugins.'io.containerd.cri.v1.images'`
  const content = [
    'version = 3',
    ...(pause === undefined ? [] : [`[${images}.pinned_images]`, `  sandbox = '${pause}'`]),
    `[${images}.registry]`,
    `  config_path = '${HOSTS}'`,
  ]
  return { file: CONFIG, whole: false, content: `${content.join('\n')}\n` }
}

/** With `override_path` containerd asks below the path as it is, where it would have put `/v2` behind it. */
function hostsToml(from: string, to: string): string {
  const [host, path] = splitHost(to)
  const lines = [
    `server = "https://${from}"`,
    '',
    `[host."https://${host}${path === '' ? '' : `/v2/${path}`}"]`,
    '  capabilities = ["pull", "resolve"]',
    ...(path === '' ? [] : ['  override_path = true']),
  ]
  return `${lines.join('\n')}\n`
}
