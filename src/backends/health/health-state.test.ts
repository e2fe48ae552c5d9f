import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CheckResult } from './check-result.ts'
import { type HealthState, isInTraffic, MAX_EJECTION_TIME, nextHealth, pending } from './health-state.ts'

const POLICY = { failures: 3, successes: 2, ejectionTime: 1000 }
const PASS: CheckResult = { kind: 'passed', proof: 'full' }
const FAIL: CheckResult = { kind: 'failed', hard: false, why: 'status 503' }
const HARD: CheckResult = { kind: 'failed', hard: true, why: 'wrong bytes' }
const HALF: CheckResult = { kind: 'passed', proof: 'provisional' }

/** Applies results, one every `step` milliseconds. */
function after(results: readonly CheckResult[], step = 100): HealthState {
  let now = 0
  return results.reduce((state, result) => {
    now += step
    return nextHealth(state, result, POLICY, now)
  }, pending(0))
}

describe('health', () => {
  it.each<[string, CheckResult[], number, HealthState['status']]>([
    ['is pending before anybody asked', [], 100, 'pending'],
    ['stays pending while it fails', [FAIL, FAIL, FAIL, HARD], 100, 'pending'],
    ['is healthy by its first pass', [FAIL, FAIL, FAIL, PASS], 100, 'healthy'],
    ['is degraded while nothing better is proved', [HALF, HALF], 100, 'degraded'],
    ['is healthy once it is proved', [HALF, PASS], 100, 'healthy'],
    ['stays healthy when a later pass proves less', [PASS, HALF], 100, 'healthy'],
    ['survives fewer failures than the limit', [PASS, FAIL, FAIL], 100, 'healthy'],
    ['counts failures in a row only', [PASS, FAIL, FAIL, PASS, FAIL, FAIL], 100, 'healthy'],
    ['is ejected at the limit', [PASS, FAIL, FAIL, FAIL], 100, 'ejected'],
    ['is ejected at once on a hard fault', [PASS, HARD], 100, 'ejected'],
    ['needs passes in a row to come back', [PASS, HARD, PASS, FAIL, PASS], 5000, 'ejected'],
    ['comes back after them', [PASS, HARD, PASS, PASS], 5000, 'healthy'],
    ['does not come back before its time is over', [PASS, HARD, PASS, PASS, PASS], 100, 'ejected'],
  ])('%s', (_, results, step, expected) => {
    expect(after(results, step).status).toBe(expected)
  })

  const anyResult = fc.constantFrom(PASS, HALF, FAIL, HARD)
  const story = fc.array(fc.tuple(anyResult, fc.integer({ min: 1, max: 3000 })), { maxLength: 200 })

  it('never returns sooner than its pause, and the pause doubles while it ejections, up to its limit', () => {
    fc.assert(
      fc.property(story, (results) => {
        let now = 0
        let state = pending(now)
        let ejectedAt = 0
        for (const [result, wait] of results) {
          now += wait
          const next = nextHealth(state, result, POLICY, now)
          if (isInTraffic(state) && next.status === 'ejected') {
            ejectedAt = now
            expect(next.notBefore - now).toBe(
              Math.min(POLICY.ejectionTime * 2 ** (next.ejections - 1), MAX_EJECTION_TIME),
            )
          }
          if (state.status === 'ejected' && isInTraffic(next)) {
            expect(now - ejectedAt).toBeGreaterThanOrEqual(POLICY.ejectionTime)
            expect(result.kind).toBe('passed')
          }
          state = next
        }
      }),
    )
  })

  it('never leaves traffic but on the limit of failures in a row or a hard fault', () => {
    fc.assert(
      fc.property(story, (results) => {
        let now = 0
        let state = pending(now)
        let inARow = 0
        for (const [result, wait] of results) {
          now += wait
          const next = nextHealth(state, result, POLICY, now)
          inARow = result.kind === 'failed' ? inARow + 1 : 0
          if (isInTraffic(state) && !isInTraffic(next)) {
            expect(result.kind === 'failed' && (result.hard || inARow >= POLICY.failures)).toBe(true)
          }
          state = next
        }
      }),
    )
  })
})
