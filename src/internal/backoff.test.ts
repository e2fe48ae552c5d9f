import { describe, expect, it } from 'vitest'
import { createTestClock } from '../../test/support/test-clock.ts'
import { backoffDelay, wait } from './backoff.ts'

describe('a growing wait', () => {
  it.each([
    [1, 0, 50],
    [1, 0.5, 75],
    [2, 0, 100],
    [4, 0, 400],
    [5, 0, 500],
    [5000, 0.5, 750],
  ])('after failure %i with random %f is %i ms', (failures, random, delay) => {
    expect(backoffDelay({ first: 100, max: 1000 }, failures, () => random)).toBe(delay)
  })
})

describe('waiting', () => {
  it('ends when the time has passed', async () => {
    const clock = createTestClock()
    const waited = wait(clock, 100)
    clock.advance(100)
    await expect(waited).resolves.toBeUndefined()
  })

  it.each(['before', 'during'])('ends with the reason of an abort %s it', async (when) => {
    const abort = new AbortController()
    if (when === 'before') abort.abort(new Error('enough'))
    const waited = wait(createTestClock(), 100, abort.signal)
    abort.abort(new Error('enough'))
    await expect(waited).rejects.toThrow('enough')
  })
})
