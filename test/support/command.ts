import { type ChildProcess, spawn } from 'node:child_process'
import { COMPILED } from './compiled.ts'
import { commandWords, RUNTIMES, type RuntimeName } from './portolan.ts'

/** How a command ended, and all that it printed. */
export interface Ended {
  readonly code: number | null
  /** By which signal it ended, if by one. */
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

/** A command that runs, until it ends or its user is done. */
export interface RunningCommand extends AsyncDisposable {
  readonly process: ChildProcess
  readonly ended: Promise<Ended>
}

export interface CommandOptions {
  /** The working folder. */
  readonly folder: string
  readonly env?: Readonly<Record<string, string>>
  /** A program, with its words, that runs the command in turn. */
  readonly under?: readonly string[]
  /** What is on its standard input; nothing unless told. */
  readonly input?: string | Uint8Array
  /** The runtime of the tests unless told. */
  readonly runtime?: RuntimeName
}

/** Starts `portolan` with these words, as a user would, with nothing of this process's environment but PATH. */
export function startCommand(
  words: readonly string[],
  { folder, env, input, runtime, under = [] }: CommandOptions,
): RunningCommand {
  const node = runtime === undefined ? process.execPath : RUNTIMES[runtime]
  const [program, ...rest] = [...under, ...commandWords(node), ...words]
  const child = spawn(program!, rest, {
    cwd: folder,
    // No login of whoever runs the tests is of use here.
    env: { PATH: process.env.PATH, HOME: folder, ...COMPILED, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  // A program may end without reading it.
  child.stdin.on('error', () => {}).end(input)
  const printed = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text) => {
    printed.out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    printed.err += text
  })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, ...printed }))
  })
  return {
    process: child,
    ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** Runs `portolan` with these words to its end. */
export function runCommand(words: readonly string[], options: CommandOptions): Promise<Ended> {
  return startCommand(words, options).ended
}
