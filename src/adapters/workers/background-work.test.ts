import { expect, it } from 'vitest'
import { createTestClock } from '../../../test/support/test-clock.ts'
import { BackgroundWork } from './background-work.ts'

it('hands work to the platform, and knows it for lost when it can never end any more', async () => {
  const clock = createTestClock()
  const kept: Promise<unknown>[] = []
  const work = new BackgroundWork(clock, (piece) => kept.push(piece))
  const { promise, resolve } = Promise.withResolvers<void>()
  work.add(promise)
  work.add(new Promise(() => {}))
  expect(kept.length).toBe(2)
  resolve()
  await kept[0]
  clock.advance(120_000)
  expect(work.isLost).toBe(false)
  clock.advance(1)
  expect(work.isLost).toBe(true)
  work.forget()
  expect(work.isLost).toBe(false)
})

it('takes what ends for no loss, whenever it ended', async () => {
  const clock = createTestClock()
  const kept: Promise<unknown>[] = []
  const work = new BackgroundWork(clock, (piece) => kept.push(piece))
  work.add(Promise.resolve())
  await Promise.all(kept)
  clock.advance(1_000_000)
  expect(work.isLost).toBe(false)
})
