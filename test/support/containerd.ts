import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { coerce, type SemVer } from 'semver'
import { startDaemon } from './daemon.ts'
import { findProgram, type Ran, run } from './programs.ts'

/** A containerd on this machine. */
export interface InstalledContainerd {
  readonly program: string
  readonly version: SemVer
}

/** Every containerd on PATH and where `go install` puts it, one for each version. */
export async function installedContainerds(): Promise<InstalledContainerd[]> {
  const folders = [...(process.env.PATH ?? '').split(delimiter), join(homedir(), 'go/bin')]
  const programs = folders.map((folder) => join(folder, 'containerd')).filter((path) => existsSync(path))
  const found = new Map<string, InstalledContainerd>()
  for (const program of programs) {
    const { stdout } = await run(program, ['--version'])
    // One that was built with `go install` says v2.2.9+unknown.
    const version = coerce(/ v?([0-9]+\.[0-9]+\.[0-9]+)/.exec(stdout.toString())?.[1] ?? '')
    if (version !== null && !found.has(version.version)) found.set(version.version, { program, version })
  }
  return [...found.values()]
}

/** A containerd with a root of its own. */
export interface RunningContainerd extends AsyncDisposable {
  readonly pid: number
  /** All that it has logged. */
  readonly log: string
  /** Pulls an image by its CRI, as a kubelet would; with more words for `crictl pull`. */
  pull(image: string, words?: readonly string[]): Promise<Ran>
}

export interface ContainerdOptions {
  /** Where it keeps all that it has. */
  readonly folder: string
  /** The file of its config. */
  readonly config: string
  /** A program, with its words, that runs containerd in turn and becomes it. */
  readonly under?: readonly string[]
}

export async function startContainerd(
  { program }: InstalledContainerd,
  { folder, config, under = [] }: ContainerdOptions,
): Promise<RunningContainerd> {
  const socket = join(folder, 'c.sock')
  const flags = ['--root', join(folder, 'root'), '--state', join(folder, 'state'), '--address', socket]
  const [first, ...words] = [...under, program, '--config', config, ...flags] as [string, ...string[]]
  const daemon = await startDaemon(first, words, 'containerd successfully booted')
  const endpoint = `unix://${socket}`
  return {
    pid: daemon.pid,
    get log() {
      return daemon.log
    },
    pull: (image, words = []) =>
      run(findProgram('crictl')!, [
        ...['--image-endpoint', endpoint, '--runtime-endpoint', endpoint],
        ...['pull', ...words, image],
      ]),
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  }
}

/** Pulls an image by the CRI of a containerd with this config, as a kubelet would; gives what containerd logged. */
export async function pullByCri(
  installed: InstalledContainerd,
  { image, ...options }: ContainerdOptions & { readonly image: string },
): Promise<string> {
  await using containerd = await startContainerd(installed, options)
  await containerd.pull(image)
  return containerd.log
}
