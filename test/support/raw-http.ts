import { connect } from 'node:net'

/** A reply as it came over the wire. */
export interface RawReply {
  readonly status: number
  /** By lower-case name; the last of several of one name. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What to send; the target goes out byte for byte, which no HTTP client would do. */
export interface RawRequest {
  readonly method?: string
  readonly target: string
  readonly headers?: Readonly<Record<string, string>> | readonly (readonly [string, string])[]
  /** An address of this machine, such as `127.0.0.2`, that the connection comes from. */
  readonly from?: string
}

/** Sends one request over a fresh connection and reads until the other side closes. */
export function exchange(port: number, request: RawRequest): Promise<RawReply> {
  const { method = 'GET', target, headers = {}, from } = request
  const lines = Array.isArray(headers) ? headers : Object.entries(headers)
  return exchangeBytes(
    port,
    `${method} ${target} HTTP/1.1\r\nHost: door.internal\r\nConnection: close\r\n${lines
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')}\r\n`,
    from,
  )
}

/** Sends text as latin-1 bytes, whatever it is, and reads until the other side closes. */
export function exchangeBytes(port: number, text: string, from?: string): Promise<RawReply> {
  return new Promise((resolve, reject) => {
    const to = { port, host: '127.0.0.1', ...(from !== undefined && { localAddress: from }) }
    const socket = connect(to, () => socket.write(text, 'latin1'))
    let received = ''
    socket.setEncoding('latin1')
    socket.setTimeout(10_000, () =>
      socket.destroy(new Error(`no reply to ${JSON.stringify(text.slice(0, 200))}`)),
    )
    socket.on('data', (chunk) => {
      received += chunk
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(parse(received)))
  })
}

function parse(received: string): RawReply {
  const end = received.indexOf('\r\n\r\n')
  const [first = '', ...lines] = received.slice(0, Math.max(end, 0)).split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  return { status: Number(first.split(' ')[1]), headers, body: received.slice(end + 4) }
}
