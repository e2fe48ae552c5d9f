import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type InnerWord, ownProgram } from '../adapters/node/own-program.ts'

/** An upstream in a process of its own, so that it can be killed. */
export interface UpstreamProcess {
  readonly url: string
  readonly pid: number
  end(): void
}

const WORD: InnerWord = 'demo-upstream'

/** Serves an image layout from another process on a free port of loopback. */
export async function startUpstream(layout: string): Promise<UpstreamProcess> {
  const { command, words } = ownProgram()
  const child = spawn(command, [...words, WORD, layout], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the upstream of the demo ended with ${code}`)
  })
  // Once it has started, whoever kills it means it.
  ended.catch(() => {})
  const [port] = await Promise.race([once(child, 'message'), ended])
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid!,
    end: () => {
      if (child.connected) child.disconnect()
    },
  }
}
