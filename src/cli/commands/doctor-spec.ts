import { parseDuration } from '../../config/duration.ts'
import { refused } from '../../config/refusal.ts'
import type { Platform } from '../../oci/manifest.ts'
import { parsePlatform } from '../../oci/platform.ts'
import { type ArgumentSpec, defineCommand, type OptionsOf } from '../spec/command-spec.ts'
import { asText, oneOf, type ReadText, switchOption, textOr, value, valueOr } from '../spec/option-spec.ts'
import { jsonOptions, PLATFORM_EXPECTED } from '../spec/shared-options.ts'

const image: ArgumentSpec<string | undefined> = {
  placeholder: '[image]',
  description:
    'what is pulled: [HOST/]NAME[:TAG][@DIGEST] (default: pause of the last Kubernetes release that is known)',
  read: ([word]) => word,
}

const platform: ReadText<Platform> = (text) => parsePlatform(text) ?? refused(PLATFORM_EXPECTED)

/** A step that takes longer than this has failed for any client. */
const timeout: ReadText<number> = (text) => {
  const milliseconds = parseDuration(text)
  return milliseconds !== undefined && milliseconds >= 100 && milliseconds <= 300_000
    ? milliseconds
    : refused('must be a duration from 100ms to 5m')
}

const interval: ReadText<number> = (text) => {
  const milliseconds = parseDuration(text)
  return milliseconds !== undefined && milliseconds >= 1000 && milliseconds <= 86_400_000
    ? milliseconds
    : refused('must be a duration from 1s to 1d')
}

const doorUrl: ReadText<string> = (text) =>
  /^https?:\/\//.test(text) && URL.canParse(text) && new URL(text).origin === text.replace(/\/$/, '')
    ? new URL(text).origin
    : refused('must be http:// or https:// and a host, such as https://registry.example')

const family: ReadText<4 | 6> = Object.assign(
  (text: string) => (text === '4' ? 4 : text === '6' ? 6 : refused('must be one of 4, 6')),
  { choices: ['4', '6'] },
)

export const DOCTOR = defineCommand({
  name: 'doctor',
  description:
    'pull an image as the runtime of this machine would, step by step, and say what keeps it from working: which host, whose it is, what to do; or explain what was printed when a pull failed',
  argument: image,
  options: {
    error: value(
      '<text>',
      'try nothing, and explain what was printed: one message, or lines of a log or of kubectl describe; - for standard input; ends with 1 where nothing of it is known',
      asText,
    ),
    runtime: value(
      '<name>',
      "by whose settings: its mirrors, its unit's proxy, its certificates; shell is no runtime's, but this environment (default: the one that is installed)",
      oneOf(['containerd', 'crio', 'docker', 'podman', 'shell'] as const),
    ),
    door: value('<url>', 'from this door or registry, whatever the settings say', doorUrl),
    family: value('<version>', 'over this version of IP alone (default: both, each by itself)', family),
    platform: value('<os/arch>', 'for machines of another kind than this', platform),
    timeout: valueOr('<duration>', 'how long each step may take', timeout, ['10s', 10_000]),
    root: textOr('<folder>', 'where the settings of the machine are, such as /host in a pod', '/'),
    allowlist: switchOption('print the hosts and ports that the pull has asked for, and why each'),
    compare: value(
      '<file or url>',
      'say what is otherwise here than on a machine that works: what doctor --json has printed there',
      asText,
    ),
    watch: value(
      '<duration>',
      'try again after so long, and say when something has changed, until Ctrl-C; with --json a line of JSON each time',
      interval,
    ),
    ...jsonOptions('print all of it as JSON: facts, checks, hosts and the summary; with --error, the causes'),
  },
  rules: [
    { kind: 'exclude', options: ['watch', 'allowlist'], why: 'a list of hosts is of one pull' },
    { kind: 'exclude', options: ['watch', 'compare'], why: 'one pull is compared' },
    {
      kind: 'check',
      fault({ error, runtime, door, family, platform, allowlist, compare, watch }, image) {
        const tried = [image, runtime, door, family, platform, compare, watch]
        const tries = tried.some((one) => one !== undefined) || allowlist
        return error !== undefined && tries
          ? '--error explains a text and tries nothing: give it alone'
          : undefined
      },
    },
  ],
  examples: [
    'portolan doctor',
    'portolan doctor registry.example/web:1 --runtime containerd',
    'portolan doctor pause:3.10 --door https://registry.example --allowlist',
    'portolan doctor registry.k8s.io/pause:3.10 --root /host --json',
    'portolan doctor registry.example/web:1 --compare good-node.json',
    'portolan doctor registry.example/web:1 --watch 30s',
    'crictl pull registry.example/web:1 2>&1 | portolan doctor --error -',
    'kubectl describe pod web-1 | portolan doctor --error -',
    'journalctl -u kubelet -u containerd --since -1h | portolan doctor --error - --json',
  ],
})

export type DoctorOptions = OptionsOf<typeof DOCTOR>
