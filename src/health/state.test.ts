import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Evidence, type HealthState, isInTraffic, MAX_PAUSE, untried, weigh } from './state.ts'

const POLICY = { failures: 3, successes: 2, pause: 1000 }
const PASS: Evidence = { kind: 'passed', proof: 'full' }
const FAIL: Evidence = { kind: 'failed', hard: false, why: 'status 503' }
const HARD: Evidence = { kind: 'failed', hard: true, why: 'wrong bytes' }
const HALF: Evidence = { kind: 'passed', proof: 'provisional' }

/** Applies evidence, one piece every `step` milliseconds. */
function after(evidence: readonly Evidence[], step = 100): HealthState {
  let now = 0
  return evidence.reduce((state, piece) => {
    now += step
    return weigh(state, piece, POLICY, now)
  }, untried(0))
}

describe('health', () => {
  it.each<[string, Evidence[], number, HealthState['status']]>([
    ['is untried before anybody asked', [], 100, 'untried'],
    ['stays untried while it fails', [FAIL, FAIL, FAIL, HARD], 100, 'untried'],
    ['is admitted by its first pass', [FAIL, FAIL, FAIL, PASS], 100, 'admitted'],
    ['is provisional while nothing better is proved', [HALF, HALF], 100, 'provisional'],
    ['is admitted once it is proved', [HALF, PASS], 100, 'admitted'],
    ['stays admitted when a later pass proves less', [PASS, HALF], 100, 'admitted'],
    ['survives fewer failures than the limit', [PASS, FAIL, FAIL], 100, 'admitted'],
    ['counts failures in a row only', [PASS, FAIL, FAIL, PASS, FAIL, FAIL], 100, 'admitted'],
    ['goes out at the limit', [PASS, FAIL, FAIL, FAIL], 100, 'out'],
    ['goes out at once on a hard fault', [PASS, HARD], 100, 'out'],
    ['needs passes in a row to come back', [PASS, HARD, PASS, FAIL, PASS], 5000, 'out'],
    ['comes back after them', [PASS, HARD, PASS, PASS], 5000, 'admitted'],
    ['does not come back before its pause is over', [PASS, HARD, PASS, PASS, PASS], 100, 'out'],
  ])('%s', (_, evidence, step, expected) => {
    expect(after(evidence, step).status).toBe(expected)
  })

  const anyEvidence = fc.constantFrom(PASS, HALF, FAIL, HARD)
  const story = fc.array(fc.tuple(anyEvidence, fc.integer({ min: 1, max: 3000 })), { maxLength: 200 })

  it('never returns sooner than its pause, and the pause doubles while it relapses, up to its limit', () => {
    fc.assert(
      fc.property(story, (pieces) => {
        let now = 0
        let state = untried(now)
        let wentOut = 0
        for (const [piece, wait] of pieces) {
          now += wait
          const next = weigh(state, piece, POLICY, now)
          if (isInTraffic(state) && next.status === 'out') {
            wentOut = now
            expect(next.notBefore - now).toBe(Math.min(POLICY.pause * 2 ** (next.relapses - 1), MAX_PAUSE))
          }
          if (state.status === 'out' && isInTraffic(next)) {
            expect(now - wentOut).toBeGreaterThanOrEqual(POLICY.pause)
            expect(piece.kind).toBe('passed')
          }
          state = next
        }
      }),
    )
  })

  it('never leaves traffic but on the limit of failures in a row or a hard fault', () => {
    fc.assert(
      fc.property(story, (pieces) => {
        let now = 0
        let state = untried(now)
        let inARow = 0
        for (const [piece, wait] of pieces) {
          now += wait
          const next = weigh(state, piece, POLICY, now)
          inARow = piece.kind === 'failed' ? inARow + 1 : 0
          if (isInTraffic(state) && !isInTraffic(next)) {
            expect(piece.kind === 'failed' && (piece.hard || inARow >= POLICY.failures)).toBe(true)
          }
          state = next
        }
      }),
    )
  })
})
