import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PortolanError } from '../../errors.ts'
import { unwritable } from './workspace-file.ts'

/** Who has a workspace. */
interface Holder {
  readonly pid: number
  /** When it was started, as the kernel tells; a pid alone is soon another's, and in a container it is always 1. */
  readonly started?: string | undefined
}

/**
 * Takes the lock of a folder, also from a process that is gone; returns what gives it back.
 *
 * Throws `FILE_UNWRITABLE`, naming the pid of the process that has it.
 */
export async function takeLock(folder: string): Promise<() => Promise<void>> {
  const lock = join(folder, 'lock')
  const mine = `${lock}.${process.pid}`
  const me = JSON.stringify({ pid: process.pid, started: await startOf(process.pid) } satisfies Holder)
  try {
    await writeFile(mine, me)
    // A link appears with its text or not at all, and never over another one.
    while (!(await linked(mine, lock))) {
      const text = await readFile(lock, 'utf8').catch(() => undefined)
      if (text === undefined) continue
      const holder = parseHolder(text)
      if (holder !== undefined && (await isAlive(holder))) throw held(folder, holder)
      await dispose(lock, text)
    }
  } catch (error) {
    throw error instanceof PortolanError ? error : unwritable(lock, error)
  } finally {
    await rm(mine, { force: true }).catch(() => {})
  }
  return () => rm(lock, { force: true })
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Takes a stale lock away, and puts it back when it turns out to be one that another process took just now. */
async function dispose(lock: string, stale: string): Promise<void> {
  const aside = `${lock}.stale.${process.pid}`
  await rename(lock, aside).catch(() => {})
  const text = await readFile(aside, 'utf8').catch(() => stale)
  if (text !== stale) await linked(aside, lock)
  await rm(aside, { force: true })
}

function parseHolder(text: string): Holder | undefined {
  try {
    const { pid, started } = JSON.parse(text) as Partial<Holder>
    return Number.isSafeInteger(pid) ? { pid: pid!, ...(started !== undefined && { started }) } : undefined
  } catch {
    return undefined
  }
}

async function isAlive({ pid, started }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it lives, and is somebody else's.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  const now = await startOf(pid)
  return now === undefined || started === undefined || now === started
}

/** proc(5), `/proc/PID/stat`, field 22; the second field may hold spaces, and ends with the last parenthesis. */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
}

function held(folder: string, { pid }: Holder): PortolanError {
  return new PortolanError(
    'FILE_UNWRITABLE',
    `${folder} is in use by process ${pid}; wait for it to end, or use another folder`,
    { path: folder, pid },
  )
}
