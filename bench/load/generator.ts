import { connect, type Socket } from 'node:net'

// A process of its own: clients that send requests at a rate, whatever becomes of the answers, and time them. Told what
// to do over IPC.

/** Asks the generator for load. */
export interface Order {
  readonly port: number
  readonly connections: number
  /** Requests a second of all connections together; absent for as many as are answered. */
  readonly rate?: number
  readonly seconds: number
  /** Of the blobs that are asked for; one request in a hundred is for a new one. */
  readonly digests: readonly string[]
}

/** What became of it; times are in milliseconds. */
export interface Outcome {
  readonly answered: number
  readonly byStatus: Readonly<Record<string, number>>
  readonly lost: number
  readonly p50: number
  readonly p99: number
  readonly most: number
}

/** Between two rounds at a rate, in milliseconds. */
const ROUND = 5
/** Each time is counted in one of these, a tenth of a millisecond wide; the last one has all that are longer. */
const BUCKETS = 100_000

let count = 0

/** Every sixteen requests another client, of a network of a million. */
function nextRequest(digests: readonly string[]): string {
  count++
  const client = Math.floor(count / 16)
  const address = `240.${(client >> 16) & 15}.${(client >> 8) & 255}.${client & 255}`
  const digest =
    count % 100 === 0 ? `sha256:${count.toString(16).padStart(64, '0')}` : digests[count % digests.length]
  return `GET /v2/app/blobs/${digest} HTTP/1.1\r\nX-Forwarded-For: ${address}\r\nHost: door.test\r\nUser-Agent: containerd/2.0.0\r\n\r\n`
}

async function load({ port, connections, rate, seconds, digests }: Order): Promise<Outcome> {
  const times = new Uint32Array(BUCKETS)
  const byStatus: Record<string, number> = {}
  let [answered, lost] = [0, 0]
  const free: (() => void)[] = []
  let sent = 0
  const started = performance.now()
  const pump = () => {
    const due = rate === undefined ? Number.POSITIVE_INFINITY : ((performance.now() - started) * rate) / 1000
    for (; free.length > 0 && sent < due; sent++) free.shift()!()
  }
  const end = performance.now() + seconds * 1000
  const sockets: Socket[] = []
  for (let n = 0; n < connections; n++) {
    // One address of this machine has fewer ports than that.
    const socket = connect({
      port,
      host: '127.0.0.1',
      localAddress: `127.0.${Math.floor(n / 20_000)}.2`,
      noDelay: true,
    })
    sockets.push(socket)
    let at = 0
    const send = () => {
      at = performance.now()
      socket.write(nextRequest(digests), 'latin1')
    }
    const ready = () => {
      free.push(send)
      pump()
    }
    socket.setEncoding('latin1')
    socket.on('connect', ready)
    socket.on('data', (chunk: string) => {
      const now = performance.now()
      times[Math.min(BUCKETS - 1, Math.floor((now - at) * 10))]!++
      const status = chunk.slice(9, 12)
      byStatus[status] = (byStatus[status] ?? 0) + 1
      answered++
      if (now < end) ready()
    })
    socket.on('error', () => lost++)
    if (n % 500 === 499) await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const rounds = setInterval(pump, ROUND)
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, end - performance.now()) + 1000))
  clearInterval(rounds)
  for (const socket of sockets) socket.destroy()
  return { answered, byStatus, lost, ...quantiles(times, answered) }
}

function quantiles(times: Uint32Array, all: number): Pick<Outcome, 'p50' | 'p99' | 'most'> {
  const found = { p50: 0, p99: 0, most: 0 }
  let seen = 0
  times.forEach((some, bucket) => {
    if (some === 0) return
    if (seen < all / 2) found.p50 = bucket / 10
    if (seen < all * 0.99) found.p99 = bucket / 10
    found.most = bucket / 10
    seen += some
  })
  return found
}

process.on('message', async (order: Order) => process.send!(await load(order)))
