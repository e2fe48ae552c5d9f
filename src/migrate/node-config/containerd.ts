import {
  apiUrl,
  fallbackNote,
  movesOf,
  type NodeConfig,
  type NodeConfigRequest,
  type NodeSetting,
  type PauseImage,
  partNotes,
  pauseImage,
  renameNotes,
  splitMoves,
} from './node-config.ts'

const CONFIG = '/etc/containerd/config.toml'
/** The folder with a folder for each registry. */
export const HOSTS = '/etc/containerd/certs.d'

/**
 * containerd reads `certs.d/HOST/hosts.toml` (docs/hosts.md of containerd), once its config names that folder. Version
 * 2 has a config of version 3, whose plugins have other names; it reads those of version 2 as well. `config_path` is
 * one folder: containerd 2.1 and later pull through the transfer service, which does not split `a:b`.
 */
export function containerdConfig(request: NodeConfigRequest): NodeConfig {
  const { version, noFallback = false } = request
  const { moves, notes } = movesOf(request)
  const { hosts, parts } = splitMoves(moves)
  const pause = pauseImage(request)
  const base = containerdBase(version, pause)
  return {
    settings: [
      ...base.settings,
      ...hosts.map(({ from, to }) => ({
        file: `${HOSTS}/${from}/hosts.toml`,
        whole: true,
        content: hostsToml(from, to, noFallback),
      })),
    ],
    apply: ['systemctl restart containerd'],
    check: [
      'portolan node-config --check',
      `containerd config dump | grep -E "config_path|sandbox"`,
      ...hosts.slice(0, 1).map(({ from }) => `crictl pull ${from}/pause:3.9`),
    ],
    undo: [
      ...hosts.map(({ from }) => `rm ${HOSTS}/${from}/hosts.toml`),
      `# set the sandbox image in ${CONFIG} back to what it was`,
      'systemctl restart containerd',
    ],
    notes: [
      ...base.notes,
      'hosts.toml is read at every pull; only config.toml needs the restart',
      fallbackNote(request),
      ...pause.notes,
      ...partNotes(parts, 'containerd'),
      ...renameNotes(hosts),
      ...notes,
    ],
  }
}

/** What `config.toml` says, so that `hosts.toml` files are read: of the version that is known, or of both. */
export function containerdBase(
  version: NodeConfigRequest['version'],
  pause: PauseImage = { notes: [] },
): Pick<NodeConfig, 'settings' | 'notes'> {
  const settings =
    version === undefined
      ? [configV2(pause), configV3(pause)]
      : [version.major >= 2 ? configV3(pause) : configV2(pause)]
  const notes = [
    ...(version === undefined
      ? [
          'containerd 1.x takes the config of version 2, containerd 2.x that of version 3: use one; --tool-version chooses',
        ]
      : []),
    `a table that ${CONFIG} has already must not stand there twice: set the keys in it`,
    'registry.mirrors and registry.configs.*.tls must not stand beside config_path: the CRI plugin would not start',
    ...(version === undefined || version.major < 2
      ? [
          'containerd 1.x takes a table of a plugin from the last imported file alone: set all its keys in one file',
        ]
      : []),
    ...(version === undefined || version.compare('2.1.0-0') >= 0
      ? [
          'config_path has to be one folder: of two, as "a:b", containerd 2.1 and later read neither, and two is what their default and EKS have',
        ]
      : []),
  ]
  return { settings, notes }
}

function configV2({ image }: PauseImage): NodeSetting {
  const cri = 'plugins."io.containerd.grpc.v1.cri"'
  const content = [
    'version = 2',
    ...(image === undefined ? [] : [`[${cri}]`, `  sandbox_image = "${image}"`]),
    `[${cri}.registry]`,
    `  config_path = "${HOSTS}"`,
  ]
  return { file: CONFIG, whole: false, content: `${content.join('\n')}\n` }
}

function configV3({ image }: PauseImage): NodeSetting {
  const images = `plugins.'io.containerd.cri.v1.images'`
  const content = [
    'version = 3',
    ...(image === undefined ? [] : [`[${images}.pinned_images]`, `  sandbox = '${image}'`]),
    `[${images}.registry]`,
    `  config_path = '${HOSTS}'`,
  ]
  return { file: CONFIG, whole: false, content: `${content.join('\n')}\n` }
}

/**
 * With `override_path` containerd asks below the path as it is, where it would have put `/v2` behind it. `server` is
 * asked last: naming the mirror there is how the registry itself is left out (docs/hosts.md of containerd). It is named
 * as a host as well, since containerd 1.x drops a file that has none (tried with 1.6.20).
 */
function hostsToml(from: string, to: string, noFallback: boolean): string {
  const { url, overridesPath } = apiUrl(to)
  const settings = ['capabilities = ["pull", "resolve"]', ...(overridesPath ? ['override_path = true'] : [])]
  const upstream = `https://${from === 'docker.io' ? 'registry-1.docker.io' : from}`
  const lines = [
    `server = "${noFallback ? url : upstream}"`,
    ...(noFallback ? settings : []),
    '',
    `[host."${url}"]`,
    ...settings.map((one) => `  ${one}`),
  ]
  return `${lines.join('\n')}\n`
}
