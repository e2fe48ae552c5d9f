import { request as httpRequest, type IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { expect } from 'vitest'
import { type Portolan, type RuntimeName, startPortolan } from '../../support/portolan.ts'
import { makeTempFolder } from '../../support/temp.ts'

export interface MirrorReply {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

export interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** A mirror that runs, and a client of it that follows nothing. */
export interface Mirror extends AsyncDisposable {
  readonly portolan: Portolan
  /** Asks and reads to the end. Rejects when the connection is cut before that. */
  ask(target: string, asked?: Asked): Promise<MirrorReply>
  /** Asks and gives what comes as it comes; whoever has enough destroys it. */
  open(target: string, asked?: Asked): Promise<IncomingMessage>
}

/** Runs `portolan serve` as a mirror, with a cache in a folder of its own unless the config says otherwise. */
export async function startMirror(config: object, runtime: RuntimeName): Promise<Mirror> {
  const made = new AsyncDisposableStack()
  const folder = made.use(await makeTempFolder())
  const cache = { folder: folder.path, size: '1GiB' }
  const portolan = made.use(await startPortolan({ delivery: 'relay', cache, ...config }, runtime))
  const open: Mirror['open'] = (path, { method = 'GET', headers = {} } = {}) =>
    new Promise((resolve, reject) => {
      const to = { host: '127.0.0.1', port: portolan.port, path, method, headers, agent: false }
      httpRequest(to, (response) => {
        // Whatever a mirror is asked, it sends nobody elsewhere, and asks for no credentials.
        expect(response.headers.location).toBeUndefined()
        expect([401, 429]).not.toContain(response.statusCode)
        // Whoever hangs up or is cut off is told where it reads.
        response.on('error', () => {})
        resolve(response)
      })
        .on('error', reject)
        .end()
    })
  return {
    portolan,
    open,
    async ask(target, asked) {
      const response = await open(target, asked)
      return { status: response.statusCode!, headers: response.headers, body: await buffer(response) }
    },
    [Symbol.asyncDispose]: () => made.disposeAsync(),
  }
}

/** Reads at least so many bytes of what comes. */
export async function readSome(response: IncomingMessage, bytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  while (length < bytes) {
    const chunk: Buffer | null = response.read()
    if (chunk === null) {
      if (response.readableEnded) throw new Error(`it ended after ${length} bytes`)
      await new Promise((resolve) => response.once('readable', resolve))
    } else {
      chunks.push(chunk)
      length += chunk.length
    }
  }
  return Buffer.concat(chunks)
}
