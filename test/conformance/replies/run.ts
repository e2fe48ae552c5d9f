import { once } from 'node:events'
import http from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { bulkGet } from '../../../src/adapters/node/bulk-get.ts'
import { generateReply } from './generate.ts'

/** What a client made of an answer. */
interface Read {
  readonly status: number
  readonly fields: string
  readonly body: string
}

/** An answer that was taken for another one than node:http takes it for. */
export interface ReplyFinding {
  readonly seed: number
  readonly text: string
  readonly ours: Read
  /** `undefined` where node:http refuses it, or finds that it is cut off. */
  readonly theirs: Read | undefined
}

export interface ReplyFuzz {
  readonly findings: readonly ReplyFinding[]
  /** How many were read, left to `fetch`, and failed. */
  readonly tally: Readonly<Record<'read' | 'left' | 'failed', number>>
}

/** At once. */
const WORKERS = 16

/**
 * Sends the answers of these seeds to our reader of large ones, whole and in pieces, and to node:http. What ours reads to
 * its end must be what node:http reads; it may leave or refuse any.
 */
export async function fuzzReplies(seeds: Iterable<number>): Promise<ReplyFuzz> {
  await using server = await startReplyServer()
  const findings: ReplyFinding[] = []
  const tally = { read: 0, left: 0, failed: 0 }
  const queue = seeds[Symbol.iterator]()
  const work = async () => {
    for (let next = queue.next(); !next.done; next = queue.next()) {
      const seed = next.value
      const url = `${server.origin}/${seed}`
      const [theirs, whole, cut] = await Promise.all([
        readByNode(url),
        readByBulk(`${url}/whole`),
        readByBulk(`${url}/cut`),
      ])
      const { text } = generateReply(seed)
      for (const ours of [whole, cut]) {
        if (typeof ours === 'string') {
          tally[ours]++
          continue
        }
        tally.read++
        const isSame = JSON.stringify(ours) === JSON.stringify(theirs)
        // The connection may be closed before what comes too much is there.
        const isClosed = ours === cut && theirs === undefined && hasMore(text, ours)
        if (!isSame && !isClosed) findings.push({ seed, text, ours, theirs })
      }
    }
  }
  await Promise.all(Array.from({ length: WORKERS }, work))
  return { findings, tally }
}

/** Whether more was sent than what was read. */
function hasMore(text: string, { body }: Read): boolean {
  return text.length > text.indexOf('\r\n\r\n') + 4 + body.length
}

async function readByBulk(url: string): Promise<Read | 'left' | 'failed'> {
  try {
    const response = await bulkGet(url, { method: 'GET', redirect: 'manual', lend: true })
    if (response === undefined) return 'left'
    const { status, headers } = response
    const body = Buffer.from(await response.arrayBuffer()).toString('latin1')
    return { status, fields: JSON.stringify([...headers]), body }
  } catch {
    return 'failed'
  }
}

function readByNode(url: string): Promise<Read | undefined> {
  const { promise, resolve } = Promise.withResolvers<Read | undefined>()
  const refuse = () => resolve(undefined)
  const request = http.get(url, { agent: false }, async (response) => {
    try {
      let body = ''
      for await (const chunk of response.setEncoding('latin1')) body += chunk
      const headers = new Headers()
      const { rawHeaders, statusCode: status = 0 } = response
      for (let at = 0; at < rawHeaders.length; at += 2) headers.append(rawHeaders[at]!, rawHeaders[at + 1]!)
      // Once more, since what was joined is trimmed when it is set.
      resolve({ status, fields: JSON.stringify([...new Headers([...headers])]), body })
    } catch {
      refuse()
    }
  })
  request.on('error', refuse)
  request.on('upgrade', refuse)
  request.on('close', refuse)
  return promise
}

/** Sends what the seed in the path stands for, and hangs up. */
async function startReplyServer(): Promise<AsyncDisposable & { readonly origin: string }> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {})
    socket.once('data', async (request) => {
      const [, seed, how] = /^GET \/(\d+)(?:\/(\w+))? /.exec(request.toString('latin1')) ?? []
      const { text, pieces } = generateReply(Number(seed))
      for (const piece of how === 'cut' ? pieces : [text]) {
        await new Promise((resolve) => socket.write(piece, 'latin1', resolve))
        if (how === 'cut') await new Promise((resolve) => setTimeout(resolve, 1))
      }
      socket.end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.close()
    },
  }
}
