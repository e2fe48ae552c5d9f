import { describe, expect, it } from 'vitest'
import { IOWA, PARIS, VIRGINIA } from '../../test/support/places.ts'
import { createTestClock } from '../../test/support/test-clock.ts'
import { storeAt, upstreamAt } from '../../test/support/view.ts'
import type { SpillConfig } from '../config/config.ts'
import type { Backend } from '../routing/backend.ts'
import { createSpill } from './spill.ts'

const DOWN = storeAt('paris', PARIS)
const NEXT = storeAt('virginia', VIRGINIA)
const CANONICAL = upstreamAt('iowa', IOWA, { canonical: true })

/** A minute of requests that belong to a store which is down, each moved as far as that is allowed. */
function world(config: SpillConfig | undefined) {
  const clock = createTestClock()
  const spill = createSpill(() => config, clock)
  const request = () => {
    const may = spill.maySpill(DOWN, NEXT)
    const backend: Backend = may ? NEXT : CANONICAL
    spill.count({
      kind: 'redirect',
      backend,
      location: '',
      reason: 'failover',
      passedOver: [],
      movedFrom: DOWN,
    })
    return may
  }
  const moved = (requests: number) => Array.from({ length: requests }, request).filter(Boolean).length
  return { clock, spill, moved }
}

describe('spill', () => {
  it.each([
    [undefined, 100],
    [1, 100],
    [0.5, 50],
    [0.25, 25],
    [0, 0],
  ])('with maxShare %s lets %i of 100 requests move', (maxShare, expected) => {
    expect(world(maxShare === undefined ? undefined : { maxShare, over: 'canonical' }).moved(100)).toBe(
      expected,
    )
  })

  it('never moves more than its share, at any moment of a minute', () => {
    const { moved } = world({ maxShare: 0.3, over: 'canonical' })
    let all = 0
    for (let requests = 1; requests <= 200; requests++) {
      all += moved(1)
      expect(all).toBeLessThanOrEqual(0.3 * requests)
    }
  })

  it('counts each minute by itself', () => {
    const { clock, moved } = world({ maxShare: 0.5, over: 'canonical' })
    moved(1)
    clock.advance(60_000)
    expect(moved(100)).toBe(50)
  })

  it('says what happens to the rest', () => {
    expect(world({ maxShare: 0.5, over: 'refuse' }).spill.overSpill).toBe('refuse')
    expect(world(undefined).spill.overSpill).toBe('canonical')
  })
})
