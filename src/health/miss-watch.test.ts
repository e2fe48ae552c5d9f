import { beforeEach, expect, it } from 'vitest'
import { createTestClock, type TestClock } from '../../test/support/test-clock.ts'
import { createMissWatch, type MissWatch } from './miss-watch.ts'

let clock: TestClock
let holding: boolean
let changes: boolean[]
let watch: MissWatch

beforeEach(() => {
  clock = createTestClock()
  holding = false
  changes = []
  watch = createMissWatch({
    clock,
    holdsAnything: () => holding,
    onChange: (_, missesAll) => changes.push(missesAll),
  })
})

/** So many answers in so many seconds, all of them that it is not there. */
function miss(count: number, seconds: number, certain = false): void {
  for (let n = 0; n < count; n++) {
    if (n > 0) clock.advance((seconds * 1000) / (count - 1))
    watch.answered('paris', false, certain)
  }
}

it('says it once when a store lacks all that it was given', () => {
  miss(7, 60, true)
  miss(7, 60, true)
  expect(changes).toEqual([true])
  expect(watch.missesAll('paris')).toBe(true)
})

it('says it of a store that lacks all that clients ask for', () => {
  miss(19, 90)
  expect(changes).toEqual([])
  miss(1, 0)
  expect(changes).toEqual([true])
})

it('says nothing as long as it may be a moment', () => {
  miss(1000, 50, true)
  expect(changes).toEqual([])
})

it('says nothing of a store that has what it was asked for before, however much clients invent', () => {
  holding = true
  miss(1000, 600)
  expect(changes).toEqual([])
})

it('begins anew with the first thing that is there', () => {
  miss(6, 59, true)
  watch.answered('paris', true, true)
  miss(6, 59, true)
  expect(changes).toEqual([])
})

it('says when it is over', () => {
  miss(7, 60, true)
  watch.answered('paris', true, false)
  expect(changes).toEqual([true, false])
  expect(watch.missesAll('paris')).toBe(false)
})

it('forgets stores that are gone', () => {
  miss(7, 60, true)
  watch.keep(new Set(['virginia']))
  expect(watch.missesAll('paris')).toBe(false)
})
