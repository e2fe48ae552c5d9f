import { expect, it } from 'vitest'
import { createTestClock } from '../../test/support/test-clock.ts'
import { failed, failedHard, PASSED } from './evidence.ts'
import { createMonitor, type HealthChange } from './monitor.ts'
import type { Evidence } from './state.ts'

const INTERVAL = 1000

/** A monitor of backends whose probes the test answers by hand. */
function watching(...ids: string[]) {
  const clock = createTestClock()
  const changes: HealthChange[] = []
  const asked: { id: string; at: number; answer: (evidence: Evidence) => Promise<void> }[] = []
  let random = 0.5
  const monitor = createMonitor({
    policy: () => ({ failures: 3, successes: 2, pause: INTERVAL, interval: INTERVAL }),
    clock,
    random: () => random,
    onChange: (change) => changes.push(change),
  })
  const watched = (id: string, fingerprint = id) => ({
    id,
    fingerprint,
    probe: () =>
      new Promise<Evidence>((resolve) => {
        const answer = async (evidence: Evidence) => {
          resolve(evidence)
          await settle()
        }
        asked.push({ id, at: clock.now(), answer })
      }),
  })
  monitor.watch(ids.map((id) => watched(id)))
  return {
    clock,
    changes,
    asked,
    monitor,
    watched,
    setRandom: (value: number) => {
      random = value
    },
    /** Answers the latest question. */
    answer: (evidence: Evidence) => asked.at(-1)!.answer(evidence),
  }
}

/** Lets everything run that waits for nothing but its turn. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

it('sends nobody to a backend before it has passed, and tries it at once', async () => {
  const { monitor, asked, answer } = watching('paris')
  expect(asked.length).toBe(1)
  expect(monitor.isUsable('paris')).toBe(false)
  await answer(PASSED)
  expect(monitor.isUsable('paris')).toBe(true)
})

it('says when every backend has been tried, whatever came of it', async () => {
  const { monitor, asked } = watching('paris', 'london')
  let tried = false
  monitor.tried.then(() => {
    tried = true
  })
  await asked[0]!.answer(PASSED)
  expect(tried).toBe(false)
  await asked[1]!.answer(failed('no'))
  expect(tried).toBe(true)
})

it.each([
  [0, 800],
  [0.5, 1000],
  [0.999, 1199],
])('probes again after its interval, give or take a fifth: random %d', async (random, wait) => {
  const { clock, asked, answer, setRandom } = watching('paris')
  setRandom(random)
  await answer(PASSED)
  clock.advance(wait - 1)
  expect(asked.length).toBe(1)
  clock.advance(2)
  expect(asked.length).toBe(2)
})

it('probes no more than sixteen backends at once, and all of them in the end', async () => {
  const { asked, monitor } = watching(...Array.from({ length: 50 }, (_, n) => `store-${n}`))
  expect(asked.length).toBe(16)
  for (let n = 0; n < 50; n++) {
    await asked[n]!.answer(PASSED)
    expect(asked.length).toBeLessThanOrEqual(n + 1 + 16)
  }
  await monitor.tried
  expect(new Set(asked.map(({ id }) => id)).size).toBe(50)
})

it('takes failures that are reported within one second for one', async () => {
  const { monitor, clock, answer } = watching('paris')
  await answer(PASSED)
  for (let n = 0; n < 100; n++) monitor.report('paris', failed('503'))
  expect(monitor.state('paris').failures).toBe(1)
  clock.advance(1000)
  monitor.report('paris', failed('503'))
  expect(monitor.isUsable('paris')).toBe(true)
  clock.advance(1000)
  monitor.report('paris', failed('503'))
  expect(monitor.isUsable('paris')).toBe(false)
})

it('takes a hard failure that is reported at its word', async () => {
  const { monitor, answer, changes } = watching('paris')
  await answer(PASSED)
  monitor.report('paris', failedHard('ENOTFOUND'))
  expect(monitor.isUsable('paris')).toBe(false)
  expect(changes.at(-1)).toEqual({ backend: 'paris', from: 'admitted', to: 'out', why: 'ENOTFOUND', at: 0 })
  expect(monitor.history('paris')).toEqual(changes)
})

it.each([
  ['goes out when it fails that too', failed('500'), false],
  ['stays when it passes that', PASSED, true],
])('a backend that is accused is tried at once, and %s', async (_, evidence, usable) => {
  const { monitor, asked, answer } = watching('paris')
  await answer(PASSED)
  const settled = monitor.accuse('paris', 'it did not deliver')
  expect(asked.length).toBe(2)
  await answer(evidence)
  await settled
  expect(monitor.isUsable('paris')).toBe(usable)
})

it('keeps the health of what stays the same, and knows nothing of what is new or gone', async () => {
  const { monitor, asked, watched } = watching('paris', 'london', 'rome')
  for (const { answer } of [...asked]) await answer(PASSED)
  monitor.watch([watched('paris'), watched('london', 'moved')])
  expect(['paris', 'london', 'rome'].map((id) => monitor.isUsable(id))).toEqual([true, false, false])
  expect(asked.slice(3).map(({ id }) => id)).toEqual(['london'])
})

it('believes no probe of a backend that is another one by now', async () => {
  const { monitor, asked, watched } = watching('paris')
  monitor.watch([watched('paris', 'moved')])
  await asked[0]!.answer(PASSED)
  expect(monitor.isUsable('paris')).toBe(false)
  await asked[1]!.answer(PASSED)
  expect(monitor.isUsable('paris')).toBe(true)
})

it('asks nobody any more once it is stopped', async () => {
  const { monitor, clock, asked, answer } = watching('paris')
  await answer(PASSED)
  monitor.stop()
  clock.advance(100_000)
  expect(asked.length).toBe(1)
})
