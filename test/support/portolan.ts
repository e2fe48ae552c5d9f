import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { COMPILED } from './compiled.ts'
import { until } from './until.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The runtimes that the door runs on, by the program that the project brings. */
export const RUNTIMES = {
  node: join(ROOT, 'node_modules/.bin/node'),
  bun: join(ROOT, 'node_modules/.bin/bun'),
} as const

/** The command: the sources, or what is built of them where PORTOLAN_PROGRAM names it. */
export const PROGRAM = process.env.PORTOLAN_PROGRAM ?? join(ROOT, 'src/cli/main.ts')

export type RuntimeName = keyof typeof RUNTIMES

/**
 * The words that a command line begins with: a runtime and the command, or an executable alone, where the program is
 * one or PORTOLAN_EXECUTABLE names one in place of the command.
 */
export function commandWords(runtime: string, program: string = PROGRAM): readonly [string, ...string[]] {
  const executable = process.env.PORTOLAN_EXECUTABLE
  if (executable !== undefined && program === PROGRAM) return [executable]
  return runtime === 'none' ? [program] : [runtime, program]
}

/** A door in a process of its own, as an operator runs it. */
export interface Portolan extends AsyncDisposable {
  readonly port: number
  readonly adminPort: number
  readonly process: ChildProcess
  readonly configFile: string
  /** Every log line so far. */
  readonly log: readonly Record<string, unknown>[]
  /** Sends SIGTERM (or what is named) and gives the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/**
 * Runs `portolan serve` with a config, given as a value, and whatever words follow it, on free ports of loopback (an
 * executable needs no runtime), and waits until it has tried its backends; with at most `openFiles` open. Throws with
 * all that it printed when it ends before.
 */
export async function startPortolan(
  config: object,
  runtime: RuntimeName | 'none' = 'node',
  program = PROGRAM,
  words: readonly string[] = [],
  openFiles?: number,
): Promise<Portolan> {
  const folder = await mkdtemp(join(tmpdir(), 'portolan-'))
  const file = join(folder, 'config.yaml')
  // JSON is YAML.
  await writeFile(
    file,
    JSON.stringify({ version: 1, listen: '127.0.0.1:0', admin: '127.0.0.1:0', ...config }),
  )
  const command = [...commandWords(runtime === 'none' ? runtime : RUNTIMES[runtime], program), 'serve']
  const limited = openFiles === undefined ? [] : ['/bin/sh', '-c', `ulimit -n ${openFiles}; exec "$0" "$@"`]
  const [first, ...rest] = [...limited, ...command, '--config', file, ...words]
  const child = spawn(first!, rest, {
    env: { ...process.env, ...COMPILED },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit')
  const log: Record<string, unknown>[] = []
  let printed = ''
  child.stderr.on('data', (chunk) => {
    printed += chunk
  })
  const open = new Promise<Record<string, unknown>>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      printed += `${line}\n`
      try {
        log.push(JSON.parse(line))
      } catch {
        return
      }
      if (/^the (?:door|mirror) is open$/.test(`${log.at(-1)?.msg}`)) resolve(log.at(-1)!)
    })
    exited.then(([code]) => reject(new Error(`portolan serve ended with ${code}:\n${printed}`)))
  })
  open.catch(() => {})
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    const [code] = await exited
    await rm(folder, { recursive: true, force: true })
    return code as number | null
  }
  const { listen, admin } = await open.catch(async (error) => {
    await stop()
    throw error
  })
  const adminPort = portOf(admin)
  const isSecret = 'adminTls' in config
  await until('every backend to be tried', () =>
    isSecret ? log.some(({ msg }) => msg === 'every backend has been tried') : hasTriedAll(adminPort),
  )
  return {
    port: portOf(listen),
    adminPort,
    configFile: file,
    process: child,
    log,
    stop,
    async [Symbol.asyncDispose]() {
      await stop()
    },
  }
}

/** Ready, or not ready because none of them can be used. */
async function hasTriedAll(adminPort: number): Promise<boolean> {
  const reply = await fetch(`http://127.0.0.1:${adminPort}/readyz`)
  return reply.ok || ((await reply.json()) as { why?: string }).why === 'no backend can be used yet'
}

function portOf(address: unknown): number {
  return Number(String(address).split(':').at(-1))
}
