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

/** What every listener must do with the bytes of a connection, whatever runtime it is on. */
export function describeListener(runtime: RuntimeName, wire: Wire = 'tcp'): void {
  describe.skipIf(wire === 'tls' && noCertificates)(`a listener on ${runtime} over ${wire}`, () => {
    let door: EchoDoor
    beforeAll(async () => {
      door = await startEchoDoor(runtime, await optionsFor(wire))
    })
    afterAll(() => {
      door.process.kill('SIGKILL')
    })

    const send = (...pieces: string[]) => sendTo(door.open, ...pieces)

    it.each([
      ['in one piece', [get('/a'), last('/b')]],
      ['both in one piece', [get('/a') + last('/b')]],
      ['byte by byte', [...`${get('/a')}${last('/b')}`.match(/.{1,9}/gs)!]],
      ['cut within the blank line', [get('/a').slice(0, -1), `\n${last('/b')}`]],
      ['one and a half, then the rest', [get('/a') + last('/b').slice(0, 20), last('/b').slice(20)]],
      ['with an empty line before', [`\r\n${get('/a')}`, last('/b')]],
    ])('answers two requests on one connection: %s', async (_, pieces) => {
      expect(echoed(await send(...pieces))).toEqual(['GET /a', 'GET /b'])
    })

    it('keeps the order of pipelined requests when the first answer is late', async () => {
      expect(echoed(await send(get('/late?1'), get('/a') + get('/late?2'), last('/b')))).toEqual([
        'GET /late?1',
        'GET /a',
        'GET /late?2',
        'GET /b',
      ])
    })

    it('hands over the target as it stood on the wire', async () => {
      for (const target of ['/a/../b', '/a/%2e%2e/b', '/a\\b', '//a', '/a?b?c#d', '/a;b', '/%zz']) {
        expect(echoed(await send(last(target.replace('\\', '\\'))))[0]).toBe(
          `GET ${target.replace('\\', '\\\\')}`,
        )
      }
    })

    it('answers HEAD without a body and goes on', async () => {
      const received = await send(
        'HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n',
        'HEAD /stream HTTP/1.1\r\nHost: x\r\n\r\n',
        last('/b'),
      )
      expect(received.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3)
      expect(echoed(received)).toEqual(['GET /b'])
    })

    it('answers a client that closes its half after the request', async () => {
      const socket = door.open({ allowHalfOpen: true })
      const received = readAll(socket)
      socket.end(get('/a'))
      expect(echoed(await received)).toEqual(['GET /a'])
      socket.destroy()
    })

    it.each([
      ['/redirect', 307, ''],
      ['/not-modified', 304, ''],
      ['/utf-8', 200, 'Ã©â\u0086\u0092'],
      ['/bytes', 200, '\0\xff\n'],
      ['/unframed', 200, /no length/],
    ])('frames the reply of %s', async (target, status, body) => {
      const received = await send(get(target), last('/b'))
      expect(received).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
      expect(received).toMatch(/\r\nDate: \w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT\r\n/)
      const [, first] = received.split('\r\n\r\n')
      if (typeof body === 'string') expect(first!.split('HTTP/1.1')[0]).toBe(body)
      else expect(first).toMatch(body)
      expect(echoed(received)).toEqual(['GET /b'])
    })

    it.each(['/stream', '/stream-late', '/large'])(
      'sends the whole body of %s, then the next answer',
      async (target) => {
        const received = await send(get(target), last('/b'))
        const length = Number(/Content-Length: (\d+)/.exec(received)![1])
        const body = received.slice(received.indexOf('\r\n\r\n') + 4)
        expect(/^(x+|y+)/.exec(body)![0].length).toBe(length)
        expect(echoed(received)).toEqual(['GET /b'])
      },
    )

    it('joins fields of one name, whatever their case and blanks', async () => {
      const received = await send(last('/header', 'X-Forwarded-For: 1.1.1.1 ', 'x-forwarded-FOR:\t2.2.2.2'))
      expect(received).toMatch(/1\.1\.1\.1, 2\.2\.2\.2$/)
      expect(await send(last('/header', 'A: X-Forwarded-For: 1', 'Y-X-Forwarded-For: 2'))).toMatch(
        /undefined$/,
      )
      expect(await send(last('/header', 'X-Forwarded-For:'))).toMatch(/\r\n\r\n$/)
    })

    it('tells every error, answers 500 and lives', async () => {
      for (const target of ['/throw', '/reject']) {
        expect(await send(last(target))).toMatch(/^HTTP\/1\.1 500 /)
        expect(await send(get('/a') + last(target))).toMatch(/HTTP\/1\.1 500 /)
      }
      expect(door.lines.filter((line) => line.includes('on purpose'))).toHaveLength(4)
    })

    it('never lets a header value become two headers', async () => {
      expect(await send(last('/split'))).not.toMatch(/\nX-Injected/)
      expect(await send(get('/split'), last('/a'))).not.toMatch(/\nX-Injected/)
    })

    // Each is one way to smuggle a request past a parser; the second request must be seen as what it is, or not at all.
    it.each([
      [
        'a body',
        'POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 31\r\n\r\nGET /evil HTTP/1.1\r\nHost: x\r\n\r\n',
      ],
      [
        'a body of a GET',
        'GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 31\r\n\r\nGET /evil HTTP/1.1\r\nHost: x\r\n\r\n',
      ],
      [
        'chunks',
        'GET /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1f\r\nGET /evil HTTP/1.1\r\nHost: x\r\n\r\n\r\n0\r\n\r\n',
      ],
    ])('reads %s as such', async (_, text) => {
      const received = await send(text, last('/b'))
      expect(echoed(received)).not.toContain('GET /evil')
    })

    it.each([
      ['two lengths', 'GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n'],
      [
        'a length and chunks',
        'GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      ],
      ['a blank before the colon', 'GET /a HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\n'],
      ['a line without a colon', 'GET /a HTTP/1.1\r\nHost: x\r\nfoo\r\n\r\n'],
      ['a bare LF', 'GET /a HTTP/1.1\r\nHost: x\nX: y\r\n\r\n'],
      ['a bare CR', 'GET /a HTTP/1.1\r\nHost: x\rX: y\r\n\r\n'],
      ['a NUL', 'GET /a HTTP/1.1\r\nHost: x\0\r\n\r\n'],
      ['no target', 'GET  HTTP/1.1\r\nHost: x\r\n\r\n'],
      ['a method in lower case', 'get /a HTTP/1.1\r\nHost: x\r\n\r\n'],
      ['another protocol', 'GET /a HTCPCP/1.0\r\nHost: x\r\n\r\n'],
      ['too many bytes', `GET /a HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`],
    ])('refuses %s and hangs up', async (_, text) => {
      const received = await send(text)
      expect(received).toMatch(/^(HTTP\/1\.1 4\d\d |$)/)
      expect(echoed(received)).toEqual([])
    })

    it('stops making a body when the client hangs up', async () => {
      const asked = () => door.lines.filter((line) => line === 'asked').length
      const askedBefore = asked()
      const cancelled = async () => Number(/\d+$/.exec(await send(last('/cancelled')))![0])
      const before = await cancelled()
      for (const target of ['/endless', '/endless-late']) {
        const socket = door.open()
        socket.on('error', () => {})
        socket.write(get(target))
        await once(socket, 'data')
        socket.destroy()
      }
      // One that hangs up before there is anything to send.
      const early = door.open()
      early.on('error', () => {})
      early.write(get('/endless-late'))
      await until('the request to run', () => asked() === askedBefore + 2)
      reset(early)
      await until('the body to be given up', async () => (await cancelled()) === before + 3)
    })

    it('does not keep answers for a client that asks and never reads', async () => {
      const memory = async () => Number(/\d+$/.exec(await send(last('/memory')))![0])
      const before = await memory()
      const socket = door.open()
      socket.on('error', () => {})
      socket.pause()
      for (let n = 0; n < 1000; n++) {
        socket.write(get('/large'))
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
      expect((await memory()) - before).toBeLessThan(100_000_000)
      socket.destroy()
    })

    it('drains: what runs is answered, what idles is closed', async () => {
      const other = await startEchoDoor(runtime, await optionsFor(wire))
      const open = () => other.open()
      const idle = open()
      const used = open()
      used.write(get('/a'))
      await once(used, 'data')
      const handedOver = open()
      handedOver.write(get('/a') + get('/b'))
      await once(handedOver, 'data')
      const [running, runningToo] = [open(), open()]
      const answers = [readAll(running), readAll(runningToo)]
      running.write(get('/held'))
      runningToo.write(get('/a') + get('/held'))
      await until('both requests to run', () => other.lines.filter((line) => line === 'asked').length === 2)
      const closed = [idle, used, handedOver].map((socket) => {
        socket.resume()
        return once(socket, 'close')
      })
      const code = once(other.process, 'exit')
      other.process.kill('SIGTERM')
      expect((await Promise.all(answers)).map((answer) => echoed(answer).at(-1))).toEqual([
        'GET /held',
        'GET /held',
      ])
      await Promise.all(closed)
      expect(await code).toEqual([0, null])
    })
  })
}
