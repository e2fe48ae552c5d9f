import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RunningCommand } from './command.ts'
import type { TestBlob, TestRepository } from './content.ts'
import { type ScriptedRegistry, serve, startScriptedRegistry } from './scripted-registry.ts'

/** After so many bytes of blobs, or so many requests, a process is killed. */
export type Moment = { readonly bytes: number } | { readonly requests: number }

/** A registry that sends blobs piece by piece, so that whoever downloads can be killed in the middle. */
export interface SlowRegistry extends AsyncDisposable {
  readonly host: string
  /** Of blobs that were asked for since it was emptied, from which byte on. */
  asked: { readonly digest: string; readonly start: number }[]
  /** Kills a command at a moment, with SIGKILL: true when it was killed, false when it was done before. */
  killAt(moment: Moment, command: RunningCommand): Promise<boolean>
}

const PIECE = 64 * 1024

/** So many moments, spread over the bytes of a copy by chance; every tenth is one among its first requests. */
export function momentsOf(count: number, totalBytes: number, random: () => number): readonly Moment[] {
  return Array.from({ length: count }, (_, index) =>
    index % 10 === 0
      ? { requests: 1 + Math.floor(random() * 12) }
      : { bytes: Math.floor(random() * totalBytes) },
  )
}

export async function startSlowRegistry(repositories: readonly TestRepository[]): Promise<SlowRegistry> {
  return new Slow(await startScriptedRegistry({ repositories }), repositories)
}

class Slow implements SlowRegistry {
  asked: { readonly digest: string; readonly start: number }[] = []
  readonly #registry: ScriptedRegistry
  #hear: (what: 'request' | 'bytes', count: number) => void = () => {}

  constructor(registry: ScriptedRegistry, repositories: readonly TestRepository[]) {
    this.#registry = registry
    for (const { name, tags = {}, blobs = [] } of repositories) {
      for (const blob of blobs) registry.script(`/v2/${name}/blobs/${blob.digest}`, this.#slowly(blob))
      for (const [tag, manifest] of Object.entries(tags)) {
        registry.script(`/v2/${name}/manifests/${tag}`, (request, response) => {
          this.#hear('request', 1)
          serve(manifest)(request, response)
        })
      }
    }
  }

  get host(): string {
    return this.#registry.host
  }

  async killAt(moment: Moment, { process, ended }: RunningCommand): Promise<boolean> {
    let [requests, bytes] = [0, 0]
    this.#hear = (what, count) => {
      if (what === 'request') requests += count
      else bytes += count
      const isDue = 'bytes' in moment ? bytes > moment.bytes : requests >= moment.requests
      if (isDue) process.kill('SIGKILL')
    }
    const { signal } = await ended
    this.#hear = () => {}
    return signal === 'SIGKILL'
  }

  /** Piece by piece, the next one when the one before is on its way. */
  #slowly(blob: TestBlob) {
    return (request: IncomingMessage, response: ServerResponse) => {
      this.#hear('request', 1)
      if (request.method === 'HEAD') return serve(blob)(request, response)
      const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
      this.asked.push({ digest: blob.digest, start })
      const { length } = blob.bytes
      const range = { 'Content-Range': `bytes ${start}-${length - 1}/${length}` }
      response.writeHead(start > 0 ? 206 : 200, { 'Content-Length': length - start, ...(start > 0 && range) })
      const send = (position: number) => {
        if (position >= length) return response.end()
        const piece = blob.bytes.subarray(position, position + PIECE)
        return response.write(piece, () => {
          this.#hear('bytes', piece.length)
          send(position + piece.length)
        })
      }
      return send(start)
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#registry[Symbol.asyncDispose]())
  }
}
