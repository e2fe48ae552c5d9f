import { beforeEach, expect, it } from 'vitest'
import { createTestClock, type TestClock } from '../../../test/support/test-clock.ts'
import { parseAddress } from '../../net/address.ts'
import { type EndProbe, ProbeBudget } from './probe-budget.ts'

let clock: TestClock
let budget: ProbeBudget

beforeEach(() => {
  clock = createTestClock()
  budget = new ProbeBudget(clock)
})

const begin = (client: string) => budget.begin(parseAddress(client))
/** A client of a network of its own. */
const stranger = (n: number) => `10.${n >> 8}.${n & 255}.1`

/** Begins as many as it may, up to `count`. */
function beginAll(client: string, count: number): EndProbe[] {
  return Array.from({ length: count }, () => begin(client)).filter((end) => end !== undefined)
}

/** Probes that begin at once and find nothing; how many were let through. */
function waste(client: string, count: number): number {
  const begun = beginAll(client, count)
  for (const end of begun) end('absent')
  return begun.length
}

it.each([0, 1, 5, 10, 30])(
  'lets every honest client begin, whatever one network invents, and with what delay: %i ms more each round',
  (delay) => {
    let lost = 0
    for (let round = 0; round < 500; round++) {
      const running = beginAll('198.51.100.7', 60)
      clock.advance(10 + (round % 20) * delay)
      // All of them end in one moment, as after a stall.
      for (const end of running) end('absent')
      const honest = begin(`35.180.${round % 250}.${1 + (round % 200)}`)
      honest?.('present')
      if (honest === undefined) lost++
    }
    expect(lost).toBe(0)
  },
)

it('lets one network waste 20 at once and 50 a second, however long its probes take', () => {
  begin('35.180.1.1')!('present')
  let wasted = 0
  for (let round = 0; round < 100; round++) {
    const running = beginAll('198.51.100.7', 60)
    clock.advance(100)
    begin('35.180.1.1')!('present')
    for (const end of running) end('unknown')
    wasted += running.length
  }
  expect(wasted).toBeGreaterThan(500)
  expect(wasted).toBeLessThanOrEqual(20 + 50 * 10 + 20)
})

it('lets the only network that asks, as behind a proxy that hides addresses, waste 200 a second', () => {
  waste('198.51.100.7', 1000)
  let wasted = 0
  for (let round = 0; round < 100; round++) {
    clock.advance(100)
    wasted += waste('198.51.100.7', 1000)
  }
  expect(wasted).toBeGreaterThanOrEqual(200 * 9)
  expect(wasted).toBeLessThanOrEqual(256 + 200 * 10)
  expect(begin('35.180.1.1')).toBeDefined()
})

it('keeps what others may ask from a hundred networks that waste together, and bounds these', () => {
  for (let n = 0; n < 100; n++) waste(stranger(n), 1000)
  let wasted = 0
  clock.advance(1000)
  for (let round = 0; round < 50; round++) {
    for (let n = 0; n < 100; n++) wasted += waste(stranger(n), 10)
    begin(`35.180.${round}.1`)!('present')
    clock.advance(100)
  }
  // What comes back in six seconds, and four of each before it is known.
  expect(wasted).toBeLessThanOrEqual(200 * 6 + 4 * 100)
})

it('bounds what networks that nobody has seen before waste, each once', () => {
  let wasted = 0
  for (let round = 0; round < 100; round++) {
    for (let n = 0; n < 100; n++) wasted += waste(stranger(round * 100 + n), 1)
    clock.advance(100)
  }
  expect(wasted).toBeLessThanOrEqual(2 * (256 + 200 * 10))
})

it('keeps something for the others of a network that one of them uses up', () => {
  begin('35.180.1.1')!('present')
  expect(waste('198.51.100.7', 1000)).toBe(20)
  expect(begin('198.51.100.7')).toBeUndefined()
  expect(begin('198.51.100.8')).toBeDefined()
})

it('does so as well where nobody of another network asks', () => {
  const waitAndWaste = (milliseconds: number) => {
    clock.advance(milliseconds)
    return waste('198.51.100.7', 1000)
  }
  for (let round = 0; round < 100; round++) {
    waitAndWaste(100)
    begin(`198.51.100.${8 + (round % 100)}`)!('present')
  }
  expect(waitAndWaste(100)).toBe(5)
})

it('counts somebody among the others again after half a minute without waste', () => {
  waste(stranger(0), 1)
  clock.advance(29_999)
  for (let n = 1; n < 20; n++) waste(stranger(n), 1000)
  expect(begin(stranger(0))).toBeUndefined()
  clock.advance(1)
  expect(begin(stranger(0))).toBeDefined()
})

it('lets more of one network run at once as it finds things, up to 64', () => {
  begin('35.180.1.1')!('present')
  const counts = [1, 2, 3, 4].map(() => {
    const running = beginAll('198.51.100.7', 1000)
    for (const end of running) end('present')
    return running.length
  })
  expect(counts).toEqual([20, 40, 64, 64])
})

it('takes nothing from a network for what it was refused', () => {
  begin('35.180.1.1')!('present')
  const held = beginAll('198.51.100.7', 20)
  expect(beginAll('198.51.100.7', 100)).toEqual([])
  for (const end of held) end('present')
  expect(beginAll('198.51.100.7', 1000).length).toBe(40)
})

it('lets no more than 256 run at once, and keeps a quarter from those that waste', () => {
  for (let n = 0; n < 20; n++) waste(stranger(n), 1)
  clock.advance(5000)
  let wasteful = 0
  for (let n = 0; n < 20; n++) wasteful += beginAll(stranger(n), 1000).length
  expect(wasteful).toBe(192)
  let others = 0
  for (let n = 20; n < 40; n++) others += beginAll(stranger(n), 1000).length
  expect(others).toBe(64)
})

it('lets nobody waste more because others find things', () => {
  let wasted = 0
  for (let round = 0; round < 100; round++) {
    for (let n = 0; n < 100; n++) begin(`35.180.${n}.1`)!('present')
    for (let n = 0; n < 20; n++) wasted += waste(stranger(n), 20)
    clock.advance(100)
  }
  // With as much for those who are not known yet.
  expect(wasted).toBeLessThanOrEqual(256 + 200 * 10 + 4 * 20)
})

it('costs nothing to those who ask for what is there', () => {
  for (let n = 0; n < 10_000; n++) begin('35.180.1.1')!('present')
})
