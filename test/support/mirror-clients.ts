import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { containerdMirror } from '../../src/migrate/mirror-config/containerd.ts'
import { crioMirror } from '../../src/migrate/mirror-config/crio.ts'
import type { NodeMirror } from '../../src/migrate/mirror-config/node-mirror.ts'
import type { NodeSetting } from '../../src/migrate/node-config/node-config.ts'
import { type InstalledContainerd, installedContainerds, startContainerd } from './containerd.ts'
import { startDaemon } from './daemon.ts'
import { findPrograms, type Ran, run } from './programs.ts'

/** A program that pulls through a mirror, by the settings that `node-config` prints. */
export interface MirrorClient {
  readonly name: string
  /** Why it cannot be tried here; `undefined` when it can. */
  readonly missing: string | undefined
  /** Whether it can show a certificate of its own: `client.crt` and `client.key` below the folder `mirror` of its own. */
  readonly showsCertificate?: boolean
  /** Pulls `NAME:TAG` of `sample.example`, with nothing but what is in a folder of its own. */
  pull(mirror: NodeMirror, image: string, folder: string): Promise<Ran>
}

/** Whom a mirror lets in that asks. */
export const USER = { name: 'ann', password: 'letmein' } as const
const CREDENTIALS = btoa(`${USER.name}:${USER.password}`)

const REGISTRY = 'sample.example'
const ROOT_ONLY = process.getuid?.() === 0 ? undefined : 'it runs as root only'
/** A pull that hangs is killed, in milliseconds. */
const LONGEST = 60_000

/** More of a containerd's config: unpacks without mounts, which not every machine that runs tests allows. */
const NATIVE = {
  old: '[plugins."io.containerd.grpc.v1.cri".containerd]\n  snapshotter = "native"\n',
  new: `[plugins."io.containerd.cri.v1.images"]
  snapshotter = "native"
[[plugins."io.containerd.transfer.v1.local".unpack_config]]
  platform = "linux/${process.arch === 'x64' ? 'amd64' : process.arch}"
  snapshotter = "native"
`,
} as const

/** Every containerd that is installed, as kubelet asks it; `more` is put into the config of those from 2.0 on. */
export async function containerdMirrorClients(more = ''): Promise<MirrorClient[]> {
  const { missing } = findPrograms('crictl')
  const installed = await installedContainerds()
  if (installed.length === 0) {
    return [{ name: 'containerd', missing: 'not on this machine: containerd', pull: nobody }]
  }
  return installed.map((containerd) => {
    const { major, minor } = containerd.version
    return {
      name: `containerd ${major}.${minor}`,
      missing: missing ?? ROOT_ONLY,
      showsCertificate: true,
      pull: (mirror, image, folder) => pullByContainerd(containerd, mirror, { image, folder, more }),
    }
  })
}

async function pullByContainerd(
  containerd: InstalledContainerd,
  mirror: NodeMirror,
  { image, folder, more }: { readonly image: string; readonly folder: string; readonly more: string },
): Promise<Ran> {
  const { version } = containerd
  const { settings } = containerdMirror({ mirror, version, noFallback: true })
  const files = await writeSettings(settings, '/etc/containerd', folder)
  const config = files.find((file) => file.endsWith('/config.toml'))!
  const added = version.major < 2 ? NATIVE.old : `${NATIVE.new}${more}`
  await writeFile(config, added, { flag: 'a' })
  await using running = await startContainerd(containerd, { folder, config })
  return await running.pull(`${REGISTRY}/${image}`)
}

/** Those that read registries.conf: skopeo by an option, Podman by a variable. */
const { found: tools, missing: noTools } = findPrograms('skopeo')
const { found: podman, missing: noPodman } = findPrograms('podman')
const { found: crane, missing: noCrane } = findPrograms('crane')
const { found: docker, missing: noDocker } = findPrograms('dockerd', 'docker', 'containerd')

/** The settings that CRI-O has, for who reads them by other ways: `registries.conf`, and the file of passwords. */
async function registriesConf(mirror: NodeMirror, folder: string) {
  const { settings } = crioMirror({ mirror, noFallback: true })
  const [conf, ...others] = await writeSettings(settings, '/etc', folder)
  const auth = others.find((file) => file.endsWith('.json'))
  return { conf: conf!, env: { ...process.env, ...(auth !== undefined && { REGISTRY_AUTH_FILE: auth }) } }
}

/** Tools of the command line, and dockerd. */
export const TOOL_MIRROR_CLIENTS: readonly MirrorClient[] = [
  {
    name: 'skopeo',
    missing: noTools,
    async pull(mirror, image, folder) {
      const { conf, env } = await registriesConf(mirror, folder)
      return run(
        tools.skopeo,
        [
          ...['--registries-conf', conf, 'copy', '--quiet'],
          ...[`docker://${REGISTRY}/${image}`, `dir:${join(folder, 'pulled')}`],
        ],
        { env },
      )
    },
  },
  {
    name: 'podman',
    missing: noPodman,
    async pull(mirror, image, folder) {
      const { conf, env } = await registriesConf(mirror, folder)
      return run(
        podman.podman,
        [
          ...['--root', join(folder, 'root'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs'],
          ...['pull', '--quiet', `${REGISTRY}/${image}`],
        ],
        { timeout: LONGEST, env: { ...env, HOME: folder, CONTAINERS_REGISTRIES_CONF: conf } },
      )
    },
  },
  {
    name: 'crane, by the name of the mirror',
    missing: noCrane,
    pull: (mirror, image, folder) =>
      run(crane.crane, [
        ...['pull', '--insecure', '--format=oci', `${mirror.authority}/${REGISTRY}/${image}`],
        join(folder, 'pulled'),
      ]),
  },
  { name: 'dockerd', missing: noDocker ?? ROOT_ONLY, pull: pullByDocker },
]

/** dockerd knows mirrors of Docker Hub alone, by their names: `localhost` stands for it. */
async function pullByDocker({ authority }: NodeMirror, image: string, folder: string): Promise<Ran> {
  const config = join(folder, 'daemon.json')
  const mirror = `http://localhost:${authority.split(':').at(-1)}`
  await writeFile(config, JSON.stringify({ 'registry-mirrors': [mirror] }))
  const socket = `unix://${join(folder, 'd.sock')}`
  await using _daemon = await startDaemon(
    docker.dockerd,
    [
      ...['--iptables=false', '--ip6tables=false', '--bridge=none', '--storage-driver=vfs'],
      ...['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')],
      ...['--pidfile', join(folder, 'd.pid'), '--host', socket, '--config-file', config],
    ],
    'API listen on',
  )
  return await run(docker.docker, ['--host', socket, 'pull', '--quiet', image], { timeout: LONGEST })
}

/** Writes settings below another folder than that of a machine; gives where they are. */
async function writeSettings(
  settings: readonly NodeSetting[],
  machine: string,
  folder: string,
): Promise<string[]> {
  const files = settings.map(({ file }) => file.replace(machine, folder))
  for (const [index, { content }] of settings.entries()) {
    await mkdir(dirname(files[index]!), { recursive: true })
    const written = content.replaceAll(machine, folder).replace(/BASE64(?: of USER:PASSWORD)?/g, CREDENTIALS)
    await writeFile(files[index]!, written)
  }
  return files
}

function nobody(): never {
  throw new TypeError('there is no such client')
}
