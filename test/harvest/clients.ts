import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type InstalledContainerd, installedContainerds } from '../support/containerd.ts'
import { type Daemon, startDaemon } from '../support/daemon.ts'
import { findProgram, findPrograms, type Ran, run } from '../support/programs.ts'
import type { Setting } from './faults.ts'

/** A program that pulls, and says so when it cannot. */
export interface Client {
  readonly name: string
  readonly version: string
  /** How many pulls it can do at once without mixing up what it says. */
  readonly lanes: number
  /** The ids of those that it is tried with, instead of all. */
  readonly faults?: readonly string[]
  /** Starts what it needs in a folder of its own; `environment` is that of all its processes. */
  open(folder: string, setting: Setting, environment: NodeJS.ProcessEnv): Promise<OpenClient>
}

export interface OpenClient extends AsyncDisposable {
  /** All that it prints about a pull that fails, and its daemon's log of it; `undefined` where it does not fail. */
  pull(image: string): Promise<Printed | undefined>
}

export interface Printed {
  readonly text: string
  /** Lines of the log of its daemon, as a journal has them. */
  readonly log?: string
}

/** What waits longer says nothing that is worth it, in milliseconds. */
const LONGEST = 110_000
/** How much of what was printed is kept: what was said last stands at the end, before it are tries and pages. */
const TEXT_MAX = 1500

/** Their processes share locks, wherever they keep what they pull. */
const ALONE = ['podman', 'buildah']

/** Progress, and what this machine's settings make programs say of themselves. */
const NOISE =
  /^elapsed: |: +(?:resolving|resolved|waiting|downloading|done|exists|committing|unpacking) |crictl\.yaml|DEPRECATION: .* cgroup v1/

type Words = (image: string, target: string, setting: Setting) => readonly string[]

const TOOLS: readonly { name: string; words: Words }[] = [
  {
    name: 'skopeo',
    words: (image, target) => ['--command-timeout=40s', 'copy', `docker://${image}`, `dir:${target}`],
  },
  {
    name: 'podman',
    words: (image, target) => [...storage(target), '--storage-driver', 'vfs', 'pull', image],
  },
  {
    name: 'buildah',
    words: (image, target) => [...storage(target), '--storage-driver', 'vfs', 'from', image],
  },
  {
    name: 'crane',
    words: (image, target) => ['pull', '--format=oci', image, target],
  },
  {
    name: 'oras',
    words: (image, target, setting) => [
      ...['copy', '--no-tty', ...(setting === 'plain' ? ['--from-plain-http'] : [])],
      ...[image, '--to-oci-layout', `${target}:pulled`],
    ],
  },
  {
    name: 'regctl',
    words: (image, target, setting) => [
      ...(setting === 'plain' ? ['--host', `reg=${image.split('/')[0]},tls=disabled`] : []),
      ...['image', 'copy', image, `ocidir://${target}:pulled`],
    ],
  },
  {
    name: 'helm',
    words: (image, target, setting) => [
      ...['pull', `oci://${image.replace(/:1\.0$/, '')}`, '--version', '1.0.0', '--destination', target],
      ...(setting === 'plain' ? ['--plain-http'] : []),
    ],
  },
  {
    name: 'cosign',
    words: (image, target) => ['save', '--dir', target, image],
  },
]

const storage = (folder: string) => ['--root', join(folder, 'root'), '--runroot', join(folder, 'run')]

/** Every client that is on this machine. */
export async function findClients(): Promise<readonly Client[]> {
  const tools = await Promise.all(
    TOOLS.map(async ({ name, words }) => {
      const program = findProgram(name)
      return program === undefined ? [] : [toolClient(name, program, await versionOf(program), words)]
    }),
  )
  const runtimes = findProgram('crictl') === undefined ? [] : await installedContainerds()
  const docker = findPrograms('docker', 'dockerd', 'containerd')
  return [
    ...tools.flat(),
    ...runtimes.map(criClient),
    // Later ones make the network of a pod before they pull its image.
    ...runtimes.filter(({ version }) => version.major < 2).map(sandboxClient),
    ...(await Promise.all(runtimes.map(ctrClient))).flat(),
    ...(docker.missing === undefined ? [await dockerClient()] : []),
  ]
}

function toolClient(name: string, program: string, version: string, words: Words): Client {
  return {
    ...{ name, version, lanes: ALONE.includes(name) ? 1 : 4 },
    async open(folder, setting, environment) {
      let pulls = 0
      return {
        async pull(image) {
          const target = join(folder, `${++pulls}`)
          if (name === 'helm') await mkdir(target)
          const ran = await run(program, words(image, target, setting), {
            timeout: LONGEST,
            env: { ...environment, HOME: folder, TMPDIR: folder },
          })
          await rm(target, { recursive: true, force: true })
          return printed(ran, folder)
        },
        async [Symbol.asyncDispose]() {},
      }
    },
  }
}

function criClient({ program, version }: InstalledContainerd): Client {
  return {
    name: `containerd ${version.major}.${version.minor}`,
    version: version.version,
    lanes: 1,
    async open(folder, _, environment) {
      const { socket, daemon } = await startContainerd(program, version.major, folder, environment)
      return {
        async pull(image) {
          const from = daemon.log.length
          const endpoint = [`--image-endpoint=unix://${socket}`, `--runtime-endpoint=unix://${socket}`]
          const words = ['--timeout=100s', ...endpoint, 'pull', '--pull-timeout=100s', image]
          const ran = await run(findProgram('crictl')!, words, { timeout: LONGEST })
          const log = daemon.log.slice(from).split('\n')
          return printed(
            ran,
            folder,
            log.filter((line) => line.includes('level=error')),
          )
        },
        [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
      }
    },
  }
}

/** The image that each pod begins with, which kubelet has the runtime pull before any other. */
function sandboxClient({ program, version }: InstalledContainerd): Client {
  return {
    name: `sandbox ${version.major}.${version.minor}`,
    version: version.version,
    lanes: 1,
    faults: ['no-such-name', 'dropped', 'unknown-authority', 'html-403', 'manifest-unknown', 'limit'],
    async open(folder, _, environment) {
      const pod = join(folder, 'pod.json')
      await writeFile(
        pod,
        JSON.stringify({ metadata: { name: 'web', namespace: 'shop', uid: 'u1', attempt: 0 } }),
      )
      return {
        async pull(image) {
          const { socket, daemon } = await startContainerd(program, version.major, folder, environment, image)
          await using _running = daemon
          const words = [`--runtime-endpoint=unix://${socket}`, '--timeout=100s', 'runp', pod]
          return printed(await run(findProgram('crictl')!, words, { timeout: LONGEST }), folder)
        },
        async [Symbol.asyncDispose]() {},
      }
    },
  }
}

/** By ctr, which pulls by itself: of the version of each containerd, where it is there. */
async function ctrClient({ program, version }: InstalledContainerd): Promise<readonly Client[]> {
  const ctr = process.env[`CTR_${version.major}`] ?? findProgram('ctr')
  if (ctr === undefined) return []
  const own = await versionOf(ctr)
  if (!own.startsWith(`${version.major}.`)) return []
  return [
    {
      name: `ctr ${version.major}.${version.minor}`,
      version: own,
      lanes: 4,
      async open(folder, setting, environment) {
        const { socket, daemon } = await startContainerd(program, version.major, folder, environment)
        const plain = setting === 'plain' ? ['--plain-http'] : []
        return {
          async pull(image) {
            const pull = ['images', 'pull', '--local', '--snapshotter=native', ...plain, image]
            const words = [
              '--address',
              socket,
              ...pull.filter((word) => version.major > 1 || word !== '--local'),
            ]
            return printed(await run(ctr, words, { timeout: LONGEST, env: environment }), folder)
          },
          [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
        }
      },
    },
  ]
}

async function startContainerd(
  program: string,
  major: number,
  folder: string,
  environment: NodeJS.ProcessEnv,
  sandbox = 'sound.example/pause:3.10',
) {
  const config = join(folder, 'config.toml')
  const socket = join(folder, 'c.sock')
  await writeFile(config, major > 1 ? config3(sandbox) : config2(sandbox))
  const daemon = await startDaemon(
    'env',
    [
      ...differences(environment),
      program,
      ...['--config', config, '--root', join(folder, 'root'), '--state', join(folder, 'state')],
      ...['--address', socket],
    ],
    'containerd successfully booted',
  )
  return { socket, daemon }
}

const config2 = (sandbox: string) => `version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${sandbox}"
[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "native"
`
const config3 = (sandbox: string) => `version = 3
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "native"
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "${sandbox}"
[[plugins."io.containerd.transfer.v1.local".unpack_config]]
  platform = "linux/${process.arch === 'x64' ? 'amd64' : process.arch}"
  snapshotter = "native"
`

async function dockerClient(): Promise<Client> {
  const { docker, dockerd } = findPrograms('docker', 'dockerd').found
  return {
    name: 'docker',
    version: await versionOf(dockerd),
    lanes: 1,
    async open(folder, _, environment) {
      const config = join(folder, 'daemon.json')
      await writeFile(config, '{}')
      const socket = `unix://${join(folder, 'd.sock')}`
      const daemon: Daemon = await startDaemon(
        'env',
        [
          ...differences(environment),
          dockerd,
          ...['--iptables=false', '--ip6tables=false', '--bridge=none', '--storage-driver=vfs'],
          ...['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')],
          ...['--pidfile', join(folder, 'd.pid'), '--host', socket, '--config-file', config],
        ],
        'API listen on',
      )
      return {
        async pull(image) {
          const from = daemon.log.length
          const ran = await run(docker, ['--host', socket, 'pull', image], {
            timeout: LONGEST,
            env: { ...process.env, HOME: folder },
          })
          const log = daemon.log.slice(from).split('\n')
          return printed(
            ran,
            folder,
            log.filter((line) => line.includes('level=error')),
          )
        },
        [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
      }
    },
  }
}

/** What is to be said to a program that is started as it would be by itself. */
function differences(environment: NodeJS.ProcessEnv): string[] {
  return Object.entries(environment)
    .filter(([key, value]) => value !== process.env[key])
    .map(([key, value]) => `${key}=${value}`)
}

/** What a program says of itself. */
export async function versionOf(program: string): Promise<string> {
  for (const word of ['--version', 'version']) {
    const { code, stdout, stderr } = await run(program, [word])
    const version = /\d+\.\d+(?:\.\d+)?/.exec(stdout.toString() + stderr)?.[0]
    if (code === 0 && version !== undefined) return version
  }
  return 'unknown'
}

/** What was printed without the folder's name, which is another one each time; `undefined` for a pull that succeeded. */
export function printed(
  { code, stdout, stderr }: Ran,
  folder: string,
  log: readonly string[] = [],
): Printed | undefined {
  if (code === 0) return undefined
  const clean = (text: string) =>
    text
      .replaceAll(folder, '/tmp/pull')
      .split(/\r?\n/)
      .filter((line) => !NOISE.test(line))
      .reduceRight((kept, line) => (kept.length + line.length < TEXT_MAX ? `${line}\n${kept}` : kept), '')
      .trim()
  const text = clean(code === null ? '' : `${stdout}${stderr}`)
  return { text, ...(log.length > 0 && { log: clean(log.join('\n')) }) }
}
