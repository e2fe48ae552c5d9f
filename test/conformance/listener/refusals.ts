import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RuntimeName } from '../../support/portolan.ts'
import { until } from '../../support/until.ts'
import { type EchoDoor, echoed, get, last, readAll, send, sendHalf, startEchoDoor } from './clients.ts'

const head = (line: string, ...fields: string[]) => `${[line, ...fields].join('\r\n')}\r\n\r\n`
const HOST = 'Host: door.test'

/** What every listener refuses before a door sees it: in the same words, however the bytes come. */
export function describeRefusals(runtime: RuntimeName): void {
  describe(`a listener on ${runtime} refuses`, () => {
    let door: EchoDoor
    beforeAll(async () => {
      door = await startEchoDoor(runtime)
    })
    afterAll(() => {
      door.process.kill('SIGKILL')
    })

    it.each<[string, number, string]>([
      ['a request without Host', 400, head('GET /a HTTP/1.1', 'Accept: */*')],
      ['two lines of Host', 400, head('GET /a HTTP/1.1', HOST, 'Host: other.test')],
      ['two lines of Host in HTTP/1.0', 400, head('GET /a HTTP/1.0', HOST, HOST)],
      ['150 fields', 431, get('/a', ...Array.from({ length: 150 }, (_, n) => `X-${n}: y`))],
      ['20 KB of fields', 431, get('/a', `X: ${'y'.repeat(20_000)}`)],
      ['an unknown coding', 400, head('POST /a HTTP/1.1', HOST, 'Transfer-Encoding: gzip')],
      [
        'an unknown coding before chunked',
        400,
        head('POST /a HTTP/1.1', HOST, 'Transfer-Encoding: x, chunked'),
      ],
      [
        'chunked twice',
        400,
        head('POST /a HTTP/1.1', HOST, 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'),
      ],
      ['a coding in HTTP/1.0', 400, head('POST /a HTTP/1.0', HOST, 'Transfer-Encoding: chunked')],
      [
        'a length and a coding',
        400,
        head('GET /a HTTP/1.1', HOST, 'Content-Length: 5', 'Transfer-Encoding: chunked'),
      ],
      ['two lengths', 400, head('GET /a HTTP/1.1', HOST, 'Content-Length: 5', 'Content-Length: 5')],
      ['a list of lengths', 400, head('GET /a HTTP/1.1', HOST, 'Content-Length: 5, 5')],
      ['a signed length', 400, head('GET /a HTTP/1.1', HOST, 'Content-Length: +5')],
      ['an expectation', 417, get('/a', 'Expect: a-miracle')],
      ['a tunnel', 405, head('CONNECT door.test:443 HTTP/1.1', HOST)],
      ['another version', 505, head('GET /a HTTP/2.0', HOST)],
      ['a folded line', 400, head('GET /a HTTP/1.1', HOST, 'X: a', ' b')],
      ['a blank before the colon', 400, head('GET /a HTTP/1.1', HOST, 'X : a')],
      ['a NUL', 400, head('GET /a HTTP/1.1', HOST, 'X: \0')],
      ['bare line feeds', 400, 'GET /a HTTP/1.1\nHost: x\n\n'],
      ['TLS', 400, '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03'],
    ])('%s with %i, whole and in halves', async (_, status, text) => {
      const middle = Math.floor(text.length / 2)
      const refusedBefore = door.lines.length
      for (const pieces of [
        [text],
        [text.slice(0, middle), text.slice(middle)],
        [get('/b') + text],
        [get('/b'), text],
      ]) {
        const received = await send(door.open, ...pieces)
        const refusal = received.slice(received.lastIndexOf('HTTP/1.1 '))
        expect(refusal).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
        expect(refusal).toMatch(/\r\nContent-Type: application\/json\r\n/)
        expect(refusal).toMatch(/\r\nConnection: close\r\n/)
        expect(JSON.parse(refusal.split('\r\n\r\n')[1]!)).toMatchObject({ errors: [{ code: 'UNSUPPORTED' }] })
        expect(echoed(received)).toEqual(pieces.join('').includes('/b') ? ['GET /b'] : [])
      }
      await until(
        'four refusals to be told',
        () =>
          door.lines.slice(refusedBefore).filter((line) => line.startsWith(`refused: ${status} `)).length ===
          4,
      )
    })

    it('does not ask for a body that it will not take', async () => {
      const received = await send(
        door.open,
        head('POST /a HTTP/1.1', HOST, 'Content-Length: 5', 'Expect: 100-continue'),
      )
      expect(received).not.toMatch(/HTTP\/1\.1 100/)
      expect(echoed(received)).toEqual(['POST /a'])
    })

    it('nothing of a body that follows its answer, and lets the client read that', async () => {
      const received = await send(
        door.open,
        head('POST /a HTTP/1.1', HOST, 'Content-Length: 200000') + 'x'.repeat(100_000),
        'x'.repeat(100_000),
      )
      expect(echoed(received)).toEqual(['POST /a'])
    })

    it('half a request of a client that closes its half', async () => {
      const received = await sendHalf(door.open, get('/b'), 'GET /a HTTP/1.1\r\nHost')
      expect(echoed(received)).toEqual(['GET /b'])
      expect(received).toMatch(/HTTP\/1\.1 400 [\s\S]*UNSUPPORTED/)
    })

    it.each(['Connection: close', 'Connection: x, Close', 'Proxy-Connection: close'])(
      'to go on after %s, whole and in halves',
      async (field) => {
        const text = get('/a', field)
        for (const pieces of [[text + get('/b')], [text.slice(0, 9), text.slice(9), get('/b')]]) {
          const received = await send(door.open, ...pieces)
          expect(echoed(received)).toEqual(['GET /a'])
          expect(received).toMatch(/\r\nConnection: close\r\n/)
        }
      },
    )

    it('to go on after HTTP/1.0', async () => {
      expect(
        echoed(await send(door.open, head('GET /a HTTP/1.0', 'Connection: keep-alive') + get('/b'))),
      ).toEqual(['GET /a'])
    })
  })

  describe(`a listener on ${runtime} bounds`, () => {
    let door: EchoDoor
    beforeAll(async () => {
      door = await startEchoDoor(runtime, {
        maxConnections: 8,
        timeLimits: { firstByte: 1000, headers: 1000, idle: 3000 },
      })
    })
    afterAll(() => {
      door.process.kill('SIGKILL')
    })
    const open = async () => {
      const socket = door.open()
      socket.on('error', () => {})
      await once(socket, 'connect')
      return socket
    }

    it('connections, and tells those beyond to come back', async () => {
      const sockets = await Promise.all(Array.from({ length: 8 }, open))
      for (const socket of sockets) {
        socket.write(get('/a'))
        await once(socket, 'data')
      }
      for (let n = 0; n < 3; n++) {
        const refused = await send(door.open, get('/a'))
        expect(refused).toMatch(/^HTTP\/1\.1 503 [\s\S]*\r\nRetry-After: \d+\r\n[\s\S]*TOOMANYREQUESTS/)
      }
      sockets[0]!.write(get('/b'))
      expect(String((await once(sockets[0]!, 'data'))[0])).toMatch(/200 OK/)
      for (const socket of sockets) socket.destroy()
      await until('another to be taken', async () => /200 OK/.test(await send(door.open, last('/a'))))
      expect(door.lines.filter((line) => line.startsWith('refused: 503'))).not.toEqual([])
    })

    it('the wait for a first byte, for a whole head, and for the next request', async () => {
      const silent = readAll(await open())
      const started = await open()
      const half = readAll(started)
      started.write('GET /a HTTP/1.1\r\n')
      const dripping = await open()
      const drip = readAll(dripping)
      const drops = setInterval(() => dripping.write('G'), 100)
      const idle = await open()
      const used = readAll(idle)
      idle.write(get('/a'))
      expect(await silent).toBe('')
      expect(await half).toMatch(/^HTTP\/1\.1 408 [\s\S]*UNSUPPORTED/)
      expect(await drip).toMatch(/^HTTP\/1\.1 408 /)
      clearInterval(drops)
      expect(echoed(await used)).toEqual(['GET /a'])
    })
  })
}
