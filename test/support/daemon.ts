import { spawn } from 'node:child_process'
import { until } from './until.ts'

/** A program that runs until it is stopped. */
export interface Daemon extends AsyncDisposable {
  readonly pid: number
  /** All that it has logged. */
  readonly log: string
}

/** Starts a daemon, and waits at most a minute until it logs that it is up. Throws with its log when it ends before. */
export async function startDaemon(program: string, args: readonly string[], isUp: string): Promise<Daemon> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    log += text
  })
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
  const stop = async () => {
    child.kill('SIGTERM')
    await ended
  }
  try {
    await until(
      `${program} to be up`,
      () => {
        if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}:\n${log}`)
        return log.includes(isUp)
      },
      60_000,
    )
  } catch (error) {
    await stop()
    throw error
  }
  return {
    pid: child.pid!,
    get log() {
      return log
    },
    [Symbol.asyncDispose]: stop,
  }
}
