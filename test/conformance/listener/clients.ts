import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { connect as connectTls } from 'node:tls'
import { fileURLToPath } from 'node:url'
import type { ListenOptions } from '../../../src/adapters/listener.ts'
import { makeCertificates } from '../../support/certificates.ts'
import { RUNTIMES, type RuntimeName } from '../../support/portolan.ts'

const PROGRAM = fileURLToPath(new URL('echo-door.ts', import.meta.url))

/** A door for tests of listeners, in a process of its own. */
export interface EchoDoor {
  readonly process: ChildProcess
  readonly port: number
  /** What it printed so far. */
  readonly lines: string[]
  /** Opens a connection, over TLS where the door speaks that. */
  open(options?: ConnectOptions): Socket
}

interface ConnectOptions {
  readonly noDelay?: boolean
  readonly allowHalfOpen?: boolean
}

/** Opens a connection to a port of this machine. */
export type Open = (options?: ConnectOptions) => Socket

/** Without TLS. */
export function openTo(port: number): Open {
  return (options) => connect({ ...options, port, host: '127.0.0.1' })
}

const beneath = new WeakMap<Socket, Socket>()

/** Over TLS, trusting this certificate. */
export function openTlsTo(port: number, ca: string): Open {
  return (options) => {
    const socket = openTo(port)(options)
    const secured = connectTls({ ...options, socket, host: '127.0.0.1', ca })
    beneath.set(secured, socket)
    return secured
  }
}

/** Ends a connection without a word more. */
export function reset(socket: Socket): void {
  ;(beneath.get(socket) ?? socket).resetAndDestroy()
  socket.destroy()
}

/** Starts one, with options for its listener. */
export async function startEchoDoor(
  runtime: RuntimeName,
  options: Partial<ListenOptions> = {},
): Promise<EchoDoor> {
  const child = spawn(RUNTIMES[runtime], [PROGRAM, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  const port = await new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line)
      if (line.startsWith('listening: ')) resolve(Number(line.slice(11)))
    })
    child.once('exit', (code) => reject(new Error(`the door ended with ${code}`)))
  })
  const { certificate: ca } = options.tls ?? {}
  const open = ca === undefined ? openTo(port) : openTlsTo(port, ca)
  return { process: child, port, lines, open }
}

/** What listeners speak, and so do their clients. */
export type Wire = 'tcp' | 'tls'

/** Options for a listener that speaks TLS, or not. */
export async function optionsFor(wire: Wire): Promise<Pick<ListenOptions, 'tls'>> {
  if (wire === 'tcp') return {}
  await using certificates = await makeCertificates()
  return { tls: { certificate: String(certificates.good), key: String(certificates.key) } }
}

const lineOf = (field: string) => `${field}\r\n`

/** A request as nearly every client sends it. */
export function get(target: string, ...fields: string[]): string {
  return `GET ${target} HTTP/1.1\r\nHost: door.test\r\n${fields.map(lineOf).join('')}\r\n`
}

/** The same, the last of its connection. */
export function last(target: string, ...fields: string[]): string {
  return get(target, 'Connection: close', ...fields)
}

/** The requests that the door saw, by what it answered. */
export function echoed(received: string): string[] {
  return [...received.matchAll(/\{"method":"(\w+)","target":"([^"]*)"/g)].map(
    ([, method, target]) => `${method} ${target}`,
  )
}

/** Sends the pieces one after the other, each in a packet of its own, and reads until the other side closes. */
export async function send(open: Open, ...pieces: string[]): Promise<string> {
  const socket = open({ noDelay: true })
  const received = readAll(socket)
  await once(socket, 'connect')
  await writePieces(socket, pieces, 15)
  return received
}

/** Sends them quickly and closes our half, so that an incomplete request ends too. */
export async function sendHalf(open: Open, ...pieces: string[]): Promise<string> {
  const socket = open({ noDelay: true, allowHalfOpen: true })
  const received = readAll(socket)
  await once(socket, 'connect')
  await writePieces(socket, pieces, 3)
  socket.end()
  return received
}

async function writePieces(socket: Socket, pieces: readonly string[], pause: number): Promise<void> {
  for (const piece of pieces) {
    socket.write(piece, 'latin1')
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}

/** Reads until the other side closes, in latin-1. */
export function readAll(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = ''
    socket.setEncoding('latin1')
    socket.setTimeout(9000, () =>
      reject(new Error(`not closed; received ${JSON.stringify(received.slice(0, 300))}`)),
    )
    socket.on('data', (chunk) => {
      received += chunk
    })
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' || error.code === 'EPIPE' ? resolve(received) : reject(error),
    )
    socket.on('close', () => resolve(received))
  })
}
