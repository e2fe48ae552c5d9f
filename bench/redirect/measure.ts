import { run as runProgram } from '../../test/support/programs.ts'
import { cpuSeconds } from '../processes/usage.ts'
import type { Server } from './servers.ts'

export const CONNECTIONS = 32

export interface Round {
  readonly microseconds: number
  readonly perSecond: number
  /** As wrk writes them: `412.00us`. */
  readonly p50: string
  readonly p99: string
}

export interface Load {
  readonly wrk: string
  /** The Lua file that says what is sent. */
  readonly script: string
  readonly seconds: number
  /** The number of its first request. */
  readonly from: number
}

/** Sends a load to a server and gives the CPU time that each request took it, all its processes together. */
export async function measure(server: Server, { wrk, script, seconds, from }: Load): Promise<Round> {
  const pid = server.process.pid!
  const before = cpuSeconds(pid)
  const { code, stdout } = await runProgram(wrk, [
    ...['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '--latency'],
    ...['-s', script, `${server.origin}/`, '--', `${from}`],
  ])
  const used = cpuSeconds(pid) - before
  const text = stdout.toString()
  const requests = Number(/(\d+) requests in/.exec(text)?.[1])
  if (code !== 0 || !(requests > 0) || /Non-2xx|Socket errors/.test(text)) {
    throw new Error(`wrk against ${server.name} ended with ${code}:\n${text}`)
  }
  return {
    microseconds: (used / requests) * 1e6,
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)![1]),
    p50: /50%\s+(\S+)/.exec(text)![1]!,
    p99: /99%\s+(\S+)/.exec(text)![1]!,
  }
}
