import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type CommandOptions, runCommand } from './command.ts'
import { COMPILED } from './compiled.ts'
import { PROGRAM } from './portolan.ts'

/** A command line, with all that it may know of the world. */
export interface HostedLine {
  readonly words: readonly string[]
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
  readonly input: string
  readonly hasty: boolean
}

/** How it ended, and all that it printed. */
export interface HostedEnd {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface HostedOptions extends Pick<CommandOptions, 'folder' | 'env'> {
  readonly input?: string
  readonly hasty?: boolean
}

const HOST = fileURLToPath(new URL('command-host-process.ts', import.meta.url))
/** Whether it is the sources that are tried: a bundle or an executable cannot be lent to a host. */
const isSource = PROGRAM.endsWith('src/cli/main.ts') && process.env.PORTOLAN_EXECUTABLE === undefined

let host: ChildProcess | undefined
let last: Promise<unknown> = Promise.resolve()

/**
 * Runs `portolan` with these words to its end, as `runCommand` does, in a process that the commands of a test file share,
 * one after the other: to start one costs ten times what most of them do. Not for what ends by a signal, goes on behind
 * its end, or is about a process. `hasty` for what waits between tries: the waits are a tenth of what they are.
 */
export async function runHosted(
  words: readonly string[],
  { folder, env = {}, input = '', hasty = false }: HostedOptions,
): Promise<HostedEnd> {
  if (!isSource) {
    const { code, out, err } = await runCommand(words, { folder, env, input })
    return { code, out, err }
  }
  const line = {
    words,
    folder,
    input,
    hasty,
    env: { PATH: process.env.PATH, HOME: folder, ...COMPILED, ...env },
  }
  const ended = last.then(() => runLine(line))
  last = ended.catch(() => {})
  return ended
}

async function runLine(line: HostedLine): Promise<HostedEnd> {
  host ??= startHost()
  const heard = new AbortController()
  const { signal } = heard
  const gone = once(host, 'exit', { signal }).then(([code, by]) => {
    throw new Error(`the host of commands ended with ${code ?? by} in ${JSON.stringify(line.words)}`)
  })
  const reply = once(host, 'message', { signal })
  for (const promise of [gone, reply]) promise.catch(() => {})
  host.send(line)
  try {
    const [ended] = await Promise.race([reply, gone])
    return ended as HostedEnd
  } finally {
    heard.abort()
  }
}

function startHost(): ChildProcess {
  const child = fork(HOST, { env: { ...process.env, ...COMPILED }, execArgv: [], execPath: process.execPath })
  // It ends when the process of the tests does.
  child.unref()
  child.channel?.unref()
  child.once('exit', () => {
    host = undefined
  })
  return child
}
