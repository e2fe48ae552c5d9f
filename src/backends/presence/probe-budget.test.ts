import { beforeEach, expect, it } from 'vitest'
import { createTestClock, type TestClock } from '../../../test/support/test-clock.ts'
import { parseAddress } from '../../net/address.ts'
import { networkOf, ProbeBudget } from './probe-budget.ts'

let clock: TestClock
let budget: ProbeBudget

beforeEach(() => {
  clock = createTestClock()
  budget = new ProbeBudget(clock)
})

/** Probes for a network, one after the other, that find nothing; how many were let through. */
function waste(network: number, count: number): number {
  let done = 0
  for (let n = 0; n < count; n++) {
    if (!budget.allows(network)) continue
    budget.began(network)
    budget.ended(network, 'absent')
    done++
  }
  return done
}

it('lets one network beside others waste a quarter, and the others go on', () => {
  waste(2, 1)
  expect(waste(1, 100)).toBe(5)
  expect(budget.allows(1)).toBe(false)
  expect(budget.allows(2)).toBe(true)
})

it('lets the only network that asks, as behind a proxy that hides addresses, waste all of it', () => {
  waste(1, 1)
  clock.advance(1000)
  expect(waste(1, 100)).toBe(20)
  expect(budget.allows(2)).toBe(true)
})

it('keeps as much again for those who wasted nothing when several have used up all of it', () => {
  for (let network = 1; network <= 4; network++) waste(network, 100)
  expect(waste(5, 100)).toBe(1)
  expect(budget.allows(6)).toBe(true)
  for (let network = 6; network < 100; network++) waste(network, 1)
  expect(budget.allows(100)).toBe(false)
})

it('begins anew in the next tenth of a second', () => {
  waste(1, 100)
  clock.advance(100)
  expect(budget.allows(1)).toBe(true)
})

it('bounds what runs at once, of one network and of all', () => {
  let begun = 0
  for (let network = 1; network < 10; network++) {
    for (let n = 0; n < 100; n++) {
      if (!budget.allows(network)) break
      budget.began(network)
      begun++
    }
    if (network === 1) expect(begun).toBe(64)
  }
  expect(begun).toBe(256)
  budget.ended(1, 'present')
  expect(budget.allows(9)).toBe(true)
})

it('costs nothing to those who ask for what is there', () => {
  for (let n = 0; n < 1000; n++) {
    expect(budget.allows(1)).toBe(true)
    budget.began(1)
    budget.ended(1, 'present')
  }
})

it.each([
  ['35.180.1.1', '35.180.1.254', true],
  ['35.180.1.1', '35.180.2.1', false],
  ['2001:db8:1::1', '2001:db8:1:ffff::2', true],
  ['2001:db8:1::1', '2001:db8:2::1', false],
])('takes %s and %s for one network: %s', (one, other, same) => {
  expect(networkOf(parseAddress(one)) === networkOf(parseAddress(other))).toBe(same)
})
