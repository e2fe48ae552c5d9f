import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, readSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { unpackRuntime } from './bun-runtime.ts'
import { PROGRAMS } from './entries.ts'
import { describeHeader } from './executable-header.ts'
import { hostTarget, TARGETS, type Target } from './targets.ts'

/** Where headers and load commands lie, in bytes from the beginning of an executable. */
const HEAD = 64 * 1024

export interface ExecutablesOptions {
  /** The repository's root. */
  readonly root: string
  /** The bundle that goes into each of them. */
  readonly bundle: string
  /** Where they are put. */
  readonly folder: string
  readonly targets: readonly Target[]
}

/**
 * Makes an executable for each target of the bundle that the package has too, so that both do the same: the files of
 * the bundle, `data/`, and the Bun of that target. Gives their paths. Throws where a runtime cannot be had, or what
 * came out is not for its target.
 */
export function buildExecutables({ root, bundle, folder, targets }: ExecutablesOptions): string[] {
  mkdirSync(folder, { recursive: true })
  // Where they are put, as they are renamed: the system's temporary folder may be on another disk.
  const work = mkdtempSync(join(folder, '.making-'))
  try {
    const host = hostTarget()
    if (host === undefined) {
      const known = TARGETS.map(({ name }) => name).join(', ')
      throw new Error(
        `executables are made on one of ${known}; this machine is ${process.platform} ${process.arch}`,
      )
    }
    const compiler = unpackRuntime(host.runtime, { root, folder: work })
    return targets.map((target) => {
      const runtime = target === host ? compiler : unpackRuntime(target.runtime, { root, folder: work })
      const file = join(folder, `portolan-${target.name}`)
      compile({ compiler, runtime, target, root, bundle, work, file })
      return file
    })
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

interface Compilation {
  readonly compiler: string
  readonly runtime: string
  readonly target: Target
  readonly root: string
  readonly bundle: string
  readonly work: string
  readonly file: string
}

function compile({ compiler, runtime, target, root, bundle, work, file }: Compilation): void {
  const names = Object.keys(PROGRAMS)
  // The command is named as the program is, the same for every target: its name is in every executable.
  const made = join(work, 'portolan')
  execFileSync(
    compiler,
    [
      ...['build', '--compile', `--target=${target.bun}`, `--compile-executable-path=${runtime}`],
      // Only what a command needs is read when it starts, as from the package: a tenth of the time.
      ...['--splitting', `--root=${bundle}`, '--asset', join(root, 'data')],
      // As in any ES module; Bun would put a path of this machine in its place.
      ...['--define', '__filename=undefined', '--define', '__dirname=undefined'],
      // Settings of whatever folder it is started in are not its own.
      ...['--no-compile-autoload-dotenv', '--no-compile-autoload-bunfig'],
      ...names.map((name) => join(bundle, `${name}.js`)),
      `--outfile=${made}`,
    ],
    { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] },
  )
  const header = describeHeader(headOf(made))
  if (header !== target.header) {
    throw new Error(`the executable for ${target.name} is ${header}; it has to be ${target.header}`)
  }
  renameSync(made, file)
}

/** The first bytes of a file, as many as headers may take. */
export function headOf(file: string): Buffer {
  const head = Buffer.alloc(Math.min(HEAD, statSync(file).size))
  const handle = openSync(file, 'r')
  try {
    return head.subarray(0, readSync(handle, head, 0, head.length, 0))
  } finally {
    closeSync(handle)
  }
}
