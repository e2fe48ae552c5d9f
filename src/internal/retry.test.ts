import { expect, it } from 'vitest'
import { createTestRuntime, type TestRuntime } from '../../test/support/test-runtime.ts'
import { type RetryOptions, retry } from './retry.ts'

const BACKOFF = { first: 100, max: 400 }

/** Runs with a clock that moves on as soon as somebody waits; notes the waits. */
function eager(): { runtime: TestRuntime; waits: number[] } {
  const waits: number[] = []
  const clock = createTestRuntime()
  const runtime: TestRuntime = {
    ...clock,
    random: () => 1,
    after(milliseconds, work) {
      waits.push(milliseconds)
      const cancel = clock.after(milliseconds, work)
      clock.advance(milliseconds)
      return cancel
    },
  }
  return { runtime, waits }
}

const options = (parts: Partial<RetryOptions> = {}): RetryOptions => ({
  attempts: 4,
  backoff: BACKOFF,
  again: () => true,
  ...parts,
})

/** Fails so often, then says how many failures it was told of. */
const failing = (times: number) => async (failures: number) => {
  if (times-- > 0) throw new Error(`${times} left`)
  return failures
}

it('tries again with waits that double up to their bound, and gives what came of it', async () => {
  const { runtime, waits } = eager()
  expect(await retry(runtime, options({ attempts: 9 }), failing(4))).toBe(4)
  expect(waits).toEqual([100, 200, 400, 400])
})

it('throws the last error when all attempts have failed', async () => {
  const { runtime, waits } = eager()
  await expect(retry(runtime, options(), failing(5))).rejects.toThrow('1 left')
  expect(waits).toHaveLength(3)
})

it('throws at once what another attempt would not change', async () => {
  const { runtime, waits } = eager()
  await expect(retry(runtime, options({ again: () => false }), failing(1))).rejects.toThrow('0 left')
  expect(waits).toEqual([])
})

it('begins the row anew after an attempt that brought something', async () => {
  const { runtime, waits } = eager()
  let calls = 0
  const progressed = () => ++calls % 2 === 0
  expect(await retry(runtime, options({ attempts: 3, progressed }), failing(6))).toBe(1)
  expect(waits).toEqual([100, 100, 200, 100, 200, 100].slice(0, waits.length))
})

it('waits as long as it is told', async () => {
  const { runtime, waits } = eager()
  const pause = (error: unknown, growing: number) => growing + (error as Error).message.length
  await retry(runtime, options({ pause }), failing(1))
  expect(waits).toEqual([106])
})

it('ends with the reason of a signal that aborts while it waits', async () => {
  const runtime = createTestRuntime()
  const abort = new AbortController()
  const trying = retry(runtime, options({ signal: abort.signal }), failing(1))
  await Promise.resolve()
  abort.abort(new Error('stop'))
  await expect(trying).rejects.toThrow('stop')
})
