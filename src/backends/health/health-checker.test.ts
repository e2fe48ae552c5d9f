import { expect, it } from 'vitest'
import { createTestRuntime } from '../../../test/support/test-runtime.ts'
import { Semaphore } from '../../internal/semaphore.ts'
import { HealthChecker } from './health-checker.ts'

const INTERVAL = 1000

/** Checkers of backends whose checks the test ends by hand. */
function checking(count: number, atOnce = 16) {
  let random = 0.5
  const runtime = createTestRuntime({ random: () => random })
  const places = new Semaphore(atOnce)
  const running: { n: number; end: () => Promise<void> }[] = []
  const checkers = Array.from(
    { length: count },
    (_, n) =>
      new HealthChecker({
        runtime,
        places,
        interval: () => INTERVAL,
        check: () =>
          new Promise<void>((resolve) => {
            running.push({
              n,
              async end() {
                resolve()
                await settle()
              },
            })
          }),
      }),
  )
  const setRandom = (value: number) => {
    random = value
  }
  return { runtime, running, checkers, setRandom }
}

/** Lets everything run that waits for nothing but its turn. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

it.each([
  [0, 800],
  [0.5, 1000],
  [0.999, 1199],
])('checks again after its interval, give or take a fifth: random %d', async (random, wait) => {
  const { runtime, running, checkers, setRandom } = checking(1)
  void checkers[0]!.check()
  await settle()
  setRandom(random)
  await running[0]!.end()
  runtime.advance(wait - 1)
  await settle()
  expect(running.length).toBe(1)
  runtime.advance(2)
  await settle()
  expect(running.length).toBe(2)
})

it('checks no more than so many backends at once, and all of them in the end', async () => {
  const { running, checkers } = checking(50)
  for (const checker of checkers) void checker.check()
  await settle()
  expect(running.length).toBe(16)
  for (let n = 0; n < 50; n++) {
    await running[n]!.end()
    expect(running.length).toBeLessThanOrEqual(n + 1 + 16)
  }
  expect(new Set(running.map(({ n }) => n)).size).toBe(50)
})

it('is one check, whoever asks for it while it runs', async () => {
  const { running, checkers } = checking(1)
  const first = checkers[0]!.check()
  expect(checkers[0]!.check()).toBe(first)
  await settle()
  expect(running.length).toBe(1)
  await running[0]!.end()
  await first
})

it('checks at once when it is asked to, and then after a whole interval again', async () => {
  const { runtime, running, checkers } = checking(1)
  void checkers[0]!.check()
  await settle()
  await running[0]!.end()
  runtime.advance(900)
  void checkers[0]!.check()
  await settle()
  expect(running.length).toBe(2)
  await running[1]!.end()
  runtime.advance(900)
  await settle()
  expect(running.length).toBe(2)
})

it('asks nobody any more once it is stopped, not even those who wait for their turn', async () => {
  const { runtime, running, checkers } = checking(2, 1)
  for (const checker of checkers) void checker.check()
  await settle()
  for (const checker of checkers) checker.stop()
  await running[0]!.end()
  runtime.advance(100_000)
  await settle()
  expect(running.map(({ n }) => n)).toEqual([0])
})
