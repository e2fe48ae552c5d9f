import { once } from 'node:events'
import { connect } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Portolan, type RuntimeName, startPortolan } from '../../support/portolan.ts'
import { exchange, exchangeBytes, type RawReply } from '../../support/raw-http.ts'
import { type ScriptedStore, startScriptedStore } from '../../support/scripted-store.ts'
import { until } from '../../support/until.ts'
import { anyTarget, type DoorCase, doorCases, ORIGIN, PARIS, TRICKS } from './cases.ts'
import { doorConfig, type Origins, script, scriptUpstream } from './world.ts'

/** Digests made for one test each, so that nothing is known of them yet. */
const fresh = (kind: '1' | '0' | '2', n: number) => `sha256:${kind}${n.toString(16).padStart(63, '0')}`

/** The cases that a door passes on every runtime, over real sockets, run as an operator runs it. */
export function describeDoor(runtime: RuntimeName): void {
  describe(`the door on ${runtime}`, () => {
    let store: ScriptedStore
    let upstreams: ScriptedStore[]
    let origins: Origins
    let door: Portolan

    beforeAll(async () => {
      store = await startScriptedStore(script)
      upstreams = [await startScriptedStore(scriptUpstream), await startScriptedStore(scriptUpstream)]
      origins = { store: store.origin, iowa: upstreams[0]!.origin, belgium: upstreams[1]!.origin }
      door = await startPortolan(doorConfig(origins), runtime)
    })
    afterAll(async () => {
      await door?.[Symbol.asyncDispose]()
      for (const server of [store, ...(upstreams ?? [])]) await server?.[Symbol.asyncDispose]()
    })

    it.each(doorCases())('answers $title', async (row) => {
      const reply = await exchange(door.port, row)
      expectRow(reply, { ...row, ...(row.location && { location: real(row.location) }) })
    })

    it.each(TRICKS)('refuses %j', async (target) => {
      const reply = await exchange(door.port, { target, headers: { 'X-Forwarded-For': PARIS } })
      expect(reply.status).toBeGreaterThanOrEqual(400)
      expect(reply.status).toBeLessThan(500)
      expect(reply.headers.location).toBeUndefined()
    })

    it('refuses a target that is too long, and headers that are too large', async () => {
      const long = await exchange(door.port, { target: `/v2/a/tags/list?last=${'x'.repeat(9000)}` })
      expect(long.status).toBe(414)
      const large = await exchange(door.port, { target: '/v2/', headers: { 'X-Large': 'x'.repeat(64_000) } })
      expect(large.status).toBe(431)
    })

    it('sends a client nowhere but below the configured prefixes, whatever it asks', async () => {
      const allowed = [
        `${origins.iowa}/registry/v2/project/images/`,
        `${origins.belgium}/v2/`,
        `${store.origin}/blobs/`,
        'https://info.test/',
      ]
      const address = fc.constantFrom(PARIS, '34.1.1.1', 'evil', '::1')
      await fc.assert(
        fc.asyncProperty(anyTarget(), address, async (target, from) => {
          const reply = await exchange(door.port, { target, headers: { 'X-Forwarded-For': from } })
          expect(reply.status).toBeLessThan(500)
          const { location } = reply.headers
          if (location === undefined) return
          expect(allowed.some((prefix) => location.startsWith(prefix))).toBe(true)
          // A query is kept as it is, and is only what it is.
          expect(location.slice(8).split('?')[0]).not.toMatch(/\/\.{1,2}(\/|$)|\/\/|\\|evil\.test\/|%2e|%2f/i)
        }),
        { numRuns: 300 },
      )
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
      expect(reply.headers.location).toBe(`${origins.iowa}/registry/v2/project/images/pause/tags/list?n=1`)
    })

    it('reads a forwarding header that comes in two lines as one', async () => {
      const reply = await exchange(door.port, {
        target: '/v2/pause/manifests/3.9',
        headers: [
          ['X-Forwarded-For', '34.1.1.1'],
          ['X-Forwarded-For', PARIS],
        ],
      })
      expect(reply.headers.location).toBe(`${origins.belgium}/v2/pause/manifests/3.9`)
    })

    it('asks the store once for a hundred first requests of one blob', async () => {
      const digest = fresh('1', 1)
      const replies = await Promise.all(Array.from({ length: 100 }, () => blob(digest)))
      expect(new Set(replies.map((reply) => reply.headers.location))).toEqual(
        new Set([`${store.origin}/blobs/${digest}`]),
      )
      expect(probes(digest)).toEqual([`HEAD /blobs/${digest}`])
    })

    it('asks the store once for fifty requests of a blob that it lacks', async () => {
      const digest = fresh('0', 1)
      for (let n = 0; n < 50; n++) {
        expect((await blob(digest)).headers.location).toBe(`${origins.belgium}/v2/pause/blobs/${digest}`)
      }
      expect(probes(digest).length).toBe(1)
    })

    it('answers although the store never does, and lets nobody wait for it twice', async () => {
      const digest = fresh('2', 1)
      const upstream = `${origins.belgium}/v2/pause/blobs/${digest}`
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
      expect(lines).toEqual([
        expect.objectContaining({
          msg: 'request',
          method: 'GET',
          status: 307,
          client: 'aws/eu-west-3',
          knownBy: 'override',
          decision: 'redirect',
          reason: 'store-present',
          backend: 'paris',
        }),
      ])
    })

    it('finishes what runs on SIGTERM, takes nothing new, and ends with 0', async () => {
      await using other = await startPortolan(doorConfig(origins), runtime)
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

    const real = (location: string) =>
      Object.entries(ORIGIN).reduce(
        (text, [name, origin]) => text.replace(origin, origins[name as keyof Origins]),
        location,
      )
    const blob = (digest: string) =>
      exchange(door.port, { target: `/v2/pause/blobs/${digest}`, headers: { 'X-Forwarded-For': PARIS } })
    const probes = (digest: string) =>
      store.requests.filter((request) => request.startsWith('HEAD ') && request.endsWith(digest))
  })
}

function expectRow(reply: RawReply, row: DoorCase): void {
  expect(reply.status).toBe(row.status)
  expect(reply.headers.location).toBe(row.location)
  expect(reply.headers).toMatchObject(row.alsoHeaders ?? {})
  if (row.code !== undefined) {
    expect(reply.headers['content-type']).toBe('application/json')
    expect(JSON.parse(reply.body)).toEqual({ errors: [expect.objectContaining({ code: row.code })] })
  }
  if (row.method === 'HEAD') expect(reply.body).toBe('')
}

async function logged(door: Portolan, matches: (line: Record<string, unknown>) => boolean) {
  await until('a log line', () => door.log.some(matches))
  return door.log.filter(matches)
}
