import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type InstalledContainerd, startContainerd } from './containerd.ts'
import { findProgram, run } from './programs.ts'
import { makeTempFolder } from './temp.ts'

/** The image of a world, as the machines here know it. */
export const IMAGE = 'registry.example/app:1'

/** A runtime of this machine, told to pull from a world, and the machine as doctor is to read it. */
export interface PullingMachine {
  readonly root: string
  /** Starts the runtime, with more variables than it has by itself. */
  open(env?: Readonly<Record<string, string>>): Promise<OpenRuntime>
  /** Names an authority (PEM) for the registry, whether the runtime runs or not. */
  trust(authority: string): Promise<void>
}

export interface OpenRuntime extends AsyncDisposable {
  /** Absent for one that runs while it pulls. */
  readonly pid?: number
  /** Whether it has pulled an image, by default the one that all machines know. */
  pull(image?: string): Promise<boolean>
}

/** Makes a machine whose runtime pulls from `base`, and trusts an authority (PEM) there. */
export type MakeMachine = (folder: string, base: string, authority?: string) => Promise<PullingMachine>

export function containerdMachine(installed: InstalledContainerd): MakeMachine {
  return async (folder, base, authority) => {
    const root = join(folder, 'machine')
    const isOld = installed.version.major < 2
    const images = isOld ? 'io.containerd.grpc.v1.cri' : 'io.containerd.cri.v1.images'
    const unpack = isOld
      ? `[plugins."${images}".containerd]\n  snapshotter = "native"\n`
      : `[plugins."${images}"]\n  snapshotter = "native"\n[[plugins."io.containerd.transfer.v1.local".unpack_config]]\n  platform = "linux/${process.arch === 'x64' ? 'amd64' : process.arch}"\n  snapshotter = "native"\n`
    const certs = join(folder, 'certs.d')
    const config = `version = ${isOld ? 2 : 3}\n[plugins."${images}".registry]\n  config_path = "${certs}"\n${unpack}`
    const origin = new URL(base).origin
    // The runtime reads these by their own paths, and doctor below the root that stands for the machine's.
    const writeHosts = async (authority?: string) => {
      const ca = authority === undefined ? '' : 'ca = "ca.crt"\n'
      for (const at of ['', root]) {
        const registry = `${at}${certs}/registry.example`
        if (authority !== undefined) await write(`${registry}/ca.crt`, authority)
        await write(`${registry}/hosts.toml`, `server = "${origin}"\n${ca}[host."${origin}"]\n${ca}`)
      }
    }
    await writeHosts(authority)
    await write(join(root, '/etc/containerd/config.toml'), config)
    return {
      root,
      trust: writeHosts,
      async open(env = {}) {
        const own = await makeTempFolder()
        const running = await startContainerd(installed, {
          folder: own.path,
          config: join(root, '/etc/containerd/config.toml'),
          under: ['env', ...Object.entries(env).map(([name, value]) => `${name}=${value}`)],
        })
        return {
          pid: running.pid,
          pull: async (image = IMAGE) => (await running.pull(image, ['--pull-timeout=30s'])).code === 0,
          async [Symbol.asyncDispose]() {
            await running[Symbol.asyncDispose]()
            await own[Symbol.asyncDispose]()
          },
        }
      },
    }
  }
}

export const podmanMachine: MakeMachine = async (folder, base, authority) => {
  const root = join(folder, 'machine')
  const { host, protocol } = new URL(base)
  const conf = join(root, '/etc/containers/registries.conf')
  const certs = join(root, `/etc/containers/certs.d/${host}`)
  await write(
    conf,
    `[[registry]]\nprefix = "registry.example"\nlocation = "${host}"\ninsecure = ${protocol === 'http:'}\n`,
  )
  await mkdir(certs, { recursive: true })
  const trust = (authority: string) => writeFile(join(certs, 'ca.crt'), authority)
  if (authority !== undefined) await trust(authority)
  return {
    ...{ root, trust },
    async open() {
      const own = await makeTempFolder()
      const words = [
        ...['--root', join(own.path, 'root'), '--runroot', join(own.path, 'run')],
        ...['--storage-driver', 'vfs', 'pull', '--quiet'],
        ...['--cert-dir', certs],
      ]
      const env = { ...process.env, CONTAINERS_REGISTRIES_CONF: conf, HOME: own.path }
      return {
        pull: async (image = IMAGE) =>
          (await run(findProgram('podman')!, [...words, image], { env })).code === 0,
        [Symbol.asyncDispose]: () => own[Symbol.asyncDispose](),
      }
    },
  }
}

/** Shows doctor a process of this machine below a root, as the kernel does below its own, but for its variables. */
export async function showProcess(root: string, pid: number): Promise<void> {
  await mkdir(join(root, `proc/${pid}`), { recursive: true })
  for (const file of ['stat', `${pid}/stat`, `${pid}/comm`, `${pid}/cgroup`])
    await writeFile(join(root, 'proc', file), await readFile(join('/proc', file)))
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}
