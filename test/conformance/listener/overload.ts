import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RuntimeName } from '../../support/portolan.ts'
import { until } from '../../support/until.ts'
import { type EchoDoor, echoed, get, last, send, startEchoDoor } from './clients.ts'

/** Each has a request of a millisecond under way at all times, so whoever is new waits for 150 of them. */
const CLIENTS = 150
/** How long a request may wait for its turn, in milliseconds. */
const TURN = 80

/** What a listener does when more is asked than it can answer. */
export function describeOverload(runtime: RuntimeName): void {
  describe(`a listener on ${runtime} that has more to do than it can`, () => {
    let sheds: EchoDoor
    let takesAll: EchoDoor
    beforeAll(async () => {
      ;[sheds, takesAll] = await Promise.all([
        startEchoDoor(runtime, { shedsLoad: true, timeLimits: { turn: TURN } }),
        startEchoDoor(runtime),
      ])
    })
    afterAll(() => {
      sheds.process.kill('SIGKILL')
      takesAll.process.kill('SIGKILL')
    })

    it('sends whoever is new away with 503 and a time to come back, goes on for the others, and is itself again', async () => {
      const load = await startLoad(sheds.port)
      await until('a new client to be sent away', async () => {
        const received = await send(sheds.open, last('/new'))
        return /^HTTP\/1\.1 503 [\s\S]*\r\nRetry-After: 1\r\n[\s\S]*TOOMANYREQUESTS/.test(received)
      })
      expect(sheds.lines).toContain('refused: 503 there is more to do than can be done')
      const before = load.answered()
      await until('those who were there to be answered', () => load.answered() > before + CLIENTS)
      expect(load.lost()).toBe(0)
      load.stop()
      await until('a new client to be answered', async () => {
        return echoed(await send(sheds.open, last('/new')))[0] === 'GET /new'
      })
    })

    it('answers everybody where it may not send anybody away, as the admin service', async () => {
      const load = await startLoad(takesAll.port)
      await until('the load to be there', () => load.answered() > 2 * CLIENTS)
      expect(echoed(await send(takesAll.open, last('/new')))).toEqual(['GET /new'])
      load.stop()
    })
  })
}

/** Clients that ask again as soon as they are answered, each on a connection that is there before the load is. */
async function startLoad(port: number) {
  let answered = 0
  let lost = 0
  const ask = (socket: Socket) => socket.write(get('/work'))
  const sockets = Array.from({ length: CLIENTS }, () => connect({ port, host: '127.0.0.1', noDelay: true }))
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  // What the kernel has taken is not accepted yet: Node accepts one in each turn of its loop.
  for (const socket of sockets) socket.write(get('/first'))
  await Promise.all(sockets.map((socket) => once(socket, 'data')))
  for (const socket of sockets) {
    socket.on('data', (chunk) => {
      answered++
      if (!chunk.toString('latin1').startsWith('HTTP/1.1 200 ')) lost++
      ask(socket)
    })
    socket.on('error', () => lost++)
    ask(socket)
  }
  return {
    answered: () => answered,
    lost: () => lost,
    stop() {
      for (const socket of sockets) socket.destroy()
    },
  }
}
