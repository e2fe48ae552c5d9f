import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'

/** The process that has a lease, as far as the system tells. */
export interface LeaseHolder {
  readonly host: string
  readonly pid: number
  /** When it was started, as the kernel tells; a pid alone is soon another's, and in a container it is always 1. */
  readonly started?: string | undefined
  /** Of the kernel's start: two machines, or one before and after a crash, never have the same. */
  readonly boot?: string | undefined
  /** The pid namespace: only within it a pid says which process is meant. */
  readonly namespace?: string | undefined
}

/** Reads what was written of a holder; `undefined` for what is none. */
export function readHolder(value: unknown): LeaseHolder | undefined {
  const { host, pid, started, boot, namespace } = Object(value) as Readonly<Record<string, unknown>>
  if (typeof host !== 'string' || !Number.isSafeInteger(pid) || (pid as number) < 1) return undefined
  const facts = { started, boot, namespace }
  for (const fact of Object.values(facts)) {
    if (fact !== undefined && typeof fact !== 'string') return undefined
  }
  return { host, pid: pid as number, ...(facts as Pick<LeaseHolder, keyof typeof facts>) }
}

/** This process. */
export async function describeThisProcess(): Promise<LeaseHolder> {
  const [started, boot, namespace] = await Promise.all([
    startOf(process.pid),
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => undefined),
    readlink('/proc/self/ns/pid').catch(() => undefined),
  ])
  return { host: hostname(), pid: process.pid, started, boot: boot?.trim(), namespace }
}

/** What can be seen of a holder from here; `unknown` unless both are in one pid namespace of one running kernel. */
export async function fateOf(holder: LeaseHolder, here: LeaseHolder): Promise<'alive' | 'gone' | 'unknown'> {
  const { boot, namespace } = here
  if (boot === undefined || namespace === undefined) return 'unknown'
  if (holder.boot !== boot || holder.namespace !== namespace || holder.started === undefined) return 'unknown'
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    // EPERM: it lives, and is somebody else's.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return 'gone'
  }
  const started = await startOf(holder.pid)
  if (started === undefined) return 'unknown'
  return started === holder.started ? 'alive' : 'gone'
}

/** proc(5), `/proc/PID/stat`, field 22; the second field may hold spaces, and ends with the last parenthesis. */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
}
