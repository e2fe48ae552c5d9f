import { expect, test } from 'vitest'
import { parseExposition } from '../../test/support/exposition.ts'
import { createExposition } from './exposition.ts'
import { createMetrics, type Readings } from './metrics.ts'

const nothing: Readings = {
  requestsInFlight: () => 0,
  backends: () => [],
  lastReloadSuccess: () => 0,
  rangesAge: () => [],
}

async function samplesOf(metrics: ReturnType<typeof createMetrics>, name: string) {
  const { text } = await createExposition(metrics)()
  return parseExposition(text)
    .filter((sample) => sample.name.startsWith(name))
    .map(({ name, labels, value }) => [name, labels, value])
}

test('a counter is at what it was counted up to, whenever it is read', async () => {
  const metrics = createMetrics(nothing)
  const count = metrics.responses.at('307')
  count.value++
  expect(await samplesOf(metrics, 'portolan_responses_total')).toEqual([
    ['portolan_responses_total', { status: '307' }, 1],
  ])
  metrics.responses.at('307').value += 2
  expect(await samplesOf(metrics, 'portolan_responses_total')).toEqual([
    ['portolan_responses_total', { status: '307' }, 3],
  ])
})

test('the buckets of a histogram are cumulative, and a value on a bound is below it', async () => {
  const metrics = createMetrics(nothing)
  const { bounds } = metrics.requestDuration
  for (const seconds of [bounds[0]!, bounds[0]! * 1.01, 1000])
    metrics.requestDuration.at('blob').observe(seconds)
  const samples = await samplesOf(metrics, 'portolan_request_duration_seconds')
  const bucket = 'portolan_request_duration_seconds_bucket'
  expect(samples.slice(0, 2)).toEqual([
    [bucket, { class: 'blob', le: String(bounds[0]) }, 1],
    [bucket, { class: 'blob', le: String(bounds[1]) }, 2],
  ])
  expect(samples.slice(bounds.length - 1)).toEqual([
    [bucket, { class: 'blob', le: String(bounds.at(-1)) }, 2],
    [bucket, { class: 'blob', le: '+Inf' }, 3],
    ['portolan_request_duration_seconds_sum', { class: 'blob' }, bounds[0]! * 2.01 + 1000],
    ['portolan_request_duration_seconds_count', { class: 'blob' }, 3],
  ])
})

test('series of labels that are no longer there are dropped, and no others', async () => {
  const metrics = createMetrics(nothing)
  metrics.probeDuration.at('health', 'gone').observe(1)
  metrics.probeDuration.at('health', 'here').observe(1)
  metrics.probeDuration.keep('backend', (id) => id === 'here')
  expect([...metrics.probeDuration.series()].map(([values]) => values)).toEqual([['health', 'here']])
})

test('a backend is read in all its states, and one that is never asked has no presence', async () => {
  const metrics = createMetrics({
    ...nothing,
    backends: () => [
      { id: 'disk', inTraffic: true },
      { id: 'paris', inTraffic: false, health: 'ejected', presence: { present: 2, negative: 1, running: 3 } },
    ],
    rangesAge: () => [['aws', 60]],
  })
  const { text } = await createExposition(metrics)()
  expect(text.split('\n').filter((line) => /^portolan_(?:backend_|presence_e|ranges)/.test(line))).toEqual([
    'portolan_backend_up{backend="disk"} 1',
    'portolan_backend_up{backend="paris"} 0',
    'portolan_backend_health{backend="paris",status="pending"} 0',
    'portolan_backend_health{backend="paris",status="healthy"} 0',
    'portolan_backend_health{backend="paris",status="degraded"} 0',
    'portolan_backend_health{backend="paris",status="ejected"} 1',
    'portolan_presence_entries{backend="paris",state="present"} 2',
    'portolan_presence_entries{backend="paris",state="negative"} 1',
    'portolan_ranges_age_seconds{provider="aws"} 60',
  ])
})

test('names keep the conventions: a unit at the end, or _total for a counter and for nothing else', () => {
  for (const { name, type } of createMetrics(nothing).families) {
    expect(name).toMatch(/^portolan_[a-z]+(?:_[a-z]+)*$/)
    expect(name.endsWith('_total'), name).toBe(type === 'counter')
    if (type === 'histogram') expect(name).toMatch(/_seconds$/)
  }
})
