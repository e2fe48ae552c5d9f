import { expect, it } from 'vitest'
import { createMemoryKv } from '../../../test/support/memory-kv.ts'
import { createTestRuntime } from '../../../test/support/test-runtime.ts'
import type { HealthState } from '../../backends/health/health-state.ts'
import type { HealthRecord } from '../../server/check-backends.ts'
import { HEALTH_KEY, HealthRecords } from './health-records.ts'

const HEALTHY: HealthState = {
  status: 'healthy',
  since: 1,
  passes: 0,
  failures: 0,
  ejections: 0,
  notBefore: 0,
}
const EJECTED: HealthState = { ...HEALTHY, status: 'ejected', ejections: 1, lastFailure: 'HEAD answered 503' }

function record(health: HealthState, fingerprint = 'paris'): HealthRecord {
  return { fingerprint, health, ownership: { status: 'unchecked', recheckAt: 0 } }
}

function world() {
  const runtime = createTestRuntime()
  const kv = createMemoryKv()
  const records = new HealthRecords(kv, runtime)
  const other = new HealthRecords(kv, runtime)
  const writes = () => kv.asked.filter((question) => question.startsWith('put')).length
  const reads = () => kv.asked.filter((question) => question.startsWith('get')).length
  return { runtime, kv, records, other, writes, reads }
}

it.each<[HealthState['status'], object]>([
  ['healthy', { kind: 'passed', proof: 'full' }],
  ['degraded', { kind: 'passed', proof: 'provisional' }],
  ['ejected', { kind: 'failed', hard: true, why: 'it was late' }],
  ['pending', { kind: 'failed', hard: false, why: 'it was late' }],
])('tells the others what a check came to: %s', async (status, result) => {
  const { records, other } = world()
  await records.update(async () => [record({ ...HEALTHY, status, lastFailure: 'it was late' })])
  expect((await other.latest('paris'))?.report).toEqual({ result })
  expect(await other.latest('of another config')).toBeUndefined()
})

it('tells how the proof of a store stands', async () => {
  const { records, other } = world()
  const ownership = { status: 'refused', because: 'missing', why: 'it has none', recheckAt: 5 } as const
  await records.update(async () => [{ ...record(EJECTED), ownership }])
  expect(await other.latest('paris')).toMatchObject({ report: { ownership } })
})

it('reads no oftener than every 30 seconds, however many backends there are', async () => {
  const { runtime, records, other, reads } = world()
  await records.update(async () => [record(HEALTHY)])
  const before = reads()
  for (let n = 0; n < 10; n++) await other.latest('paris')
  expect(reads() - before).toBe(1)
  runtime.advance(30_000)
  await other.latest('paris')
  expect(reads() - before).toBe(2)
})

it('says nothing of what was recorded too long ago, so that isolates check', async () => {
  const { runtime, records, other } = world()
  await records.update(async () => [record(HEALTHY)])
  runtime.advance(1_199_999)
  expect(await other.latest('paris')).toBeDefined()
  runtime.advance(1)
  expect(await other.latest('paris')).toBeUndefined()
})

it('goes on from what is recorded, and writes what changed, or every ten minutes', async () => {
  const { runtime, records, other, writes, kv } = world()
  await records.update(async () => [record(HEALTHY)])
  const seen: (readonly HealthRecord[])[] = []
  for (let minute = 1; minute <= 9; minute++) {
    runtime.advance(60_000)
    await other.update(async (before) => {
      seen.push(before)
      return [record({ ...HEALTHY, since: minute })]
    })
  }
  expect(seen[0]).toEqual([record(HEALTHY)])
  expect(writes()).toBe(1)
  runtime.advance(60_000)
  await other.update(async (before) => before)
  expect(writes()).toBe(2)
  await other.update(async () => [record(EJECTED)])
  expect(writes()).toBe(3)
  expect(JSON.parse(kv.values.get(HEALTH_KEY)!)).toMatchObject({ day: '2026-01-01', writes: 3 })
})

it('writes no more than KV gives away on a day, and again on the next', async () => {
  const { runtime, records, kv, writes } = world()
  for (let n = 0; n < 1000; n++) {
    await records.update(async () => [record({ ...HEALTHY, failures: n })])
    runtime.advance(1000)
  }
  expect(writes()).toBe(900)
  runtime.advance(86_400_000)
  await records.update(async () => [record(HEALTHY)])
  expect(JSON.parse(kv.values.get(HEALTH_KEY)!)).toMatchObject({ day: '2026-01-02', writes: 1 })
})

it.each([
  'no JSON',
  '{"version":2,"at":0,"day":"2026-01-01","writes":1,"backends":[]}',
  '{"version":1,"at":0,"day":"2026-01-01","writes":1,"backends":[{"fingerprint":"paris"}]}',
  '[]',
])('takes nothing from %s, says so once, and writes over it', async (text) => {
  const warned: object[] = []
  const runtime = createTestRuntime({
    log: { debug() {}, info() {}, error() {}, warn: (f) => warned.push(f) },
  })
  const kv = createMemoryKv({ [HEALTH_KEY]: text })
  const records = new HealthRecords(kv, runtime)
  expect(await records.latest('paris')).toBeUndefined()
  runtime.advance(30_000)
  expect(await records.latest('paris')).toBeUndefined()
  expect(warned.length).toBe(1)
  await records.update(async () => [record(HEALTHY)])
  expect(await records.latest('paris')).toBeDefined()
})

it('lets isolates check when KV does not answer, and fails with nothing', async () => {
  const { kv, records, other } = world()
  await records.update(async () => [record(HEALTHY)])
  kv.fail()
  expect(await other.latest('paris')).toBeUndefined()
  await records.update(async () => [record(EJECTED)])
  kv.recover()
  await other.update(async (before) => before)
  expect(JSON.parse(kv.values.get(HEALTH_KEY)!).backends).toEqual([record(HEALTHY)])
})
