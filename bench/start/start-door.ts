import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findFreePort } from '../../test/support/ports.ts'

export interface Contender {
  readonly name: string
  readonly program: readonly string[]
  /** Whether what V8 compiled in earlier rounds is kept from it. */
  readonly cold?: boolean
}

/** A door to be started: its config but for where it listens, and how long it is left alone after its first answer. */
export interface Door {
  /** Of this run, with a folder for each contender's home. */
  readonly folder: string
  readonly config: object
  /** In milliseconds. */
  readonly idle: number
}

export interface Measured {
  /** Milliseconds to the first answer, and of processor time until then, which other work beside it does not add to. */
  readonly first: number
  readonly processor: number
  /** MB, once it was left alone. */
  readonly resident: number
}

/** Starts a door, waits for its first answer, and looks at its memory when it has been idle. */
export async function startOnce(contender: Contender, { folder, config, idle }: Door): Promise<Measured> {
  const port = await findFreePort()
  const file = join(folder, 'config.yaml')
  const listen = { listen: `127.0.0.1:${port}`, admin: '127.0.0.1:0' }
  await writeFile(file, JSON.stringify({ version: 1, ...listen, ...config }))
  const [program, ...words] = contender.program
  const env = await environmentOf(contender, folder)
  const began = performance.now()
  const child = spawn(program!, [...words, 'serve', '--config', file], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env,
  })
  const exited = once(child, 'exit')
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`${contender.name} ended with ${child.exitCode}`)
    await sleep(2)
  }
  const first = performance.now() - began
  const processor = processorTime(child.pid!)
  await sleep(idle)
  const [, resident] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))!
  // By a signal that it ends on by itself: only then does it keep what was compiled.
  child.kill('SIGTERM')
  await exited
  return { first, processor, resident: Number(resident) / 1024 }
}

/** Milliseconds that `--version` takes. */
export async function askVersion(contender: Contender, folder: string): Promise<number> {
  const [program, ...words] = contender.program
  const env = await environmentOf(contender, folder)
  const began = performance.now()
  const { status } = spawnSync(program!, [...words, '--version'], { stdio: 'ignore', env })
  if (status !== 0) throw new Error(`${contender.name} --version ended with ${status}`)
  return performance.now() - began
}

let homes = 0

/** A home of its own, or, for one that is to be cold, a new one each time. */
async function environmentOf({ name, cold }: Contender, folder: string): Promise<NodeJS.ProcessEnv> {
  const home = join(folder, cold ? `cold-${homes++}` : name.replaceAll(/\W/g, '-'))
  await mkdir(home, { recursive: true })
  return { PATH: process.env.PATH, HOME: home }
}

/** Of all its threads, in milliseconds. */
function processorTime(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`)
  const nanoseconds = tasks.map((task) =>
    Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ', 1)[0]),
  )
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1e6
}

/** Asks in the plainest way, so that asking costs the machine little of what the door needs. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n'))
    socket.once('data', () => {
      resolve(true)
      socket.destroy()
    })
    socket.once('error', () => resolve(false))
  })
}
