import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { makeBlob, storeContent } from '../support/content.ts'
import { type MisbehavingServer, startMisbehaving } from '../support/misbehaving.ts'
import { exchange } from '../support/raw-http.ts'
import { type ScriptedStore, startScriptedStore } from '../support/scripted-store.ts'
import { bundleWorker, startWorkerd, type Workerd } from '../support/workerd.ts'

const [HEALTH_CHECK, BLOB, LACKED] = ['health check', 'blob', 'lacked'].map((text) => makeBlob(text))
const HEALTH_KEY = 'portolan/health/1'
const CONFIG_KEY = 'portolan.yaml'

let code: string
let upstream: ScriptedStore
let store: MisbehavingServer

beforeAll(async () => {
  code = await bundleWorker()
  upstream = await startScriptedStore(() => 200)
  store = await startMisbehaving({ content: storeContent([HEALTH_CHECK!, BLOB!]) })
}, 60_000)
afterAll(async () => {
  for (const server of [upstream, store]) await server?.[Symbol.asyncDispose]()
})

const configOf = (rest: object = {}) =>
  JSON.stringify({
    version: 1,
    upstreams: [{ id: 'main', url: upstream.origin, at: 'gcp/us-central1' }],
    stores: [{ id: 'near', url: store.origin, at: 'aws/eu-west-3', canary: HEALTH_CHECK!.digest }],
    routing: [{ when: { country: 'FR' }, prefer: ['stores'] }, { prefer: ['upstreams'] }],
    presence: { timeout: '5s' },
    ...rest,
  })

/** Where a request for a blob is sent, or its status. */
async function ask({ port }: Workerd, { digest } = BLOB!) {
  const { status, headers } = await exchange(port, { target: `/v2/app/blobs/${digest}` })
  return headers.location === undefined ? status : new URL(headers.location).origin
}

/** How often the store was asked for a blob. */
const probes = ({ digest } = BLOB!) => store.requests.filter(({ path }) => path.endsWith(digest)).length

describe('a worker with KV, the cache and a schedule', () => {
  let worker: Workerd
  beforeAll(async () => {
    worker = await startWorkerd({ code, cf: { country: 'FR', asn: 3215 } })
  }, 60_000)
  afterAll(() => worker?.[Symbol.asyncDispose]())
  beforeEach(async () => {
    const kv = await worker.kv()
    await kv.put(CONFIG_KEY, configOf())
    await kv.put(HEALTH_KEY, '')
  })

  const health = async () => {
    const { backends } = JSON.parse((await (await worker.kv()).get(HEALTH_KEY)) ?? '{}')
    return backends.map((record: { health: { status: string } }) => record.health.status)
  }

  it('sends clients by the country that Cloudflare names', async () => {
    expect(await ask(worker)).toBe(store.origin)
  })

  it('writes to KV how its backends are, and an isolate that reads it checks none', async () => {
    expect(await worker.runSchedule()).toBe('ok')
    expect(await health()).toEqual(['degraded', 'healthy'])
    await worker.beginAnew()
    const [before, checks] = [upstream.requests.length, probes(HEALTH_CHECK)]
    expect(await ask(worker)).toBe(store.origin)
    expect([upstream.requests.length, probes(HEALTH_CHECK)]).toEqual([before, checks])
  })

  it('asks a store once for what another isolate of the same data centre has found', async () => {
    expect(await ask(worker, LACKED)).toBe(upstream.origin)
    const before = [probes(), probes(LACKED)]
    expect(before).toEqual([1, 1])
    await worker.beginAnew()
    expect([await ask(worker), await ask(worker, LACKED)]).toEqual([store.origin, upstream.origin])
    expect([probes(), probes(LACKED)]).toEqual(before)
  })

  it('takes a store out of traffic for all isolates, by what its schedule finds, wherever it runs', async () => {
    await store.misbehave('503 with Retry-After')
    for (let run = 0; run < 3; run++) {
      expect(await worker.runSchedule()).toBe('ok')
      if (run === 1) await worker.beginAnew()
    }
    await store.misbehave(undefined)
    await worker.beginAnew()
    expect(await health()).toEqual(['degraded', 'ejected'])
    expect(await ask(worker)).toBe(upstream.origin)
  })

  it('begins once, however many come first, and though the first of all goes away', async () => {
    await worker.beginAnew()
    const before = upstream.requests.length
    const gone = connect(worker.port, '127.0.0.1')
    gone.on('error', () => {})
    gone.end('GET /v2/ HTTP/1.1\r\nHost: door.test\r\n\r\n')
    gone.destroySoon()
    await once(gone, 'close')
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask(worker)))
    expect(new Set(answers)).toEqual(new Set([store.origin]))
    expect(upstream.requests.slice(before)).toEqual(['GET /v2/'])
  })

  it('goes by the last good config in KV when it begins with a bad one', async () => {
    await worker.runSchedule()
    await (await worker.kv()).put(CONFIG_KEY, configOf({ routing: [{ prefer: ['nobody'] }] }))
    await worker.beginAnew()
    expect(await ask(worker)).toBe(store.origin)
    const [fault] = worker.log.flatMap((line) =>
      typeof line === 'object' && line.msg === 'the config cannot be used' ? line.faults : [],
    ) as string[]
    expect(fault).toContain('KV:portolan.yaml')
    expect(fault).toContain('nobody')
  })

  it('says nothing that is no line of its log', () => {
    expect(worker.log.filter((line) => typeof line === 'string')).toEqual([])
  })
})

it('a worker without KV goes by the config that it comes with, and checks its backends itself', async () => {
  await using worker = await startWorkerd({ code, config: configOf(), kv: false, cf: { country: 'FR' } })
  expect(await ask(worker)).toBe(store.origin)
  expect(await worker.runSchedule()).toBe('ok')
})

it('a worker without a config that is good answers 503, and says why', async () => {
  await using worker = await startWorkerd({ code, config: 'version: 7', kv: false })
  expect(await ask(worker)).toBe(503)
  expect(worker.log).toEqual([expect.objectContaining({ level: 'error', msg: 'the config cannot be used' })])
  expect(await worker.runSchedule()).toBe('exception')
})
