/** Whether a backend is in traffic: `provisional` is in too, on the strength of an answer that proves little. */
export type HealthStatus = 'untried' | 'admitted' | 'provisional' | 'out'

/** What a probe or a failed transfer told of a backend. */
export type Evidence =
  | { readonly kind: 'passed'; readonly proof: 'full' | 'provisional' }
  /** `hard`: it can never be a passing weakness, such as wrong bytes or a certificate that does not hold. */
  | { readonly kind: 'failed'; readonly hard: boolean; readonly why: string }

/** The health of one backend, as plain data. */
export interface HealthState {
  readonly status: HealthStatus
  /** When `status` was entered, in milliseconds of the clock that evidence is dated by. */
  readonly since: number
  /** Passes in a row while out. */
  readonly passes: number
  /** Failures in a row while in. */
  readonly failures: number
  /** How often it went out without a long calm in between; each time doubles how long it stays out at least. */
  readonly relapses: number
  /** Not before this moment does it come back. */
  readonly notBefore: number
  /** What went wrong last; stays after recovery, for whoever asks. */
  readonly lastFailure?: string
}

export interface HealthPolicy {
  /** How many failures in a row take a backend out. */
  readonly failures: number
  /** How many passes in a row bring it back. */
  readonly successes: number
  /** How long a backend stays out at least, the first time, in milliseconds. */
  readonly pause: number
}

/** However often it relapses, a backend is tried again after this long, in milliseconds. */
export const MAX_PAUSE = 600_000
/** This many pauses of calm, and relapses are forgotten. */
const CALM = 10

/** A backend that nobody has tried yet: not in traffic. */
export function untried(now: number): HealthState {
  return { status: 'untried', since: now, passes: 0, failures: 0, relapses: 0, notBefore: 0 }
}

export function isInTraffic({ status }: HealthState): boolean {
  return status === 'admitted' || status === 'provisional'
}

/**
 * What a backend's health is after one more piece of evidence. Pure.
 *
 * In goes a backend on its first pass, out it goes after `failures` in a row or on a hard one; back it comes after
 * `successes` passes in a row, but not before a pause that doubles with each relapse, so that a backend that comes and
 * goes is not followed up and down.
 */
export function weigh(
  state: HealthState,
  evidence: Evidence,
  policy: HealthPolicy,
  now: number,
): HealthState {
  if (evidence.kind === 'passed') return pass(state, evidence.proof, policy, now)
  const lastFailure = evidence.why
  switch (state.status) {
    case 'untried':
      // Never in traffic, so there is nothing to relapse from: it comes in as soon as it passes.
      return { ...state, lastFailure }
    case 'out':
      return { ...state, passes: 0, lastFailure }
    case 'admitted':
    case 'provisional': {
      const failures = state.failures + 1
      if (!evidence.hard && failures < policy.failures) return { ...state, failures, lastFailure }
      const calm = now - state.since >= CALM * pauseAfter(state.relapses, policy)
      const relapses = calm ? 1 : state.relapses + 1
      const notBefore = now + pauseAfter(relapses - 1, policy)
      return { status: 'out', since: now, passes: 0, failures: 0, relapses, notBefore, lastFailure }
    }
  }
}

function pass(
  state: HealthState,
  proof: 'full' | 'provisional',
  policy: HealthPolicy,
  now: number,
): HealthState {
  const admitted = proof === 'full' ? 'admitted' : 'provisional'
  switch (state.status) {
    case 'untried':
      return { ...state, status: admitted, since: now }
    case 'out': {
      const passes = state.passes + 1
      if (passes < policy.successes || now < state.notBefore) return { ...state, passes }
      return { ...state, status: admitted, since: now, passes: 0, failures: 0 }
    }
    case 'provisional':
      return { ...state, failures: 0, status: admitted }
    case 'admitted':
      return state.failures === 0 ? state : { ...state, failures: 0 }
  }
}

/** How long the n-th relapse in a row keeps a backend out, counted from 0. */
function pauseAfter(relapses: number, { pause }: HealthPolicy): number {
  return Math.min(pause * 2 ** Math.max(0, relapses), MAX_PAUSE)
}
