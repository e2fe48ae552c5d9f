import { beforeEach, expect, it } from 'vitest'
import { countAnswer, NO_MISSES } from './misses.ts'

let now: number
let holding: boolean
let misses: typeof NO_MISSES
let alarms: boolean[]

beforeEach(() => {
  now = 0
  holding = false
  misses = NO_MISSES
  alarms = []
})

function answer(present: boolean, certain: boolean): void {
  const before = misses.all
  misses = countAnswer(misses, { present, certain }, holding, now)
  if (misses.all !== before) alarms.push(misses.all)
}

/** So many answers in so many seconds, all of them that it is not there. */
function miss(count: number, seconds: number, certain = false): void {
  for (let n = 0; n < count; n++) {
    if (n > 0) now += (seconds * 1000) / (count - 1)
    answer(false, certain)
  }
}

it('says it once when a store lacks all that it was given', () => {
  miss(7, 60, true)
  miss(7, 60, true)
  expect(alarms).toEqual([true])
  expect(misses.all).toBe(true)
})

it('says it of a store that lacks all that clients ask for', () => {
  miss(19, 90)
  expect(alarms).toEqual([])
  miss(1, 0)
  expect(alarms).toEqual([true])
})

it('says nothing as long as it may be a moment', () => {
  miss(1000, 50, true)
  expect(alarms).toEqual([])
})

it('says nothing of a store that has what it was asked for before, however much clients invent', () => {
  holding = true
  miss(1000, 600)
  expect(alarms).toEqual([])
})

it('begins anew with the first thing that is there', () => {
  miss(6, 59, true)
  answer(true, true)
  miss(6, 59, true)
  expect(alarms).toEqual([])
})

it('says when it is over', () => {
  miss(7, 60, true)
  answer(true, false)
  expect(alarms).toEqual([true, false])
})
