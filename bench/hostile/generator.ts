import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'

// A process of its own, so that making requests does not disturb who measures: a store that holds a few blobs, and
// clients that mean harm. Told what to do over IPC.

/** Asks the generator for a flood. */
export interface Flood {
  readonly port: number
  readonly count: number
  readonly kind: 'good' | 'hostile'
  /** Requests a second, whatever the door makes of them; absent for as many as it answers. */
  readonly rate?: number
}

export const GOOD = 256
const CONNECTIONS = 64
/** Requests that are sent on a connection at once. */
const BATCH = 16
/** Between two rounds of a flood at a rate, in milliseconds. */
const ROUND = 16

const goodBlob = (n: number) => `good ${n}`
export const goodDigest = (n: number) => `sha256:${createHash('sha256').update(goodBlob(n)).digest('hex')}`

const GOOD_DIGESTS = Array.from({ length: GOOD }, (_, n) => goodDigest(n))
const JUNK = 'x'.repeat(2000)

/** Hexadecimal digits that no other request has; the tail differs as well, since tables look at it. */
function invented(n: number): string {
  const digits = (Math.imul(n, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0')
  return `sha256:${n.toString(16).padStart(56, 'f')}${digits}`
}

/** Four of five are blobs that nobody has; the rest is what else a client can vary without end. */
function hostileTarget(n: number): string {
  switch (n % 10) {
    case 0:
      return `/v2/evil/n${n}/manifests/${invented(n)}`
    case 1:
      // Again and again what is there, under a long name of its own each time.
      return `/v2/app/blobs/${GOOD_DIGESTS[(n >>> 4) % GOOD]}?${n}${JUNK}`
    case 2:
      return `/v2/app/blobs/${invented(n)}?${n}${JUNK}`
    default:
      return `/v2/evil/n${n}/blobs/${invented(n)}`
  }
}

/** The address of a client in the store's region, behind whatever the client itself wrote. */
function hostileHeaders(n: number): string {
  const address = `35.180.${(n >>> 8) & 255}.${n & 255}`
  return `X-Forwarded-For: ${n}, evil", 10.${n & 255}.0.1, ${address}\r\nForwarded: for=${n}\r\nUser-Agent: evil/${n}\r\nX-${n}: ${n}\r\n`
}

function requestOf(kind: Flood['kind'], n: number): string {
  if (kind === 'hostile') {
    return `GET ${hostileTarget(n)} HTTP/1.1\r\nHost: n${n}.test\r\n${hostileHeaders(n)}\r\n`
  }
  return `GET /v2/app/blobs/${GOOD_DIGESTS[n % GOOD]} HTTP/1.1\r\nHost: door.test\r\nX-Forwarded-For: 35.180.${(n >>> 8) & 255}.${n & 255}\r\nUser-Agent: containerd/2.0.0\r\n\r\n`
}

/** Distinct over all floods of this process. */
let next = 0

function flood({ port, count, kind, rate }: Flood): Promise<void> {
  const end = next + count
  const waiting: (() => void)[] = []
  const connections = Array.from({ length: CONNECTIONS }, () => {
    return new Promise<void>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1')
      socket.setNoDelay(true)
      let open = 0
      let tail = ''
      const send = (most: number) => {
        if (next >= end) return socket.destroy()
        let text = ''
        for (; open < most && next < end; open++) text += requestOf(kind, next++)
        return socket.write(text, 'latin1')
      }
      const ready = () => (rate === undefined ? send(BATCH) : waiting.push(() => send(1)))
      socket.setEncoding('latin1')
      socket.on('connect', ready)
      socket.on('data', (chunk: string) => {
        const text = tail + chunk
        let from = 0
        for (;;) {
          const head = text.indexOf('HTTP/1.1 ', from)
          if (head < 0) break
          open--
          from = head + 9
        }
        tail = text.slice(Math.max(from, text.length - 8))
        if (open === 0) ready()
      })
      socket.on('error', reject)
      socket.on('close', () => resolve())
    })
  })
  const started = performance.now()
  let sent = 0
  const rounds = setInterval(() => {
    const due = rate === undefined ? 0 : ((performance.now() - started) * rate) / 1000
    for (; waiting.length > 0 && (sent < due || next >= end); sent++) waiting.shift()!()
  }, ROUND)
  return Promise.all(connections).then(() => clearInterval(rounds))
}

if (process.send !== undefined) {
  const held = new Map(GOOD_DIGESTS.map((digest, n) => [digest, goodBlob(n)]))
  let probes = 0
  const store = createServer(({ url = '', method, headers }, response) => {
    probes++
    const blob = url === '/v2/' ? '{}' : held.get(url.slice(url.lastIndexOf('/') + 1))
    if (blob === undefined) return response.writeHead(404, { 'Content-Length': '0' }).end()
    const range = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '')
    const start = Number(range?.[1] ?? 0)
    const part = blob.slice(start, Number(range?.[2] || blob.length) + 1)
    response.writeHead(range === null ? 200 : 206, {
      'Content-Length': String(part.length),
      ...(range && { 'Content-Range': `bytes ${start}-${start + part.length - 1}/${blob.length}` }),
    })
    return response.end(method === 'HEAD' ? undefined : part)
  })
  store.listen(0, '127.0.0.1', () => process.send!({ store: (store.address() as AddressInfo).port }))
  process.on('message', (message: Flood) => {
    const before = probes
    flood(message).then(
      () => process.send!({ probes: probes - before }),
      (error) => {
        console.error(error)
        process.exit(1)
      },
    )
  })
}
