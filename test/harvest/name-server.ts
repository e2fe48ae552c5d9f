import { createSocket, type Socket } from 'node:dgram'
import { parseAddress } from '../../src/net/address.ts'

/** What is answered about a name: an address of either family, or that something is wrong with it. */
export type NameAnswer = string | 'no such name' | 'no address' | 'server failure' | 'refused' | 'silence'

const CODES = { 'no such name': 3, 'no address': 0, 'server failure': 2, refused: 5 } as const
const TYPES = { 4: 1, 6: 28 } as const

/** A name server (RFC 1035) that can also fail in the ways that name servers do. */
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
  const type = TYPES[found.includes(':') ? 6 : 4]
  const answers = isAddress && query.readUInt16BE(at + 1) === type ? [answerOf(found, type)] : []
  const header = Buffer.alloc(12)
  query.copy(header, 0, 0, 2)
  // An answer to a recursive question, with the recursion that was asked for.
  header.writeUInt16BE(0x8180 | (isAddress ? 0 : CODES[found as keyof typeof CODES]), 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(answers.length, 6)
  return Buffer.concat([header, question, ...answers])
}

function answerOf(address: string, type: number): Buffer {
  const { family, word0, word1, word2, word3 } = parseAddress(address)!
  const bytes = Buffer.alloc(family === 4 ? 4 : 16)
  for (const [index, word] of [word0, word1, word2, word3].slice(0, bytes.length / 4).entries())
    bytes.writeInt32BE(word, index * 4)
  return Buffer.concat([Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 5, 0, bytes.length]), bytes])
}

function close(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()))
}
