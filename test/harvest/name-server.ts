import { createSocket, type Socket } from 'node:dgram'

/** What is answered about a name: an address, or that something is wrong with it. */
export type NameAnswer = string | 'no such name' | 'no address' | 'server failure' | 'silence'

const CODES = { 'no such name': 3, 'no address': 0, 'server failure': 2 } as const
const A = 1

/** A name server (RFC 1035) for IPv4 addresses that can also fail in the ways that name servers do. */
export async function startNameServer(
  address: string,
  lookUp: (name: string) => NameAnswer,
): Promise<AsyncDisposable> {
  const socket = createSocket('udp4')
  socket.on('message', (query, from) => {
    const reply = replyTo(query, lookUp)
    if (reply !== undefined) socket.send(reply, from.port, from.address)
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(53, address, resolve)
  })
  return { [Symbol.asyncDispose]: () => close(socket) }
}

function replyTo(query: Buffer, lookUp: (name: string) => NameAnswer): Buffer | undefined {
  const labels: string[] = []
  let at = 12
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  const question = query.subarray(12, at + 5)
  const found = lookUp(labels.join('.').toLowerCase())
  if (found === 'silence') return undefined
  const isAddress = !(found in CODES)
  const answers = isAddress && query.readUInt16BE(at + 1) === A ? [answerOf(found)] : []
  const header = Buffer.alloc(12)
  query.copy(header, 0, 0, 2)
  // An answer to a recursive question, with the recursion that was asked for.
  header.writeUInt16BE(0x8180 | (isAddress ? 0 : CODES[found as keyof typeof CODES]), 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(answers.length, 6)
  return Buffer.concat([header, question, ...answers])
}

function answerOf(address: string): Buffer {
  const head = Buffer.from([0xc0, 12, 0, A, 0, 1, 0, 0, 0, 5, 0, 4])
  return Buffer.concat([head, Buffer.from(address.split('.').map(Number))])
}

function close(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()))
}
