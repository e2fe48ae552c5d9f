import { expect, test } from 'vitest'
import { FailureCount, type Tally } from './failure-count.ts'

const LIMITS = { share: 0.05, least: 100 }
const MINUTE = 60_000

function riseOf(cohort: Tally, others: Tally): boolean {
  const count = new FailureCount()
  count.note('warn-1', cohort, 0)
  count.note('', others, 0)
  return count.rise('warn-1', LIMITS, MINUTE) !== undefined
}

test.each<[string, Tally, Tally, boolean]>([
  ['nothing was asked', { asked: 0, failed: 0 }, { asked: 0, failed: 0 }, false],
  ['few were asked', { asked: 99, failed: 99 }, { asked: 0, failed: 0 }, false],
  ['as many fail as may', { asked: 100, failed: 5 }, { asked: 0, failed: 0 }, false],
  ['one more fails', { asked: 100, failed: 6 }, { asked: 0, failed: 0 }, true],
  ['others fail as often', { asked: 100, failed: 50 }, { asked: 100, failed: 50 }, false],
  ['others fail half as often', { asked: 100, failed: 50 }, { asked: 100, failed: 25 }, false],
  ['others fail less than half as often', { asked: 100, failed: 50 }, { asked: 100, failed: 24 }, true],
  ['too few others were asked to say', { asked: 100, failed: 50 }, { asked: 99, failed: 99 }, true],
])('where %s', (_, cohort, others, rises) => {
  expect(riseOf(cohort, others)).toBe(rises)
})

test('what is older than five minutes does not count, and is forgotten', () => {
  const count = new FailureCount()
  count.note('warn-1', { asked: 100, failed: 100 }, 30_000)
  const after = (minutes: number) => count.rise('warn-1', LIMITS, minutes * MINUTE) !== undefined
  expect([0.9, 4.9, 5, 60].map(after)).toEqual([true, true, false, false])
  count.note('warn-1', { asked: 100, failed: 0 }, 60 * MINUTE)
  expect(after(60)).toBe(false)
})

test('the clients of another phase are others', () => {
  const count = new FailureCount()
  count.note('warn-1', { asked: 100, failed: 20 }, 0)
  count.note('redirect-1', { asked: 100, failed: 20 }, 0)
  expect(count.rise('warn-1', LIMITS, 0)).toBeUndefined()
})
