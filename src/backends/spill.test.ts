import { expect, it } from 'vitest'
import { BELGIUM, IOWA, PARIS, VIRGINIA } from '../../test/support/places.ts'
import { createTestClock } from '../../test/support/test-clock.ts'
import { storeAt, upstreamAt, viewOf } from '../../test/support/view.ts'
import type { SpillConfig } from '../config/config.ts'
import { parseDigest } from '../oci/digest.ts'
import { parseName } from '../oci/name.ts'
import { type Decision, decide } from '../routing/decide.ts'
import { createSpill } from './spill.ts'

const DIGEST = parseDigest(`sha256:${'ab'.repeat(32)}`)!
const VIEW = viewOf(
  [upstreamAt('canonical', IOWA, { canonical: true }), upstreamAt('belgium', BELGIUM)],
  [storeAt('paris', PARIS), storeAt('virginia', VIRGINIA)],
  [{ when: {}, prefer: ['paris', 'virginia'] }],
  ['paris'],
)

/** Requests for a blob of which the nearest store is down and the next one has it; gives who answered each. */
function outage(config: SpillConfig | undefined) {
  const clock = createTestClock()
  const spill = createSpill(() => config, clock)
  const request = { kind: 'blob', name: parseName('app')!, digest: DIGEST } as const
  const ask = (): string => {
    const decision = decide(
      {
        method: 'GET',
        request,
        query: '',
        place: PARIS,
        presence: () => 'present',
        listed: () => undefined,
        mayAsk: true,
        maySpill: spill.maySpill,
        overSpill: spill.overSpill,
      },
      VIEW,
    ) as Decision
    spill.count(decision)
    return decision.kind === 'refuse' ? decision.fault.code : decision.backend!.id
  }
  return { clock, spill, ask, many: (count: number) => tally(Array.from({ length: count }, ask)) }
}

function tally(answers: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const answer of answers) counts[answer] = (counts[answer] ?? 0) + 1
  return counts
}

it('moves everything when nothing is configured', () => {
  expect(outage(undefined).many(100)).toEqual({ virginia: 100 })
})

it.each([
  [1, { virginia: 100 }],
  [0.5, { virginia: 50, canonical: 50 }],
  [0.1, { virginia: 10, canonical: 90 }],
  [0, { canonical: 100 }],
])('moves at most a share of %d, and gives the rest to the canonical upstream', (maxShare, expected) => {
  expect(outage({ maxShare, over: 'canonical' }).many(100)).toEqual(expected)
})

it('refuses the rest, where that is what the operator wants', () => {
  expect(outage({ maxShare: 0.25, over: 'refuse' }).many(100)).toEqual({ virginia: 25, TOOMANYREQUESTS: 75 })
})

it('never moves more than the share of what came until then', () => {
  const { ask } = outage({ maxShare: 0.3, over: 'refuse' })
  let moved = 0
  for (let requests = 1; requests <= 500; requests++) {
    if (ask() === 'virginia') moved++
    expect(moved).toBeLessThanOrEqual(0.3 * requests)
  }
})

it('counts by the minute', () => {
  const { clock, ask, many } = outage({ maxShare: 0.5, over: 'refuse' })
  many(99)
  expect(ask()).toBe('virginia')
  expect(ask()).toBe('TOOMANYREQUESTS')
  clock.advance(60_000)
  expect(many(10)).toEqual({ virginia: 5, TOOMANYREQUESTS: 5 })
})

it('bounds the requests of each backend that is down for itself', () => {
  const { spill } = outage({ maxShare: 0, over: 'refuse' })
  const other = createSpill(() => ({ maxShare: 0.5, over: 'refuse' }), createTestClock())
  const paris = storeAt('paris', PARIS)
  const virginia = storeAt('virginia', VIRGINIA)
  const refused = (movedFrom: typeof paris): Decision => ({
    kind: 'refuse',
    reason: 'spill-exceeded',
    passedOver: [],
    movedFrom,
    fault: { code: 'TOOMANYREQUESTS', message: '' },
  })
  other.count(refused(paris))
  expect(other.maySpill(paris, virginia)).toBe(true)
  expect(other.maySpill(virginia, paris)).toBe(false)
  expect(spill.overSpill).toBe('refuse')
})

it('counts clients that came back as moved, and holds none of them back', () => {
  const paris = storeAt('paris', PARIS)
  const virginia = storeAt('virginia', VIRGINIA)
  const upstreams = [upstreamAt('canonical', IOWA, { canonical: true })]
  const view = viewOf(upstreams, [paris, virginia], [{ when: {}, prefer: ['stores'] }])
  const spill = createSpill(() => ({ maxShare: 0.5, over: 'refuse' }), createTestClock())
  const decideAvoiding = (...avoid: (typeof paris)[]) =>
    decide(
      {
        method: 'GET',
        request: { kind: 'blob', name: parseName('app')!, digest: DIGEST },
        query: '',
        place: PARIS,
        presence: () => 'present',
        listed: () => undefined,
        avoid: new Set(avoid),
        mayAsk: false,
        maySpill: spill.maySpill,
        overSpill: spill.overSpill,
      },
      view,
    ) as Decision
  spill.count(decideAvoiding(paris, virginia))
  expect(spill.maySpill(paris, virginia)).toBe(true)
  const moved = decideAvoiding(paris)
  expect(moved).toMatchObject({ reason: 'client-came-back', backend: { id: 'virginia' }, movedFrom: paris })
  spill.count(moved)
  expect(spill.maySpill(paris, virginia)).toBe(false)
  expect(decideAvoiding(paris)).toMatchObject({ reason: 'client-came-back', backend: { id: 'virginia' } })
})
