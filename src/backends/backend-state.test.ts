import { expect, it } from 'vitest'
import type { Digest } from '../oci/digest.ts'
import type { Name } from '../oci/name.ts'
import type { OciRequest } from '../oci/path.ts'
import { type BackendState, type FactContext, initialState, reduce } from './backend-state.ts'
import type { Expectation, Fact } from './facts.ts'
import { failed, failedHard, failureOf, PASSED } from './health/check-result.ts'
import type { ProbeFinding } from './presence/probe.ts'

const CONTEXT: FactContext = {
  policy: { failures: 3, successes: 2, ejectionTime: 1000 },
  holdsAnything: false,
  hasInventory: true,
  now: 0,
}
const digest = (n: number) => `sha256:${n.toString(16).padStart(64, '0')}` as Digest
const request = (n: number): OciRequest => ({ kind: 'blob', name: 'app' as Name, digest: digest(n) })

const checked = (report: Partial<(Fact & { kind: 'checked' })['report']>): Fact => ({
  kind: 'checked',
  report: { result: PASSED, ...report },
  milliseconds: 1,
})
const probed = (finding: ProbeFinding, expectation: Expectation = 'possible', n = 1): Fact => ({
  kind: 'probed',
  request: request(n),
  finding,
  milliseconds: 1,
  expectation,
})

/** The state after these facts, each so many milliseconds after the one before. */
function after(facts: readonly Fact[], step = 10_000, context: Partial<FactContext> = {}): BackendState {
  return facts.reduce(
    (state, fact, index) => reduce(state, fact, { ...CONTEXT, ...context, now: index * step }),
    initialState(0),
  )
}

const times = (count: number, fact: Fact) => Array.from({ length: count }, () => fact)
const health = ({ health: { status } }: BackendState) => status

it('sends nobody to a backend before it has passed', () => {
  expect(health(after([]))).toBe('pending')
  expect(health(after([checked({})]))).toBe('healthy')
})

it('takes failed probes within one second for one', () => {
  const refused = probed({ presence: 'unknown', failure: failed('503') })
  expect(after([checked({}), ...times(100, refused)], 1).health.failures).toBe(1)
  expect(health(after([checked({}), ...times(2, refused)], 1000))).toBe('healthy')
  expect(health(after([checked({}), ...times(3, refused)], 1000))).toBe('ejected')
})

it('takes no backend out since we had nothing left to ask it with', () => {
  const error = Object.assign(new Error('connect'), { code: 'EMFILE' })
  const unasked = [
    probed({ presence: 'unknown', failure: failureOf(new TypeError('fetch failed', { cause: error })) }),
    checked({ result: failureOf(error) }),
  ]
  const state = after([checked({}), ...unasked, ...unasked, ...unasked])
  expect(state.health).toMatchObject({ status: 'healthy', failures: 0 })
})

it('takes a hard failure at its word, and keeps what happened', () => {
  const gone = probed({ presence: 'unknown', failure: failedHard('ENOTFOUND: no') })
  const state = after([checked({}), gone], 5)
  expect(health(state)).toBe('ejected')
  expect(state.history).toEqual([
    { from: 'pending', to: 'healthy', at: 0 },
    { from: 'healthy', to: 'ejected', why: 'ENOTFOUND: no', at: 5 },
  ])
})

it.each([
  ['leaves traffic when its check fails too', failed('500'), 'ejected'],
  ['stays when its check passes', PASSED, 'healthy'],
])('a store that does not deliver a blob %s', (_, result, expected) => {
  const undelivered: Fact = { kind: 'undelivered', digest: digest(1) }
  expect(health(after([checked({}), undelivered, checked({ result })]))).toBe(expected)
})

it('a store that lacks its health-check object is disbelieved once, and believed when it has it again', () => {
  const state = after([checked({}), ...times(20, checked({ hasPromised: false }))])
  expect(state).toMatchObject({ believed: false, forgotten: 1, misses: { all: true } })
  const again = reduce(state, checked({ hasPromised: true }), CONTEXT)
  expect(again).toMatchObject({ believed: true, forgotten: 1, misses: { all: false } })
})

it('a store without an inventory has nothing to be disbelieved', () => {
  const state = after([checked({ hasPromised: false })], 1, { hasInventory: false })
  expect(state).toMatchObject({ believed: true, forgotten: 0 })
})

it('a new inventory is believed', () => {
  const facts: Fact[] = [
    checked({ hasPromised: false }),
    { kind: 'inventory', attempt: { kind: 'unchanged' }, before: undefined },
  ]
  expect(after(facts).believed).toBe(false)
})

it.each<[string, Expectation, number, boolean]>([
  ['what its inventory lists', 'listed', 7, true],
  ['what nobody said it has', 'unlisted', 50, false],
  ['a few things that clients ask for', 'possible', 19, false],
  ['all that clients ask for', 'possible', 20, true],
])('a store that lacks %s', (_, expectation, count, alarm) => {
  const state = after(times(count, probed({ presence: 'absent' }, expectation)))
  expect(state.misses.all).toBe(alarm)
})

it('an answer that says neither is no answer', () => {
  expect(after(times(50, probed({ presence: 'unknown' }, 'listed'))).misses.all).toBe(false)
})

it('learns the smallest blob that is large enough for a range, and is content with a small one', () => {
  const sizes = (...all: number[]) =>
    after(all.map((size, n) => probed({ presence: 'present', size }, 'possible', n))).learned.map(
      ({ size }) => size,
    )
  expect(sizes(1)).toEqual([])
  expect(sizes(2_000_000)).toEqual([])
  expect(sizes(50_000, 20_000, 30_000)).toEqual([20_000, 30_000, 50_000])
  expect(sizes(9, 8, 7, 6, 5, 4, 3)).toEqual([4, 5, 6, 7, 8, 9])
  expect(sizes(90_000, 80_000, 70_000, 60_000, 50_000, 40_000, 30_000)[5]).toBe(80_000)
})

it('forgets what it learnt, and believes nothing, when that is gone', () => {
  const gone = checked({ learned: { gone: [digest(1)], failed: [] } })
  expect(after([probed({ presence: 'present', size: 100 }), gone])).toMatchObject({
    forgotten: 1,
    learned: [],
  })
})

it('keeps what came before what did not, whatever clients ask for', () => {
  const present = (n: number) => probed({ presence: 'present', size: 100 + n }, 'possible', n)
  const tried = checked({ learned: { gone: [], failed: [digest(1), digest(2)], came: digest(9) } })
  const state = after([present(9), present(1), present(2), tried, ...[3, 4, 5, 6, 7].map(present)])
  expect(
    state.learned.map(({ digest, outcome }) => [Number.parseInt(digest.slice(-2), 16), outcome]),
  ).toEqual([
    [9, 'came'],
    [3, undefined],
    [4, undefined],
    [5, undefined],
    [6, undefined],
    [7, undefined],
  ])
})

it('believes nothing of a store in traffic that answers wrongly', () => {
  const wrong = checked({ result: failedHard('wrong bytes') })
  expect(after([checked({}), wrong]).forgotten).toBe(1)
  expect(after([wrong]).forgotten).toBe(0)
})

it('looks at its proof anew after a reload, also when a check was under way that may have seen the one before', () => {
  const proven = checked({ ownership: { status: 'proven', recheckAt: 300_000 } })
  const reloaded: Fact = { kind: 'reloaded' }
  const ownership = { status: 'proven', recheckAt: 0 }
  expect(after([proven, reloaded]).ownership).toEqual(ownership)
  const begunBefore = { ...proven, milliseconds: 15_000 }
  expect(after([proven, reloaded, begunBefore]).ownership).toEqual(ownership)
  expect(after([proven, reloaded, begunBefore, proven]).ownership).toEqual({
    ...ownership,
    recheckAt: 300_000,
  })
})
