import { expect, it } from 'vitest'
import { createTestClock } from '../../../test/support/test-clock.ts'
import { IsolateClock } from './isolate-clock.ts'

const failed = (error: unknown) => {
  throw error
}

/** A clock whose timers come only while their request lasts. */
function isolate() {
  const base = createTestClock()
  let lasts = true
  const clock = new IsolateClock({
    ...base,
    after: (milliseconds, work) => {
      const ofRequest = lasts
      return base.after(milliseconds, () => {
        if (lasts || !ofRequest) work()
      })
    },
  })
  const done: string[] = []
  return {
    clock,
    done,
    advance: base.advance,
    note: (name: string) => () => done.push(name),
    endRequest: () => {
      lasts = false
    },
  }
}

it('keeps an appointment by its own timer, once', () => {
  const { clock, done, note, advance } = isolate()
  clock.after(1000, note('check'))
  advance(1000)
  expect(done).toEqual(['check'])
  advance(5000)
  clock.catchUp(failed)
  expect(done).toEqual(['check'])
})

it('keeps by a later request what went with the request that made it', () => {
  const { clock, done, note, advance, endRequest } = isolate()
  clock.after(10_000, note('check'))
  endRequest()
  advance(5000)
  clock.catchUp(failed)
  expect(done).toEqual([])
  advance(6000)
  clock.catchUp(failed)
  expect([done, clock.size]).toEqual([['check'], 0])
})

it('keeps no appointment that was called off, nor what only its own request waited for', () => {
  const { clock, done, note, advance, endRequest } = isolate()
  clock.after(10_000, note('called off'))()
  clock.after(300, note('somebody waits'))
  expect(clock.size).toBe(0)
  endRequest()
  advance(60_000)
  clock.catchUp(failed)
  expect(done).toEqual([])
})

it('looks no more than once a second', () => {
  const { clock, done, note, advance, endRequest } = isolate()
  clock.after(600, note('check'))
  endRequest()
  const looks = [1500, 200, 800].map((milliseconds) => {
    advance(milliseconds)
    clock.catchUp(failed)
    return done.length
  })
  expect(looks).toEqual([0, 0, 1])
})

it('does what is due though something before it fails', () => {
  const { clock, done, note, advance, endRequest } = isolate()
  clock.after(1000, () => {
    throw new Error('of another request')
  })
  clock.after(1000, note('check'))
  endRequest()
  advance(3000)
  const errors: unknown[] = []
  clock.catchUp((error) => errors.push(error))
  expect([errors.length, done]).toEqual([1, ['check']])
})
