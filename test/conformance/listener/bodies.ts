import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noCertificates } from '../../support/certificates.ts'
import { RUNTIMES, type RuntimeName } from '../../support/portolan.ts'
import { until } from '../../support/until.ts'
import {
  type EchoDoor,
  echoed,
  get,
  last,
  optionsFor,
  reset,
  send as sendTo,
  startEchoDoor,
  type Wire,
} from './clients.ts'

/** What becomes of long bodies: parts of files, and those that fail on their way. */
export function describeBodies(runtime: RuntimeName, wire: Wire = 'tcp'): void {
  describe.skipIf(wire === 'tls' && noCertificates)(
    `the bodies of a listener on ${runtime} over ${wire}`,
    () => {
      /** What the door has parts of. */
      const file = readFileSync(RUNTIMES[runtime])
      let door: EchoDoor
      beforeAll(async () => {
        door = await startEchoDoor(runtime, { ...(await optionsFor(wire)), timeLimits: { send: 1200 } })
      })
      afterAll(() => {
        door.process.kill('SIGKILL')
      })

      const send = (...pieces: string[]) => sendTo(door.open, ...pieces)
      const filesAreClosed = () =>
        until('every file to be closed', async () => /\r\n\r\n0$/.test(await send(last('/open-files'))))

      it.each([
        ['its start', 0, 20_000_000],
        ['nothing of it', 5, 5],
        ['one byte', 4095, 4096],
        ['its last byte', file.length - 1, file.length],
        ['some pages', 4096, 4096 * 33],
        ['what begins and ends within a page', 1234, 3_456_789],
      ])('sends of a file %s, and then the next answer', async (_, start, end) => {
        const received = await receive(get(`/part?${start}-${end}`) + last('/b'))
        const begin = received.indexOf('\r\n\r\n') + 4
        expect(hashOf(received.subarray(begin, begin + end - start))).toBe(hashOf(file.subarray(start, end)))
        expect(echoed(received.toString('latin1', begin + end - start))).toEqual(['GET /b'])
        await filesAreClosed()
      })

      it('sends everyone what was asked for, however slowly it is taken', async () => {
        const ranges = Array.from(
          { length: 24 },
          (_, n) => [n * 600_007, n * 600_007 + 4_000_000 + n] as const,
        )
        const received = await Promise.all(
          ranges.map(([start, end], n) => receive(last(`/part?${start}-${end}`), n % 3)),
        )
        for (const [n, [start, end]] of ranges.entries()) {
          expect(hashOf(bodyOf(received[n]!))).toBe(hashOf(file.subarray(start, end)))
        }
        await filesAreClosed()
      }, 20_000)

      it('closes a file that nobody takes to its end, in every way to break off', async () => {
        const errors = door.lines.filter((line) => line.startsWith('error')).length
        for (let round = 0; round < 8; round++) {
          await Promise.all(Array.from({ length: 32 }, (_, n) => breakOff(n % 8)))
        }
        await filesAreClosed()
        expect(door.lines.filter((line) => line.startsWith('error'))).toHaveLength(errors)
      })

      async function breakOff(way: number): Promise<void> {
        const socket = door.open({ noDelay: true })
        socket.on('error', () => {})
        await once(socket, 'connect')
        socket.write(get('/part'))
        if (way & 1) await once(socket, 'data')
        if (way & 2) socket.pause()
        if (way & 2) await sleep(5)
        if (way & 4) reset(socket)
        else socket.destroy()
      }

      it('hangs up on a client that takes nothing', async () => {
        const socket = door.open()
        socket.on('error', () => {})
        socket.pause()
        socket.write(get('/part'))
        await filesAreClosed()
        socket.destroy()
      }, 15_000)

      it.each(['GET', 'OPTIONS'])(
        'does not hang up on a client that waits for us: %s',
        async (method) => {
          const received = await send(last('/pausing?2600').replace('GET ', `${method} `))
          expect(received.slice(received.indexOf('\r\n\r\n') + 4)).toHaveLength(2000)
        },
        15_000,
      )

      it('answers HEAD of a part without opening it for good', async () => {
        const received = await send('HEAD /part HTTP/1.1\r\nHost: x\r\n\r\n', last('/b'))
        expect(received).toMatch(new RegExp(`Content-Length: ${file.length}\r\n`))
        expect(echoed(received)).toEqual(['GET /b'])
        await filesAreClosed()
      })

      // An absolute target is none that the listener reads itself.
      it('sends a part by way of node:http too', async () => {
        const received = await receive(last('/part?10-2000010').replace('GET ', 'OPTIONS '))
        expect(hashOf(bodyOf(received))).toBe(hashOf(file.subarray(10, 2_000_010)))
        await filesAreClosed()
      })

      describe.each([
        ['a plain request', (target: string) => get(target) + get('/a')],
        ['one for node:http', (target: string) => get(target).replace('GET ', 'OPTIONS ') + get('/a')],
      ])('a body that fails, asked for by %s', (_, request) => {
        it.each([
          ['/broken?100000', 100_000],
          ['/broken?0', 0],
          ['/shrunk-part', 100_000],
        ])('%s never has the length that was promised', async (target, most) => {
          const received = await send(request(target))
          const [, head = '', body = ''] = /^(.*?\r\n\r\n)(.*)/s.exec(received) ?? []
          // A head that the client never saw promised nothing.
          if (head !== '')
            expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n(?:.*\r\n)?Content-Length: 200000\r\n/s)
          expect(body.length).toBeLessThanOrEqual(most)
          expect(body).not.toContain('HTTP/1.1')
          await filesAreClosed()
        })

        it('in chunks never has the last one', async () => {
          for (const target of ['/broken-unframed?100000', '/broken-unframed?0']) {
            const received = await send(request(target))
            expect(received).not.toMatch(/(?:^|\r\n)0\r\n/)
            expect(received.match(/HTTP\/1\.1/g)?.length ?? 0).toBeLessThanOrEqual(1)
          }
        })

        it('of a client that knows the end only by hanging up is reset', async () => {
          const socket = door.open()
          const fault = new Promise((resolve) => {
            socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code))
            socket.once('end', () => resolve('ended as if it were whole'))
          })
          socket.resume()
          socket.write(
            request('/broken-unframed?100000').split('\r\n\r\n')[0]!.replace('HTTP/1.1', 'HTTP/1.0') +
              '\r\n\r\n',
          )
          expect(await fault).toBe('ECONNRESET')
        })
      })

      /** Sends a request and gives all that is received; 1 and 2 are ever slower clients. */
      async function receive(request: string, slowness = 0): Promise<Buffer> {
        const socket = door.open()
        const received = collect(socket, slowness)
        socket.write(request)
        return received
      }
    },
  )
}

async function collect(socket: Socket, slowness: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of socket) {
    pieces.push(piece)
    if (slowness > 0 && pieces.length % (40 / slowness) === 0) await sleep(slowness * 10)
  }
  return Buffer.concat(pieces)
}

function bodyOf(received: Buffer): Buffer {
  return received.subarray(received.indexOf('\r\n\r\n') + 4)
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
