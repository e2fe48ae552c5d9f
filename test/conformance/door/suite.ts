import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Portolan, type RuntimeName, startPortolan } from '../../support/portolan.ts'
import { exchange, exchangeBytes } from '../../support/raw-http.ts'
import { until } from '../../support/until.ts'
import { PARIS, TRICKS } from './cases.ts'
import {
  askForBlob,
  type Behind,
  fresh,
  itEverywhere,
  probesOf,
  REDIRECT_LINE,
  startBehind,
} from './everywhere.ts'
import { doorConfig } from './world.ts'

/** The cases that a door passes on every runtime, over real sockets, run as an operator runs it. */
export function describeDoor(runtime: RuntimeName): void {
  describe(`the door on ${runtime}`, () => {
    let behind: Behind
    let door: Portolan

    beforeAll(async () => {
      behind = await startBehind()
      door = await startPortolan(doorConfig(behind.origins), runtime)
    })
    afterAll(async () => {
      await door?.[Symbol.asyncDispose]()
      await behind?.[Symbol.asyncDispose]()
    })

    itEverywhere(() => ({ ...behind, port: door.port }), 300)

    it.each(TRICKS)('refuses %j', async (target) => {
      const reply = await exchange(door.port, { target, headers: { 'X-Forwarded-For': PARIS } })
      expect(reply.status).toBeGreaterThanOrEqual(400)
      expect(reply.status).toBeLessThan(500)
      expect(reply.headers.location).toBeUndefined()
    })

    it('refuses headers that are too large', async () => {
      const large = await exchange(door.port, { target: '/v2/', headers: { 'X-Large': 'x'.repeat(64_000) } })
      expect(large.status).toBe(431)
    })

    it('lives through bytes that are not HTTP', async () => {
      for (const text of [
        '\0\0\0\0\r\n\r\n',
        'GET\r\n\r\n',
        'GET /v2/ HTTP/9.9\r\n\r\n',
        '\x16\x03\x01\x02\x00\x01\x00\x01',
        'A'.repeat(100_000),
      ]) {
        const socket = connect(door.port, '127.0.0.1')
        socket.on('error', () => {})
        socket.end(text, 'latin1')
        socket.resume()
        await once(socket, 'close')
      }
      expect((await exchange(door.port, { target: '/v2/' })).status).toBe(200)
      expect(door.process.exitCode).toBeNull()
    })

    it('takes an absolute target', async () => {
      const reply = await exchangeBytes(
        door.port,
        'GET http://other.test/v2/pause/tags/list?n=1 HTTP/1.1\r\nHost: door.test\r\nConnection: close\r\n\r\n',
      )
      expect(reply.headers.location).toBe(
        `${behind.origins.iowa}/registry/v2/project/images/pause/tags/list?n=1`,
      )
    })

    it('answers although the store never does, and lets nobody wait for it twice', async () => {
      const digest = fresh('2', 1)
      const upstream = `${behind.origins.belgium}/v2/pause/blobs/${digest}`
      const first = await Promise.all(Array.from({ length: 20 }, () => blob(digest)))
      expect(new Set(first.map(({ headers }) => headers.location))).toEqual(new Set([upstream]))

      // Whoever waits for another blob was there first, and is still there when these have their answer.
      const answered: string[] = []
      const told = async (digest: string) => answered.push((await blob(digest)).headers.location!)
      const waiting = told(fresh('2', 2))
      await until('the probe', () => probes(fresh('2', 2)).length === 1)
      await Promise.all([waiting, ...Array.from({ length: 20 }, () => told(digest))])
      expect(answered[0]).toBe(upstream)
      expect(probes(digest).length).toBe(1)
    })

    it('says on the admin listener that it lives and is ready', async () => {
      expect((await exchange(door.adminPort, { target: '/healthz' })).status).toBe(200)
      expect((await exchange(door.adminPort, { target: '/readyz' })).status).toBe(200)
      expect((await exchange(door.adminPort, { target: '/v2/' })).status).toBe(404)
    })

    it('logs one line a request, with the decision and its reason', async () => {
      const digest = fresh('1', 2)
      await blob(digest)
      const lines = await logged(door, (line) => String(line.target).endsWith(digest))
      expect(lines).toEqual([expect.objectContaining(REDIRECT_LINE)])
    })

    it('finishes what runs on SIGTERM, takes nothing new, and ends with 0', async () => {
      await using other = await startPortolan(doorConfig(behind.origins), runtime)
      const running = exchange(other.port, {
        target: `/v2/pause/blobs/${fresh('2', 99)}`,
        headers: { 'X-Forwarded-For': PARIS },
      })
      const idle = connect(other.port, '127.0.0.1')
      await once(idle, 'connect')
      await until('the probe', () => probes(fresh('2', 99)).length === 1)
      const code = other.stop()
      expect((await running).status).toBe(307)
      expect(await code).toBe(0)
      await expect(exchange(other.port, { target: '/v2/' })).rejects.toThrow()
      idle.destroy()
    })

    const blob = (digest: string) => askForBlob(door.port, digest)
    const probes = (digest: string) => probesOf(behind, digest)
  })
}

async function logged(door: Portolan, matches: (line: Record<string, unknown>) => boolean) {
  await until('a log line', () => door.log.some(matches))
  return door.log.filter(matches)
}
