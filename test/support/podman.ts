import { join } from 'node:path'
import { findPrograms, type Ran, type RunOptions, run, runOk } from './programs.ts'
import { makeTempFolder } from './temp.ts'

const { found, missing } = findPrograms('podman', 'umount')

/** Why {@link openPodman} cannot work here; `undefined` when it can. */
export const noPodman = missing ?? (process.getuid?.() === 0 ? undefined : 'podman is run as root here')

/** On loopback of this machine, with no more files and processes than a test may have. */
export const ON_THIS_MACHINE = [
  '--network=host',
  '--ulimit=nofile=4096:4096',
  '--ulimit=nproc=4096:4096',
] as const

/** Podman with images and containers of its own. */
export interface Podman extends AsyncDisposable {
  run(words: readonly string[], options?: RunOptions): Promise<Ran>
  runOk(words: readonly string[], options?: RunOptions): Promise<Buffer>
}

/**
 * Opens one that can run containers here, with a tar archive of a root as its image `root`, which needs `/bin/true`, with
 * these words of `podman run` if not by itself. Not
 * every kernel lays folders over each other, and not every runtime knows every arrangement of cgroups: throws what each
 * of the known ways says when none works.
 */
export async function openPodman(root: string, words: readonly string[] = []): Promise<Podman> {
  const failures: string[] = []
  for (const driver of ['overlay', 'vfs']) {
    for (const runtime of ['crun', 'runc']) {
      const podman = await openOne(driver, runtime)
      try {
        await podman.runOk(['import', '--quiet', root, 'root'])
        await podman.runOk(['run', '--rm', ...ON_THIS_MACHINE, ...words, 'root', '/bin/true'])
        return podman
      } catch (error) {
        failures.push(`${driver} and ${runtime}: ${error instanceof Error ? error.message : error}`)
        await podman[Symbol.asyncDispose]()
      }
    }
  }
  throw new Error(`podman runs no container here; ${failures.join('; ')}`)
}

async function openOne(driver: string, runtime: string): Promise<Podman> {
  const folder = await makeTempFolder()
  const root = join(folder.path, 'root')
  const common = [
    ...['--root', root, '--runroot', join(folder.path, 'run'), '--storage-driver', driver],
    ...['--runtime', runtime, '--cgroup-manager', 'cgroupfs'],
  ]
  return {
    run: (words, options) => run(found.podman, [...common, ...words], options),
    runOk: (words, options) => runOk(found.podman, [...common, ...words], options),
    async [Symbol.asyncDispose]() {
      await run(found.podman, [...common, 'rm', '--all', '--force', '--time', '0'])
      // Podman leaves its own folder mounted upon itself.
      await run(found.umount, [join(root, 'overlay')])
      await folder[Symbol.asyncDispose]()
    },
  }
}
