import { readdirSync, readFileSync } from 'node:fs'

/** User and system time of a process and its children, in seconds: proc_pid_stat(5), fields 14 and 15, at 100 Hz. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')
  const own = (Number(fields[11]) + Number(fields[12])) / 100
  return childrenOf(pid).reduce((sum, child) => sum + cpuSeconds(child), own)
}

/** Resident memory of a process and its children, in bytes; what they share counts for each. */
export function residentBytes(pid: number): number {
  const kilobytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  return childrenOf(pid).reduce((sum, child) => sum + residentBytes(child), kilobytes * 1024)
}

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  )
}
