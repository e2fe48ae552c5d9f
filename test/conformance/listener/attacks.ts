import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noCertificates } from '../../support/certificates.ts'
import type { RuntimeName } from '../../support/portolan.ts'
import { until } from '../../support/until.ts'
import {
  type EchoDoor,
  echoed,
  get,
  last,
  optionsFor,
  readAll,
  reset,
  send as sendTo,
  startEchoDoor,
  type Wire,
} from './clients.ts'

/** What clients that mean harm must not bring about, whatever runtime a listener is on. */
export function describeAttacks(runtime: RuntimeName, wire: Wire = 'tcp'): void {
  describe.skipIf(wire === 'tls' && noCertificates)(
    `a listener on ${runtime} over ${wire} under attack`,
    () => {
      let door: EchoDoor
      beforeAll(async () => {
        // Over TLS, Node does not always tell that a client is gone while an answer is sent: then the time limit does.
        door = await startEchoDoor(runtime, { ...(await optionsFor(wire)), timeLimits: { send: 3000 } })
      })
      afterAll(() => {
        door.process.kill('SIGKILL')
      })

      const send = (...pieces: string[]) => sendTo(door.open, ...pieces)
      const open = () => {
        const socket = door.open({ noDelay: true })
        socket.on('error', () => {})
        return socket
      }
      const bodyOf = async (target: string) => (await send(last(target))).split('\r\n\r\n')[1]!
      const counted = async () =>
        JSON.parse(await bodyOf('/counted')) as { most: number; running: number; answered: number }

      it('runs one request of a connection at a time, however many come at once', async () => {
        const received = await send(get('/count').repeat(40) + last('/b'))
        expect(received.match(/z{1000000}/g)).toHaveLength(40)
        expect(echoed(received)).toEqual(['GET /b'])
        expect((await counted()).most).toBe(1)
      })

      it('keeps one answer, and not all, for a client that pipelines and does not read', async () => {
        const memory = async () => Number(await bodyOf('/memory'))
        const before = await memory()
        const { answered } = await counted()
        const sockets = [0, 1, 2].map(open)
        for (const socket of sockets) {
          socket.pause()
          socket.write(get('/count').repeat(500))
        }
        await until('the first answers', async () => (await counted()).answered >= answered + 3)
        await new Promise((resolve) => setTimeout(resolve, 1000))
        // The kernel takes the first few: sockets on loopback have buffers of some megabytes.
        expect((await counted()).answered - answered).toBeLessThan(100)
        expect((await memory()) - before).toBeLessThan(100_000_000)
        for (const socket of sockets) socket.destroy()
      })

      it('gives everybody a turn while one client pipelines', async () => {
        const { answered } = await counted()
        const socket = open()
        socket.write(get('/work').repeat(800))
        await once(socket, 'data')
        const other = open()
        other.write(get('/counted'))
        const [reply] = (await once(other, 'data')) as [Buffer]
        const after = JSON.parse(reply.toString().split('\r\n\r\n')[1]!) as { answered: number }
        expect(after.answered - answered).toBeLessThan(400)
        socket.destroy()
        other.destroy()
      })

      it.each([
        ['in the same piece', [`${get('/stream')}\0\x01 garbage\r\n\r\n`]],
        ['while it is sent', [get('/stream'), '\0\x01 garbage\r\n\r\n']],
        ['in halves', [`${get('/stream')}GARB`, 'AGE\r\n\r\n']],
        [
          'as a second request that is too large',
          [`${get('/stream')}${get('/a', `X: ${'y'.repeat(20_000)}`)}`],
        ],
        [
          'as a smuggled body',
          [`${get('/stream')}${get('/a', 'Content-Length: 5', 'Transfer-Encoding: chunked')}`],
        ],
      ])(
        'never writes into a body that is sent what it thinks of the next request: %s',
        async (_, pieces) => {
          for (let round = 0; round < 5; round++) {
            const received = await send(...pieces)
            const [head, body] = [
              received.slice(0, received.indexOf('\r\n\r\n')),
              received.slice(received.indexOf('\r\n\r\n') + 4),
            ]
            expect(head).toMatch(/^HTTP\/1\.1 200 /)
            expect(/^x*/.exec(body)![0].length).toBe(1_000_000)
            expect(body.slice(1_000_000)).toMatch(/^HTTP\/1\.1 4(?:00|31) [\s\S]*UNSUPPORTED/)
          }
        },
      )

      it.each(['/short-stream', '/long-stream'])(
        'hangs up after %s, which breaks its promise',
        async (target) => {
          const received = await send(get(target) + get('/a'))
          const length = Number(/Content-Length: (\d+)/.exec(received)![1])
          const body = received.slice(received.indexOf('\r\n\r\n') + 4)
          expect(body.length).toBeLessThanOrEqual(length)
          expect(echoed(received)).toEqual([])
        },
      )

      it('closes the file behind every download that is broken off', async () => {
        const errors = door.lines.filter((line) => line.startsWith('error')).length
        for (let round = 0; round < 15; round++) {
          await Promise.all(Array.from({ length: 32 }, (_, n) => breakOff(n % 16)))
        }
        await until('every file to be closed', async () => Number(await bodyOf('/open-files')) === 0)
        expect(door.lines.filter((line) => line.startsWith('error'))).toHaveLength(errors)
      })

      /** In each of 16 ways: asked for whole or in halves, left at once or with the first bytes, reset or closed, late or not. */
      async function breakOff(way: number): Promise<void> {
        const socket = open()
        const text = get('/file')
        await once(socket, 'connect')
        if (way & 1) {
          socket.write(text.slice(0, 9))
          await new Promise((resolve) => setTimeout(resolve, 2))
        }
        await new Promise((resolve) => socket.write(way & 1 ? text.slice(9) : text, resolve))
        if (way & 2) await once(socket, 'data')
        if (way & 4) await new Promise((resolve) => setTimeout(resolve, 1))
        if (way & 8) reset(socket)
        else socket.destroy()
      }

      it('answers HEAD of what the client just got as a stream, and does not open it for good', async () => {
        const received = await send(`${get('/stream')}HEAD /file HTTP/1.1\r\nHost: x\r\n\r\n${last('/b')}`)
        expect(received.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3)
        expect(echoed(received)).toEqual(['GET /b'])
        await until('the file to be closed', async () => Number(await bodyOf('/open-files')) === 0)
      })

      it('sends a body to its end to a client that closed its half', async () => {
        const socket = door.open({ allowHalfOpen: true })
        const received = readAll(socket)
        socket.end(get('/stream') + get('/late'))
        const text = await received
        expect(/x{1000000}/.test(text)).toBe(true)
        expect(echoed(text)).toEqual(['GET /late'])
        socket.destroy()
      })

      it('answers requests that come a byte at a time, and cut anywhere', async () => {
        const text = get('/a') + get('/late') + get('/stream') + last('/b')
        const received = await send(...text.slice(0, 40), ...text.slice(40).match(/.{1,17}/gs)!)
        expect(echoed(received)).toEqual(['GET /a', 'GET /late', 'GET /b'])
      })

      it('does not change protocols, nor become a tunnel', async () => {
        expect(
          echoed(
            await send(
              get('/a', 'Connection: Upgrade', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'),
              last('/b'),
            ),
          ),
        ).toEqual(['GET /a', 'GET /b'])
        expect(await send('CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n')).toMatch(
          /^HTTP\/1\.1 405 [\s\S]*\r\nAllow: GET, HEAD\r\n[\s\S]*UNSUPPORTED/,
        )
        expect(await send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')).toMatch(/^HTTP\/1\.1 (400|505) /)
      })

      it('goes on after a client that sends without end and reads nothing', async () => {
        const socket = open()
        socket.pause()
        let full = false
        for (let n = 0; n < 2000 && !full; n++) {
          full = !socket.write(get('/large').repeat(100))
          await new Promise((resolve) => setImmediate(resolve))
        }
        expect(full).toBe(true)
        expect(echoed(await send(last('/a')))).toEqual(['GET /a'])
        socket.destroy()
      })
    },
  )
}
