import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../internal/seeded-random.ts'
import type { Amount } from '../tally.ts'
import { finenessOf, type LoadState, partWithin, SponsorLoad } from './sponsor-load.ts'

const MINUTE = 60_000
const ONE: Amount = { gets: 1, heads: 0, bytes: 1000, estimated: 0 }

function requests(count: number): { at: number; draw: number }[] {
  const random = seededRandom(3)
  return Array.from({ length: count }, () => ({
    at: Math.floor(random() * 10_000 * MINUTE),
    draw: Math.floor(random() * 1000),
  }))
}

function loadOf(all: readonly { at: number; draw: number }[], max: number): SponsorLoad {
  const load = new SponsorLoad(max)
  for (const { at, draw } of all) {
    load.add(at, 'aws/eu-west-3', { steps: [{ backend: 'paris', draw }], end: 'main' }, ONE)
  }
  return load
}

/** What does not depend on who came first. */
function sortedOf({ level, cells }: LoadState): object {
  return { level, cells: [...cells].sort(([one], [other]) => (one < other ? -1 : 1)) }
}

describe('a load of more requests than are kept apart', () => {
  const all = requests(5000)

  it('loses none of them, and is never larger than it may be', () => {
    const { level, cells } = loadOf(all, 200).state
    expect(level).toBeGreaterThan(0)
    expect(cells.size).toBeLessThanOrEqual(200)
    const total = [...cells.values()].reduce((sum, { gets }) => sum + gets, 0)
    expect(total).toBe(all.length)
    const { minutes, width } = finenessOf(level)
    for (const { minute, path } of cells.values()) {
      expect([minute % minutes, path.steps[0]!.draw % width]).toEqual([0, 0])
    }
  })

  it('is the same in any order, and put together from any parts', () => {
    const whole = sortedOf(loadOf(all, 200).state)
    expect(sortedOf(loadOf(all.toReversed(), 200).state)).toEqual(whole)
    const merged = new SponsorLoad(200)
    for (const part of [all.slice(0, 7), all.slice(7, 4000), all.slice(4000)]) {
      merged.merge(loadOf(part, 200).state)
    }
    expect(sortedOf(merged.state)).toEqual(whole)
  })
})

describe('of draws that are one', () => {
  it.each([
    [0.29, 289, 1, 1],
    [0.29, 290, 1, 0],
    [1, 999, 1, 1],
    [0, 0, 1, 0],
    [0.29, 288, 4, 0.5],
    // The last of them are fewer.
    [0.996, 992, 16, 0.5],
    [0.25, 0, 1024, 0.25],
  ])('a share of %f lets of those from %i on, %i wide, this part in: %f', (share, draw, width, part) => {
    expect(partWithin(share, draw, width)).toBe(part)
  })
})
