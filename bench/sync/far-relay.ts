import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

// A process of its own that stands between a client and a server as if they were far from each other: `far-relay.ts HOST
// PORT DELAY WINDOW`. What either sends arrives DELAY milliseconds later; a connection takes a round trip to be made; and
// towards the client no more than a window of bytes is on its way, of which a round trip later is known that it arrived.
// The window begins as TCP's does (RFC 6928: ten segments) and grows with what arrives, up to WINDOW bytes. Nothing is
// lost, and no two connections share anything. It prints its port.

const [host = '', port, delayText, windowText] = process.argv.slice(2)
const DELAY = Number(delayText)
const WINDOW = Number(windowText)
const FIRST_WINDOW = 14_600
/** Ends an arrival early rather than late by the grain of timers. */
const GRAIN = 0.5

/** Does things a while after they are given, in their order, with one timer for all. */
class Line {
  readonly #waiting: { readonly at: number; readonly arrive: () => void }[] = []
  #first = 0
  #timer: NodeJS.Timeout | undefined

  send(arrive: () => void, delay = DELAY): void {
    this.#waiting.push({ at: performance.now() + delay, arrive })
    this.#timer ??= setTimeout(() => this.#deliver(), delay)
  }

  #deliver(): void {
    this.#timer = undefined
    const now = performance.now() + GRAIN
    while (this.#first < this.#waiting.length && this.#waiting[this.#first]!.at <= now)
      this.#waiting[this.#first++]!.arrive()
    const next = this.#waiting[this.#first]
    if (this.#first > 1024 || next === undefined) this.#waiting.splice(0, this.#first)
    if (next === undefined || this.#first > 1024) this.#first = 0
    if (next !== undefined) this.#timer = setTimeout(() => this.#deliver(), next.at - now)
  }
}

function relay(client: Socket): void {
  const server = connect({ host, port: Number(port), noDelay: true })
  const there = new Line()
  const back = new Line()
  const arrived = new Line()
  let onItsWay = 0
  let window = FIRST_WINDOW
  // The handshake: what a client sends at once waits for it.
  let extra = 2 * DELAY
  client.on('data', (bytes) => {
    there.send(() => server.write(bytes), DELAY + extra)
    extra = 0
  })
  client.on('end', () => there.send(() => server.end()))
  server.on('readable', () => read())
  const read = () => {
    while (onItsWay < window) {
      const bytes: Buffer | null = server.read(
        Math.min(window - onItsWay, server.readableLength) || undefined,
      )
      if (bytes === null) return
      onItsWay += bytes.length
      back.send(() => {
        client.write(bytes)
        arrived.send(() => {
          onItsWay -= bytes.length
          window = Math.min(WINDOW, window + bytes.length)
          read()
        })
      })
    }
  }
  server.on('end', () => back.send(() => client.end()))
  client.on('close', () => server.destroy())
  client.on('error', () => server.destroy())
  server.on('error', () => client.destroy())
}

const listener = createServer({ noDelay: true }, relay).listen(0, '127.0.0.1')
await once(listener, 'listening')
console.log((listener.address() as AddressInfo).port)
