import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { list, startListServer, status } from '../../../test/support/list-server.ts'
import { createTestClock, type TestClock } from '../../../test/support/test-clock.ts'
import { at, listOf, makeRanges } from '../../../test/support/test-ranges.ts'
import { parseAddress } from '../../net/address.ts'
import { cloudflare } from '../providers/cloudflare.ts'
import { fastly } from '../providers/fastly.ts'
import { encodeRanges, type Ranges } from '../snapshot.ts'
import { updateRanges } from '../update.ts'
import { createRangesRefresher, type ProviderStatus, type RangesRefresher } from './refresher.ts'

const HOUR = 3_600_000
const server = await startListServer()
const providers = [at(cloudflare, `${server.origin}/cloudflare`), at(fastly, `${server.origin}/fastly`)]

let clock: TestClock
let used: Ranges[]
let reports: ProviderStatus[]
let refresher: RangesRefresher

beforeEach(() => {
  server.replies.clear()
  server.replies.set('/cloudflare', list(listOf('cloudflare', '8.8.0.0/16'), '"1"'))
  server.replies.set('/fastly', list(listOf('fastly', '7.7.0.0/16')))
  clock = createTestClock()
  used = []
  reports = []
})
afterEach(() => refresher.stop())
afterAll(() => server[Symbol.asyncDispose]())

function start(current?: Ranges, random = 0.5): void {
  refresher = createRangesRefresher({
    providers,
    runtime: { ...clock, fetch: (url, init) => fetch(url, init), random: () => random },
    interval: HOUR,
    current,
    update: async (lists) => {
      const { ranges, refused } = updateRanges({
        providers,
        lists,
        previous: used.at(-1) ?? current,
        created: clock.date().toISOString(),
      })
      return { ...(ranges && { snapshot: encodeRanges(ranges) }), refused }
    },
    use: (ranges) => used.push(ranges),
    report: (status) => reports.push(status),
  })
}

function placeOf(address: string): string | undefined {
  return used.at(-1)?.table.lookup(parseAddress(address)!)?.place.name
}

test('good lists are used whole', async () => {
  start()
  await refresher.refresh()
  expect(used).toHaveLength(1)
  expect([placeOf('8.8.0.1'), placeOf('7.7.0.1')]).toEqual(['cloudflare', 'fastly'])
  expect(refresher.status().providers).toEqual([
    { provider: 'cloudflare', state: 'ok', checked: '2026-01-01T00:00:00.000Z' },
    { provider: 'fastly', state: 'ok', checked: '2026-01-01T00:00:00.000Z' },
  ])
  expect(reports).toEqual([])
})

test.each([
  ['unreachable', status(503), 'it answered 503'],
  ['a web page', list('<html>'), 'a web page instead of a list'],
  ['too large', list('x'.repeat(200_000)), 'larger than the 20000 bytes allowed'],
  ['half', list(listOf('fastly').replace(/"5\.0\.\d+\.0\/24",/g, '')), 'fewer than'],
])(
  'a list that is %s leaves the earlier one in use, is said once, and is said to be right again',
  async (_, reply, why) => {
    start()
    await refresher.refresh()
    server.replies.set('/fastly', reply)
    server.replies.set('/cloudflare', list(listOf('cloudflare', '8.9.0.0/16'), '"2"'))
    await refresher.refresh()
    await refresher.refresh()
    expect(used).toHaveLength(2)
    expect([placeOf('8.8.0.1'), placeOf('8.9.0.1'), placeOf('7.7.0.1')]).toEqual([
      undefined,
      'cloudflare',
      'fastly',
    ])
    expect(refresher.status().providers[1]).toMatchObject({
      state: 'kept',
      problem: expect.stringContaining(why),
    })
    expect(reports).toEqual([expect.objectContaining({ provider: 'fastly', state: 'kept' })])
    server.replies.set('/fastly', list(listOf('fastly', '7.7.0.0/16')))
    await refresher.refresh()
    expect(reports.slice(1)).toEqual([
      { provider: 'fastly', state: 'ok', checked: '2026-01-01T00:00:00.000Z' },
    ])
  },
)

test('a provider of which there is no list at all is missing', async () => {
  server.replies.set('/fastly', status(404))
  start()
  await refresher.refresh()
  expect(refresher.status().providers.map(({ state }) => state)).toEqual(['ok', 'missing'])
  expect([placeOf('8.8.0.1'), placeOf('7.7.0.1')]).toEqual(['cloudflare', undefined])
})

test('when every list is unchanged, nothing is put together anew', async () => {
  server.replies.set('/fastly', list(listOf('fastly'), '"1"'))
  start()
  await refresher.refresh()
  await refresher.refresh()
  expect(used).toHaveLength(1)
  expect(refresher.status().providers.map(({ state }) => state)).toEqual(['ok', 'ok'])
})

test('when putting together fails, that is said and the old ranges stay', async () => {
  start()
  refresher.stop()
  refresher = createRangesRefresher({
    providers,
    runtime: { ...clock, fetch: (url, init) => fetch(url, init), random: () => 0.5 },
    interval: HOUR,
    current: makeRanges({ '7.7.0.0/16': 'fastly' }),
    update: async () => ({ snapshot: new Uint8Array(9), refused: [] }),
    use: (ranges) => used.push(ranges),
    report: (status) => reports.push(status),
  })
  await refresher.refresh()
  expect(used).toEqual([])
  expect(reports.map(({ state }) => state)).toEqual(['missing', 'kept'])
  expect(reports[0]!.problem).toContain('new ranges could not be made: this is not a usable range snapshot')
})

test.each([
  ['at once without ranges', undefined, 0.5, 0],
  ['at once when the ranges are old', '2025-12-31T00:00:00.000Z', 0.5, 0],
  ['at once when nobody knows how old they are', 'long ago', 0.5, 0],
  ['after what is left of the interval', '2025-12-31T23:30:00.000Z', 0.5, HOUR / 2],
  ['a little sooner', '2026-01-01T00:00:00.000Z', 0, HOUR * 0.9],
  ['a little later', '2026-01-01T00:00:00.000Z', 0.999, HOUR * 1.0998],
])('the first refresh is %s', async (_, created, random, wait) => {
  start(created === undefined ? undefined : makeRanges({ '7.7.0.0/16': 'fastly' }, created), random)
  const before = server.requests.length
  clock.advance(Math.max(0, wait - 1))
  expect(refresher.status().running).toBe(wait === 0)
  clock.advance(1)
  expect(refresher.status().running).toBe(true)
  await refresher.refresh()
  expect(server.requests.slice(before).sort()).toEqual(['GET /cloudflare', 'GET /fastly'])
})

test.each([
  ['after the interval', list(listOf('fastly')), HOUR],
  ['sooner when a list failed', status(500), 600_000],
])('the next refresh is %s', async (_, reply, wait) => {
  server.replies.set('/fastly', reply)
  start()
  await refresher.refresh()
  clock.advance(wait - 1)
  expect(refresher.status().running).toBe(false)
  clock.advance(1)
  expect(refresher.status().running).toBe(true)
  await refresher.refresh()
})

test('once stopped, what still comes is not used, and nothing is asked for again', async () => {
  let arrived = () => {}
  const asked = new Promise<void>((resolve) => {
    arrived = resolve
  })
  server.replies.set('/fastly', () => arrived())
  start()
  const refresh = refresher.refresh()
  await asked
  refresher.stop()
  await refresh
  const before = server.requests.length
  clock.advance(HOUR * 9)
  expect(used).toEqual([])
  expect(server.requests.length).toBe(before)
})
