import { describe, expect, test } from 'vitest'
import { storeAt, upstreamAt } from '../../test/support/view.ts'
import type { Decision } from '../routing/decide.ts'
import type { Exchange } from './door.ts'
import { createServiceMetrics } from './service-metrics.ts'

const PLACE = { name: 'aws/eu-west-3', cloud: 'aws', region: 'eu-west-3' }
const CANONICAL = upstreamAt('iowa', PLACE, { canonical: true })
const OTHER = upstreamAt('belgium', PLACE)
const PARIS = storeAt('paris', PLACE)

const counting = () =>
  createServiceMetrics({ backends: () => [], lastReloadSuccess: () => 0, rangesAge: () => [] })

function exchangeWith(decision: Decision | undefined, status = 307): Exchange {
  return {
    id: () => 'door-1',
    request: { method: 'GET', target: '/v2/', peer: '', header: () => undefined },
    reply: { status, headers: {} },
    client: undefined,
    oci: undefined,
    decision,
    duration: 0.01,
  }
}

describe('a request that belongs to a backend which is down', () => {
  const moved = { passedOver: [], movedFrom: PARIS, reason: 'failover' } as const
  test.each<[result: string, Decision]>([
    ['moved', { kind: 'redirect', backend: OTHER, location: '', ...moved }],
    ['canonical', { kind: 'redirect', backend: CANONICAL, location: '', ...moved }],
    ['refused', { kind: 'refuse', fault: { code: 'TOOMANYREQUESTS', message: '' }, ...moved }],
  ])('is counted as %s', (result, decision) => {
    const metrics = counting()
    metrics.use([CANONICAL, OTHER, PARIS], [])
    metrics.countExchange(exchangeWith(decision), undefined)
    const counted = [...metrics.metrics.spill.series()].filter(([, { value }]) => value > 0)
    expect(counted).toEqual([[['paris', result], { value: 1 }]])
  })
})

test('what was counted for a backend is forgotten with it, and the rest stays', () => {
  const metrics = counting()
  metrics.use([CANONICAL, PARIS], [])
  const redirect = (backend: typeof CANONICAL | typeof PARIS): Decision => ({
    kind: 'redirect',
    backend,
    location: '',
    reason: 'store-present',
    passedOver: [],
  })
  for (const backend of [CANONICAL, PARIS]) {
    metrics.countExchange(exchangeWith(redirect(backend)), {
      backend,
      method: 'GET',
      bytes: 7,
      known: 'listed',
    })
  }
  metrics.countExchange(exchangeWith(undefined, 404), undefined)
  metrics.use([CANONICAL], [])
  const { families } = metrics.metrics
  expect(JSON.stringify(families.map((family) => [...family.series()]))).not.toContain('paris')
  expect([...metrics.metrics.requests.series()].map(([values]) => values)).toEqual([
    ['other', 'redirect', 'iowa', 'store-present'],
    ['other', 'refuse', '', 'not-oci'],
  ])
})

test('requests are counted by policy where there are some, and forgotten with it', () => {
  const metrics = counting()
  const redirect = { kind: 'redirect', backend: PARIS, location: '', passedOver: [] } as const
  metrics.use([CANONICAL, PARIS], ['main', 'canary', 'gone'])
  for (const policy of ['main', 'main', 'canary', 'gone']) {
    metrics.countExchange(exchangeWith({ ...redirect, reason: 'store-present', policy }), undefined)
  }
  metrics.countExchange(exchangeWith({ ...redirect, reason: 'store-present' }), undefined)
  metrics.use([CANONICAL, PARIS], ['main', 'canary'])
  expect([...metrics.metrics.policyRequests.series()]).toEqual([
    [['main', 'paris', 'store-present'], { value: 2 }],
    [['canary', 'paris', 'store-present'], { value: 1 }],
  ])
  metrics.use([CANONICAL], ['main', 'canary'])
  expect([...metrics.metrics.policyRequests.series()]).toEqual([])
})

test('a request is in flight until its answer is known', async () => {
  const metrics = counting()
  const inFlight = () => {
    const family = metrics.metrics.families.find(({ name }) => name === 'portolan_requests_in_flight')!
    return [...family.series()].map(([, value]) => value)
  }
  let answer: () => void = () => {}
  const door = metrics.door(
    () =>
      new Promise((resolve) => {
        answer = () => resolve({ status: 200, headers: {} })
      }),
  )
  const reply = door(exchangeWith(undefined).request)
  expect(inFlight()).toEqual([1])
  answer()
  await reply
  expect(inFlight()).toEqual([0])
})

test.each([
  [
    'throws',
    () => {
      throw new Error('broken')
    },
  ],
  [
    'rejects',
    async () => {
      throw new Error('broken')
    },
  ],
])('a request that %s is counted as answered with 500, and the error goes on', async (_, broken) => {
  const metrics = counting()
  const door = metrics.door(broken)
  await expect((async () => door(exchangeWith(undefined).request))()).rejects.toThrow('broken')
  expect([...metrics.metrics.responses.series()]).toEqual([[['500'], { value: 1 }]])
})

test('bytes are counted by how they are known, and what nobody knows as a request', () => {
  const { metrics, countExchange } = counting()
  const exchange = exchangeWith(undefined)
  const sent = { backend: PARIS, method: 'GET', bytes: 1000, known: 'listed' } as const
  for (const known of ['listed', 'probed', 'estimated', 'listed'] as const) {
    countExchange(exchange, { ...sent, known })
  }
  countExchange(exchange, { ...sent, bytes: 0, known: 'unknown' })
  countExchange(exchange, { ...sent, method: 'HEAD', bytes: 0 })
  expect([...metrics.backendBytes.series()].map(([values, { value }]) => [...values, value])).toEqual([
    ['paris', 'listed', 2000],
    ['paris', 'probed', 1000],
    ['paris', 'estimated', 1000],
  ])
  expect([...metrics.unsizedRequests.series()]).toEqual([[['paris'], { value: 1 }]])
})
