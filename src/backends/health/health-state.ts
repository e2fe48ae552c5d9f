import type { CheckResult } from './check-result.ts'

/**
 * Whether a backend is in traffic. `pending`: nobody has tried it yet; `healthy`; `degraded`: in traffic too, on the
 * strength of an answer that proves little; `ejected`: out of traffic.
 */
export type HealthStatus = 'pending' | 'healthy' | 'degraded' | 'ejected'

/** The health of one backend, as plain data. */
export interface HealthState {
  readonly status: HealthStatus
  /** When `status` was entered, in milliseconds of the clock that results are dated by. */
  readonly since: number
  /** Passes in a row while ejected. */
  readonly passes: number
  /** Failures in a row while in traffic. */
  readonly failures: number
  /** How often it was ejected without a long calm in between; each time doubles how long it stays out at least. */
  readonly ejections: number
  /** Not before this moment does it come back. */
  readonly notBefore: number
  /** What went wrong last; stays after recovery, for whoever asks. */
  readonly lastFailure?: string
}

/** When a backend is ejected, and when it comes back. */
export interface HealthPolicy {
  /** How many failures in a row eject a backend. */
  readonly failures: number
  /** How many passes in a row bring it back. */
  readonly successes: number
  /** How long a backend stays ejected at least, the first time, in milliseconds. */
  readonly ejectionTime: number
}

/** However often it is ejected, a backend is tried again after this long, in milliseconds. */
export const MAX_EJECTION_TIME = 600_000
/** This many ejection times of calm, and earlier ejections are forgotten. */
const CALM = 10

/** A backend that nobody has tried yet: not in traffic. */
export function pending(now: number): HealthState {
  return { status: 'pending', since: now, passes: 0, failures: 0, ejections: 0, notBefore: 0 }
}

export function isInTraffic({ status }: Pick<HealthState, 'status'>): boolean {
  return status === 'healthy' || status === 'degraded'
}

/**
 * What a backend's health is after one more result. Pure.
 *
 * In goes a backend on its first pass, out it goes after `failures` in a row or on a hard one; back it comes after
 * `successes` passes in a row, but not before a time that doubles with each ejection (as Envoy's outlier detection has
 * it), so that a backend that comes and goes is not followed up and down.
 */
export function nextHealth(
  state: HealthState,
  result: CheckResult,
  policy: HealthPolicy,
  now: number,
): HealthState {
  if (result.kind === 'passed') return pass(state, result.proof, policy, now)
  const lastFailure = result.why
  switch (state.status) {
    case 'pending':
      // Never in traffic, so it comes in as soon as it passes.
      return { ...state, lastFailure }
    case 'ejected':
      return { ...state, passes: 0, lastFailure }
    case 'healthy':
    case 'degraded': {
      const failures = state.failures + 1
      if (!result.hard && failures < policy.failures) return { ...state, failures, lastFailure }
      const calm = now - state.since >= CALM * ejectionTime(state.ejections, policy)
      const ejections = calm ? 1 : state.ejections + 1
      const notBefore = now + ejectionTime(ejections - 1, policy)
      return { status: 'ejected', since: now, passes: 0, failures: 0, ejections, notBefore, lastFailure }
    }
  }
}

function pass(
  state: HealthState,
  proof: 'full' | 'provisional',
  policy: HealthPolicy,
  now: number,
): HealthState {
  const status = proof === 'full' ? 'healthy' : 'degraded'
  switch (state.status) {
    case 'pending':
      return { ...state, status, since: now }
    case 'ejected': {
      const passes = state.passes + 1
      if (passes < policy.successes || now < state.notBefore) return { ...state, passes }
      return { ...state, status, since: now, passes: 0, failures: 0 }
    }
    case 'degraded':
      return { ...state, failures: 0, status }
    case 'healthy':
      return state.failures === 0 ? state : { ...state, failures: 0 }
  }
}

/** How long the n-th ejection in a row lasts, counted from 0. */
function ejectionTime(ejections: number, { ejectionTime: first }: HealthPolicy): number {
  return Math.min(first * 2 ** Math.max(0, ejections), MAX_EJECTION_TIME)
}
