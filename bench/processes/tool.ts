import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'

/** What a process took from its start to its end. */
export interface Spent {
  /** User and system time, in seconds; of what it started, too. */
  readonly cpu: number
  readonly seconds: number
  /** The most that was resident at once. */
  readonly megabytes: number
}

/** Runs a tool to its end. Throws what it says when that is not a good one. */
export async function runTool(
  program: string,
  words: readonly string[],
  cwd = process.cwd(),
  environment: NodeJS.ProcessEnv = {},
): Promise<Spent> {
  const before = waitedFor()
  const startedAt = performance.now()
  const child = spawn(program, words, {
    cwd,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += chunk
  })
  let megabytes = 0
  const timer = setInterval(() => {
    megabytes = Math.max(megabytes, largestMegabytes(child.pid!))
  }, 20)
  const [code] = await once(child, 'close')
  clearInterval(timer)
  if (code !== 0) throw new Error(`${program} ended with ${code}:\n${said}`)
  const seconds = (performance.now() - startedAt) / 1000
  return { cpu: waitedFor() - before, seconds, megabytes }
}

/** CPU seconds of children that have ended: proc_pid_stat(5), fields 16 and 17, at 100 Hz. */
function waitedFor(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)!.split(' ')
  return (Number(fields[13]) + Number(fields[14])) / 100
}

function largestMegabytes(pid: number): number {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return Number(kilobytes ?? 0) / 1024
  } catch {
    return 0
  }
}

/** What some runs took, one after the other. */
export function inTotal(runs: readonly Spent[]): Spent {
  return {
    cpu: runs.reduce((sum, { cpu }) => sum + cpu, 0),
    seconds: runs.reduce((sum, { seconds }) => sum + seconds, 0),
    megabytes: Math.max(0, ...runs.map(({ megabytes }) => megabytes)),
  }
}
