import { fork } from 'node:child_process'
import { once } from 'node:events'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

/** An upstream in a process of its own, so that it can be killed. */
export interface UpstreamProcess {
  readonly url: string
  readonly pid: number
  end(): void
}

// A source as this file is one, or built as it is.
const PROGRAM = fileURLToPath(new URL(`./upstream-process${extname(import.meta.url)}`, import.meta.url))

/** Serves an image layout from another process on a free port of loopback. */
export async function startUpstream(layout: string): Promise<UpstreamProcess> {
  const child = fork(PROGRAM, [layout], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
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
