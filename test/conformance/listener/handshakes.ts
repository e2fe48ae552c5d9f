import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { ListenOptions, TlsIdentity } from '../../../src/adapters/listener.ts'
import type { RuntimeName } from '../../support/portolan.ts'
import {
  makePrivateAuthority,
  noPrivateAuthority,
  type PrivateAuthority,
} from '../../support/private-authority.ts'
import { until } from '../../support/until.ts'
import { type EchoDoor, echoed, get, last, openTo, readAll, send, startEchoDoor } from './clients.ts'

/** A record of a handshake whose ClientHello is said to be longer than what ever comes. */
const BEGUN = '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03'
const CONNECTIONS = 4

/** What comes before a request over TLS, and what must not come of it, whatever runtime a listener is on. */
export function describeHandshakes(runtime: RuntimeName): void {
  describe.skipIf(noPrivateAuthority)(`a listener on ${runtime} that speaks TLS`, () => {
    let authority: PrivateAuthority
    let door: EchoDoor
    beforeAll(async () => {
      authority = await makePrivateAuthority(['127.0.0.1'])
      door = await startDoor()
    })
    afterAll(async () => {
      door.process.kill('SIGKILL')
      await authority[Symbol.asyncDispose]()
    })

    const startDoor = (more: Partial<TlsIdentity> = {}, options: Partial<ListenOptions> = {}) =>
      startEchoDoor(runtime, {
        ...options,
        tls: { certificate: String(authority.certificate), key: String(authority.key), ...more },
      })

    /** Opens a connection over TLS; rejects when there is none. */
    async function secure(options: ConnectionOptions = {}, to = door): Promise<TLSSocket> {
      const ca = authority.issuer
      const socket = connect({ host: '127.0.0.1', port: to.port, ca, ...options })
      await once(socket, 'secureConnect')
      socket.on('error', () => {})
      return socket
    }

    async function answerOf(socket: Socket): Promise<string[]> {
      const received = readAll(socket)
      socket.write(last('/a'))
      return echoed(await received)
    }

    /** What the door said while something was done, once it has said so many words. */
    async function saidWhile(
      count: number,
      work: () => Promise<unknown>,
      { lines } = door,
    ): Promise<string[]> {
      const before = lines.length
      await work()
      await until('the door to say so', () => lines.length >= before + count)
      return lines.slice(before)
    }

    it('speaks TLS 1.2 and 1.3, and HTTP/1.1 alone', async () => {
      for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
        const socket = await secure({
          ...{ minVersion: version, maxVersion: version },
          ALPNProtocols: ['h2', 'http/1.1'],
        })
        expect([socket.getProtocol(), socket.alpnProtocol]).toEqual([version, 'http/1.1'])
        expect(await answerOf(socket)).toEqual(['GET /a'])
      }
    })

    it.each<[string, string[]]>([
      ['whole', [get('/a')]],
      ['in pieces', ['G', get('/a').slice(1)]],
      ['another verb', [get('/a').replace('GET', 'OPTIONS')]],
    ])('says in the clear that it speaks TLS to who does not: %s', async (_, pieces) => {
      const said = await saidWhile(1, async () => {
        const received = await send(openTo(door.port), ...pieces)
        expect(received).toMatch(/^HTTP\/1\.1 400 [\s\S]*UNSUPPORTED[\s\S]*ask by https/)
      })
      expect(said).toEqual(['refused: 400 this port speaks TLS alone: ask by https'])
    })

    it.each<[string, string, ConnectionOptions]>([
      [
        'TLS 1.1',
        'the client speaks no TLS from 1.2 on',
        { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
      ],
      ['HTTP/2 alone', 'the client does not speak HTTP/1.1', { ALPNProtocols: ['h2'] }],
      [
        'a curve that nobody else speaks',
        'the client and we have no cipher in common',
        { ecdhCurve: 'brainpoolP512r1', maxVersion: 'TLSv1.2' },
      ],
    ])('tells of a client that speaks %s', async (_, reason, options) => {
      expect(await saidWhile(1, () => secure(options).catch(() => {}))).toEqual([`refused: tls ${reason}`])
    })

    it('tells of garbage once, and closes on it', async () => {
      const said = await saidWhile(1, () => send(openTo(door.port), `\x16${'\xde\xad'.repeat(50)}`))
      expect(said).toEqual(['refused: tls the TLS handshake failed'])
    })

    it('bounds how long a handshake takes, however it drips, and frees what it took', async () => {
      const hurried = await startDoor(
        {},
        { maxConnections: CONNECTIONS, timeLimits: { firstByte: 3000, handshake: 1000 } },
      )
      onTestFinished(() => void hurried.process.kill('SIGKILL'))
      const sockets = Array.from({ length: CONNECTIONS }, () => openTo(hurried.port)({ noDelay: true }))
      const closed = sockets.map(readAll)
      const [silent, begun, dripping, leaving] = sockets as [Socket, Socket, Socket, Socket]
      await Promise.all(sockets.map((socket) => once(socket, 'connect')))
      const work = async () => {
        begun.write(BEGUN, 'latin1')
        dripping.write(BEGUN, 'latin1')
        const drops = setInterval(() => dripping.write('\0'), 50)
        leaving.write(BEGUN, 'latin1')
        leaving.end()
        await Promise.all(closed)
        clearInterval(drops)
      }
      expect(await saidWhile(2, work, hurried)).toEqual(
        Array(2).fill('refused: tls the TLS handshake did not end in time'),
      )
      silent.destroy()
      await until('all connections to be free', async () => {
        const all = await Promise.all(
          Array.from({ length: CONNECTIONS }, () =>
            secure({}, hurried)
              .then(answerOf)
              .catch(() => []),
          ),
        )
        return all.flat().length === CONNECTIONS
      })
    })

    it('answers an alert, and no handshake, to who comes beyond the limit', async () => {
      const small = await startDoor({}, { maxConnections: CONNECTIONS })
      onTestFinished(() => void small.process.kill('SIGKILL'))
      const sockets = await Promise.all(Array.from({ length: CONNECTIONS }, () => secure({}, small)))
      const work = () =>
        expect(secure({}, small)).rejects.toMatchObject({ code: 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR' })
      expect(await saidWhile(1, work, small)).toEqual(['refused: 503 there are too many connections'])
      for (const socket of sockets) socket.destroy()
      await until('another to be taken', async () => {
        const socket = await secure({}, small).catch(() => undefined)
        return socket !== undefined && (await answerOf(socket)).length === 1
      })
    })

    it('does not shake hands a second time on one connection', async () => {
      const socket = await secure({ maxVersion: 'TLSv1.2' })
      socket.write(get('/a'))
      await once(socket, 'data')
      const outcome = new Promise((resolve) => {
        socket.renegotiate({ rejectUnauthorized: true }, (error) =>
          resolve(error === null ? 'done' : 'failed'),
        )
        socket.once('close', () => resolve('failed'))
      })
      expect(await outcome).toBe('failed')
      socket.destroy()
      expect(await answerOf(await secure())).toEqual(['GET /a'])
    })

    it('answers those who are there while a crowd shakes hands', async () => {
      const crowded = await startDoor()
      onTestFinished(() => void crowded.process.kill('SIGKILL'))
      const hello = await recordHello()
      const there = await secure({}, crowded)
      const crowd = Array.from({ length: 400 }, () => openTo(crowded.port)().on('error', () => {}))
      await Promise.all(crowd.map((socket) => once(socket, 'connect')))
      let begun = 0
      for (const socket of crowd) {
        socket.once('data', () => begun++)
        socket.write(hello)
      }
      const answer = once(there, 'data')
      there.write(get('/a'))
      expect(String((await answer)[0])).toMatch(/200 OK/)
      expect(begun).toBeLessThan(200)
      await until('all of them to be answered', () => begun === crowd.length)
      for (const socket of [...crowd, there]) socket.destroy()
    })

    describe('to clients with a certificate', () => {
      let closed: EchoDoor
      beforeAll(async () => {
        closed = await startDoor({ clientCA: authority.issuer })
      })
      afterAll(() => {
        closed.process.kill('SIGKILL')
      })
      const clientOf = async (issuer: PrivateAuthority, days?: number) => {
        const { certificate: cert, key } = await issuer.issue(['client'], days)
        return { cert, key }
      }

      it('lets those in whom its authority vouches for, again by a ticket too', async () => {
        const client = await clientOf(authority)
        const first = await secure(client, closed)
        const ticket = once(first, 'session')
        expect(await answerOf(first)).toEqual(['GET /a'])
        const [session] = (await ticket) as [Buffer]
        const second = await secure({ ...client, session }, closed)
        expect(await answerOf(second)).toEqual(['GET /a'])
        expect(closed.lines.filter((line) => line.startsWith('refused'))).toEqual([])
      })

      it('keeps everybody else out, in TLS 1.2 and 1.3', async () => {
        await using stranger = await makePrivateAuthority(['client'])
        const others: [string, ConnectionOptions, string][] = [
          ['nobody', {}, 'the client shows no certificate'],
          [
            "a stranger's",
            await clientOf(stranger),
            "no authority of ours vouches for the client's certificate",
          ],
          [
            'an old one',
            await clientOf(authority, -1),
            "no authority of ours vouches for the client's certificate",
          ],
        ]
        for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
          for (const [who, options, reason] of others) {
            const before = closed.lines.length
            // In TLS 1.3 a client learns only with the first answer that it is not let in.
            const answer = await secure({ ...options, maxVersion }, closed)
              .then(answerOf)
              .catch(() => [])
            expect([who, answer]).toEqual([who, []])
            await until('the door to say so', () => closed.lines.length > before)
            expect(closed.lines.slice(before)).toEqual([`refused: tls ${reason}`])
          }
        }
      })
    })
  })
}

/** What a client says first, for those who say it without going on. */
async function recordHello(): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
  client.on('error', () => {})
  const [socket] = (await once(server, 'connection')) as [Socket]
  const [hello] = (await once(socket, 'data')) as [Buffer]
  client.destroy()
  server.close()
  return hello
}
