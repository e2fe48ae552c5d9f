import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exchange } from '../../support/raw-http.ts'
import { until } from '../../support/until.ts'
import { bundleWorker, startWorkerd, type Workerd } from '../../support/workerd.ts'
import { PARIS, REPAIRED_BY_URLS, TRICKS } from './cases.ts'
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

let behind: Behind
let worker: Workerd

beforeAll(async () => {
  behind = await startBehind()
  worker = await startWorkerd({ code: await bundleWorker(), variables: { ACCESS_LOG: 'on' } })
  await (await worker.kv()).put(
    'portolan.yaml',
    JSON.stringify({ version: 1, ...doorConfig(behind.origins) }),
  )
}, 60_000)
afterAll(async () => {
  await worker?.[Symbol.asyncDispose]()
  await behind?.[Symbol.asyncDispose]()
})

const blob = (digest: string) => askForBlob(worker.port, digest)
const probes = (digest: string) => probesOf(behind, digest)

describe('the door in workerd', () => {
  itEverywhere(() => ({ ...behind, port: worker.port }), 150)

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

  it('takes an absolute target', async () => {
    const reply = await exchange(worker.port, { target: 'http://other.test/v2/pause/manifests/1' })
    expect(reply.headers.location).toBe(`${behind.origins.iowa}/registry/v2/project/images/pause/manifests/1`)
  })

  it('answers although the store never does, and lets nobody wait for it twice', async () => {
    const digest = fresh('2', 1)
    const upstream = `${behind.origins.belgium}/v2/pause/blobs/${digest}`
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
    expect((await waiting).headers.location).toBe(`${behind.origins.belgium}/v2/pause/blobs/${digest}`)
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
    expect(worker.log.filter(isLine)).toEqual([expect.objectContaining(REDIRECT_LINE)])
  })

  // Such as workerd's complaints of what is told to requests that were answered.
  it('says nothing that is no line of its log', () => {
    expect(worker.log.filter((line) => typeof line === 'string')).toEqual([])
  })
})
