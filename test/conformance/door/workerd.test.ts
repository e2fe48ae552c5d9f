import { connect } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exchange, type RawReply } from '../../support/raw-http.ts'
import { type ScriptedStore, startScriptedStore } from '../../support/scripted-store.ts'
import { until } from '../../support/until.ts'
import { bundleWorker, startWorkerd, type Workerd } from '../../support/workerd.ts'
import { anyTarget, type DoorCase, doorCases, ORIGIN, PARIS, REPAIRED_BY_URLS, TRICKS } from './cases.ts'
import { doorConfig, type Origins, script, scriptUpstream } from './world.ts'

/** A loaded machine may take as long to begin with an isolate, in milliseconds; then more silence comes together, too. */
const LONG_BUDGET = 1000

let store: ScriptedStore
let upstreams: ScriptedStore[]
let origins: Origins
let worker: Workerd

beforeAll(async () => {
  store = await startScriptedStore(script)
  upstreams = [await startScriptedStore(scriptUpstream), await startScriptedStore(scriptUpstream)]
  origins = { store: store.origin, iowa: upstreams[0]!.origin, belgium: upstreams[1]!.origin }
  worker = await startWorkerd({ code: await bundleWorker(), variables: { ACCESS_LOG: 'on' } })
  await (await worker.kv()).put(
    'portolan.yaml',
    JSON.stringify({ version: 1, ...doorConfig(origins, LONG_BUDGET), health: { failures: 10 } }),
  )
}, 60_000)
afterAll(async () => {
  await worker?.[Symbol.asyncDispose]()
  for (const server of [store, ...(upstreams ?? [])]) await server?.[Symbol.asyncDispose]()
})

const real = (location: string) =>
  Object.entries(ORIGIN).reduce(
    (text, [name, origin]) => text.replace(origin, origins[name as keyof Origins]),
    location,
  )
const blob = (digest: string) =>
  exchange(worker.port, { target: `/v2/pause/blobs/${digest}`, headers: { 'X-Forwarded-For': PARIS } })
const probes = (digest: string) =>
  store.requests.filter((request) => request.startsWith('HEAD ') && request.endsWith(digest))

describe('the door in workerd', () => {
  it.each(doorCases())('answers $title', async (row) => {
    const reply = await exchange(worker.port, row)
    expectRow(reply, { ...row, ...(row.location && { location: real(row.location) }) })
  })

  it.each(TRICKS)('refuses %j, or reads it as the URL that it is', async (target) => {
    const reply = await exchange(worker.port, { target })
    const { readAs } = REPAIRED_BY_URLS.find((one) => one.target === target) ?? {}
    if (readAs === undefined) {
      expect(reply.status).toBeGreaterThanOrEqual(400)
      expect(reply.status).toBeLessThan(500)
      expect(reply.headers.location).toBeUndefined()
      return
    }
    const plain = await exchange(worker.port, { target: readAs })
    expect([reply.status, reply.headers.location]).toEqual([plain.status, plain.headers.location])
  })

  it('refuses a target that is too long', async () => {
    const long = await exchange(worker.port, { target: `/v2/a/tags/list?last=${'x'.repeat(9000)}` })
    expect(long.status).toBe(414)
  })

  it('sends a client nowhere but below the configured prefixes, whatever it asks', async () => {
    const allowed = [
      `${origins.iowa}/registry/v2/project/images/`,
      `${origins.belgium}/v2/`,
      `${store.origin}/blobs/`,
      'https://info.test/',
    ]
    await fc.assert(
      fc.asyncProperty(
        anyTarget(),
        fc.constantFrom(PARIS, '34.1.1.1', 'evil', '::1'),
        async (target, from) => {
          const reply = await exchange(worker.port, { target, headers: { 'X-Forwarded-For': from } })
          expect(reply.status).toBeLessThan(500)
          const { location } = reply.headers
          if (location === undefined) return
          expect(allowed.some((prefix) => location.startsWith(prefix))).toBe(true)
          // A query is kept as it is, and is only what it is.
          expect(location.slice(8).split('?')[0]).not.toMatch(/\/\.{1,2}(\/|$)|\/\/|\\|evil\.test\/|%2e|%2f/i)
        },
      ),
      { numRuns: 150 },
    )
  })

  it('takes an absolute target', async () => {
    const reply = await exchange(worker.port, { target: 'http://other.test/v2/pause/manifests/1' })
    expect(reply.headers.location).toBe(`${origins.iowa}/registry/v2/project/images/pause/manifests/1`)
  })

  it('reads a forwarding header that comes in two lines as one', async () => {
    const reply = await exchange(worker.port, {
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
    const again = await Promise.all(Array.from({ length: 20 }, () => blob(digest)))
    expect(new Set(again.map(({ headers }) => headers.location))).toEqual(new Set([upstream]))
    expect(probes(digest).length).toBe(1)
  })

  it('answers those who wait for a probe whose own client has gone', async () => {
    const digest = fresh('2', 3)
    const target = `/v2/pause/blobs/${digest}`
    const gone = connect(worker.port, '127.0.0.1')
    gone.write(`GET ${target} HTTP/1.1\r\nHost: door.test\r\nX-Forwarded-For: ${PARIS}\r\n\r\n`)
    await until('the probe', () => probes(digest).length === 1)
    const waiting = blob(digest)
    gone.destroy()
    expect((await waiting).headers.location).toBe(`${origins.belgium}/v2/pause/blobs/${digest}`)
  })

  it('has no admin service', async () => {
    for (const target of ['/healthz', '/readyz', '/metrics', '/config']) {
      expect((await exchange(worker.port, { target })).status).toBe(404)
    }
  })

  it('logs one line a request, with the decision and its reason', async () => {
    const digest = fresh('1', 2)
    await blob(digest)
    const isLine = (line: Workerd['log'][number]) =>
      typeof line === 'object' && String(line.target).endsWith(digest)
    await until('a log line', () => worker.log.some(isLine))
    expect(worker.log.filter(isLine)).toEqual([
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

  // Such as workerd's complaints of what is told to requests that were answered.
  it('says nothing that is no line of its log', () => {
    expect(worker.log.filter((line) => typeof line === 'string')).toEqual([])
  })
})

/** Digests made for one test each, so that nothing is known of them yet. */
function fresh(kind: '1' | '0' | '2', n: number): string {
  return `sha256:${kind}${n.toString(16).padStart(63, '0')}`
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
