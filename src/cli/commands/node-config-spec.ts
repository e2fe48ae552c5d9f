import { refused } from '../../config/refusal.ts'
import { any, defineCommand, type OptionsOf } from '../spec/command-spec.ts'
import { asText, offSwitch, oneOf, type ReadText, switchOption, value } from '../spec/option-spec.ts'
import { jsonOptions, mapBothWays } from '../spec/shared-options.ts'

/** Whose settings can be printed; a test holds this against what prints them. */
export const PRINTED = [
  ...(['containerd', 'crio', 'kubeadm', 'kubelet', 'cri-dockerd', 'docker', 'k3s'] as const),
  ...(['talos', 'kops', 'openshift', 'helm'] as const),
]
/** Whose settings for a mirror can be printed; a test holds this against what prints them. */
export const PRINTED_FOR_MIRROR = [
  ...(['containerd', 'crio', 'docker', 'k3s', 'talos', 'kind', 'kops', 'openshift'] as const),
]
/** Whose settings are only checked. */
const CHECKED = ['rke2', 'k0s', 'microk8s'] as const
/** Whose settings are in well-known places of a machine; a test holds this against what checks them. */
export const ON_MACHINES: readonly string[] = [
  ...['containerd', 'crio', 'docker', 'kubelet', 'kubeadm', 'cri-dockerd', 'k3s', 'rke2', 'k0s', 'microk8s'],
]

const version: ReadText<string> = (text) =>
  /^v?[0-9]+(?:\.[0-9A-Za-z.+-]*)?$/.test(text) ? text : refused('is not a version, such as 1.31 or v1.7.2')

/** Takes a URL that has a host and nothing behind it. */
const mirrorUrl: ReadText<string> = (text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isPlain =
    url !== undefined && ['http:', 'https:'].includes(url.protocol) && url.origin === text.replace(/\/$/, '')
  return isPlain
    ? url.origin
    : refused('must be http:// or https:// and a host, such as https://mirror.example:5000')
}

export const NODE_CONFIG = defineCommand({
  name: 'node-config',
  description: 'print the settings that make a tool use the new names, or check those that a machine has',
  argument: any('path', 'with --check: files to look at, instead of the settings of a machine'),
  options: {
    for: value('<tool>', 'whose settings', oneOf([...PRINTED, 'kind', ...CHECKED])),
    ...mapBothWays,
    config: value('<file>', 'the config of a mirror: the settings that send pulls to it', asText, {
      short: '-c',
    }),
    mirror: value('<url>', 'with --config: where machines reach that mirror', mirrorUrl),
    mirrorCa: value(
      '<file>',
      'with --config: the certificate (PEM) of the authority by which machines know the mirror',
      asText,
    ),
    toolVersion: value('<version>', 'the version of the tool', version),
    kubernetesVersion: value('<version>', 'of the machine: says which pause image belongs to it', version),
    fallback: offSwitch(
      'ask the mirror alone; with --check: a mirror that is not the last one asked is a finding',
    ),
    check: switchOption('instead of printing: say whether the settings that are there are really used'),
    root: value('<folder>', 'where the machine of --check is (default: /)', asText),
    ...jsonOptions(),
  },
  rules: [
    {
      kind: 'need',
      option: 'config',
      needs: 'mirror',
      why: 'a config does not say by which name machines reach it',
    },
    { kind: 'need', option: 'mirror', needs: 'config', why: 'that says what the mirror is one of' },
    { kind: 'need', option: 'mirrorCa', needs: 'mirror', why: 'it is of that mirror' },
    {
      kind: 'exclude',
      options: ['config', 'map'],
      why: 'the config says what goes where, and so does a map',
    },
    {
      kind: 'exclude',
      options: ['config', 'revert'],
      why: 'a mirror has no way back: see what "undo" prints',
    },
    {
      kind: 'check',
      fault({ check, for: tool, root, map, revert, toolVersion, config }, paths) {
        if (check) {
          if (map !== undefined || revert)
            return '--map and --revert are for printing settings: not with --check'
          if (paths.length > 0)
            return root === undefined
              ? undefined
              : '--check looks at files or at a machine: name paths or --root'
          if (tool !== undefined && !ON_MACHINES.includes(tool))
            return `the settings of ${tool} are in no place of a machine: name files with --check`
          return toolVersion !== undefined && tool === undefined
            ? '--tool-version is of one tool: name it with --for'
            : undefined
        }
        if (paths.length > 0) return `--check looks at files: give it with ${paths[0]}`
        if (root !== undefined) return '--root is where the machine of --check is: use it with --check'
        const all: readonly string[] = config === undefined ? PRINTED : PRINTED_FOR_MIRROR
        const printed = all.join(', ')
        if (tool === undefined) return `name whose settings to print with --for (${printed}), or --check`
        if (all.includes(tool)) return undefined
        if (config !== undefined && PRINTED.some((one) => one === tool))
          return `${tool} pulls nothing itself: --for takes ${printed} with --config`
        const message =
          tool === 'kind'
            ? `the settings of kind are for a mirror alone: give --config and --mirror, or --for ${printed}`
            : `the settings of ${tool} are only checked, not printed: --for takes ${printed}`
        return tool === 'rke2' ? `${message}; those of k3s are for RKE2 too` : message
      },
    },
  ],
  examples: [
    'portolan node-config --for containerd --tool-version 2.1',
    'portolan node-config --for kubeadm --tool-version 1.24.3',
    'portolan node-config --for crio --map mirror.yaml --no-fallback',
    'portolan node-config --for containerd --config mirror.yaml --mirror https://mirror.example:5000',
    'portolan node-config --check',
    'portolan node-config --check --root /mnt/node --for containerd --tool-version 2.1',
    'portolan node-config --check talos.yaml cluster.yaml',
  ],
})

export type NodeConfigOptions = OptionsOf<typeof NODE_CONFIG>
