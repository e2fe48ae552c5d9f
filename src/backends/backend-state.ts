import type { Digest } from '../oci/digest.ts'
import type { Expectation, Fact, HealthReport, Standing } from './facts.ts'
import type { ManifestService } from './health/check-manifest.ts'
import { type CheckResult, failed, failedHard } from './health/check-result.ts'
import { OBJECT_MAX_BYTES } from './health/check-store.ts'
import {
  type HealthPolicy,
  type HealthState,
  isInTraffic,
  nextHealth,
  pending,
} from './health/health-state.ts'
import { countAnswer, type Misses, NO_MISSES } from './health/misses.ts'
import { type OwnershipStatus, UNCHECKED } from './ownership/ownership-status.ts'
import type { ProbeFinding } from './presence/probe.ts'
import type { RetryOutlier } from './retries/store-watch.ts'

/** All that facts have made of a backend, as plain data. */
export interface BackendState {
  readonly health: HealthState
  /** The latest changes of its health, the oldest first. */
  readonly history: readonly HealthChange[]
  /** Of a store that has to prove whose it is. */
  readonly ownership: OwnershipStatus
  readonly misses: Misses
  /** Small blobs that a store said it has, those that came first: what it is tried by when nothing is promised. */
  readonly learned: readonly LearnedObject[]
  /** False as long as something that its inventory lists is known to be gone. */
  readonly believed: boolean
  /** Whether it serves manifests as clients need them; absent as long as none that is listed has been tried. */
  readonly manifests?: ManifestService
  /** How often it was decided that nothing it was taken to hold is to be believed. */
  readonly forgotten: number
  /** When it last did not deliver a blob to a client and to us, by the runtime's clock. */
  readonly undeliveredAt: number
  /** When a failed probe last counted, by the runtime's clock. */
  readonly reportedAt: number
  /** When the config was last put in force again, by the runtime's clock. */
  readonly reloadedAt: number
}

/** A change of a backend's health, for logs and for whoever asks what happened. */
export interface HealthChange {
  readonly from: HealthState['status']
  readonly to: HealthState['status']
  /** The failure that caused it, where it was one. */
  readonly why?: string
  /** By the runtime's clock, in milliseconds. */
  readonly at: number
}

export interface LearnedObject {
  readonly digest: Digest
  readonly size: number
  /** How it went when the store was last tried by it. */
  readonly outcome?: 'came' | 'failed'
}

/** What the next state depends on beside the fact. */
export interface FactContext {
  readonly policy: HealthPolicy
  /** Whether anything that the backend was found to have is remembered still. */
  readonly holdsAnything: boolean
  /** Whether there is an inventory to be believed or not. */
  readonly hasInventory: boolean
  readonly now: number
}

const HISTORY_MAX = 50
/** How long a failed check of our own joins what clients do, in milliseconds. */
const CHECK_COUNTS = 600_000
/** Failures seen by many clients at one moment are one event, in milliseconds. */
const REPORT_INTERVAL = 1000
/** How many different objects that do not come speak against the store, and not against themselves. */
export const OBJECTS_AGAINST = 3
/** One to try it by, and others to take its place. */
const LEARNED_MAX = 2 * OBJECTS_AGAINST
/** As small as can be found: what is found first is good enough when it fits in one packet or two. */
const SMALL_BYTES = 4096

export function initialState(now: number): BackendState {
  return {
    health: pending(now),
    history: [],
    ownership: UNCHECKED,
    misses: NO_MISSES,
    learned: [],
    believed: true,
    forgotten: 0,
    undeliveredAt: Number.NEGATIVE_INFINITY,
    reportedAt: Number.NEGATIVE_INFINITY,
    reloadedAt: Number.NEGATIVE_INFINITY,
  }
}

/** What a backend's state is after one more fact. Pure: the one place where what was learnt becomes a state. */
export function reduce(state: BackendState, fact: Fact, context: FactContext): BackendState {
  switch (fact.kind) {
    case 'checked':
      return checked(state, fact, context)
    case 'probed':
      return probed(state, fact, context)
    case 'undelivered': {
      // Two who could not get it: the client and we.
      const result = failed(UNDELIVERED)
      const next = { ...state, undeliveredAt: context.now }
      return withResult(withResult(next, result, context), result, context)
    }
    case 'outlier':
      return withOutlier(state, fact.outlier, context)
    case 'inventory':
      return fact.attempt.kind === 'loaded' ? { ...state, believed: true } : state
    case 'manifestChecked':
      return { ...state, manifests: fact.service }
    case 'resumed':
      return resumed(state, fact, context)
    case 'reloaded':
      return { ...state, ownership: { ...state.ownership, recheckAt: 0 }, reloadedAt: context.now }
    case 'told':
      return withStanding(state, fact.standing)
    case 'delivered':
    case 'retried':
      return state
  }
}

/** What another process of this service needs to know of the backend to decide as this one does. */
export function standingOf({ health, believed, manifests, forgotten }: BackendState): Standing {
  return { status: health.status, believed, manifests, forgotten }
}

/** Times are not told of: nobody who goes by what he is told asks for any. */
function withStanding(state: BackendState, { status, ...told }: Standing): BackendState {
  const { manifests: _, ...rest } = state
  const { believed, manifests, forgotten } = told
  return {
    ...rest,
    health: { ...state.health, status },
    believed,
    forgotten,
    ...(manifests !== undefined && { manifests }),
  }
}

export const UNDELIVERED = 'a store holds a blob that it does not deliver'

/** What was seen here and took a backend out of traffic is not undone by what others saw before. */
function resumed(
  state: BackendState,
  { health, ownership }: Fact & { kind: 'resumed' },
  { now }: FactContext,
): BackendState {
  if (state.health.status === 'ejected') return { ...state, ownership }
  const change = { from: state.health.status, to: health.status, at: now }
  const history = change.from === change.to ? state.history : [...state.history, change].slice(-HISTORY_MAX)
  return { ...state, health, ownership, history }
}

function checked(
  before: BackendState,
  { report, milliseconds }: Fact & { kind: 'checked' },
  context: FactContext,
): BackendState {
  const { result, ownership, hasPromised, learned } = report
  let state = before
  if (ownership !== undefined) {
    // A check that was under way when the config was reloaded may have seen what stood there before: the next asks again.
    const isOlder = context.now - milliseconds <= before.reloadedAt
    state = { ...state, ownership: isOlder ? { ...ownership, recheckAt: 0 } : ownership }
  }
  if (hasPromised !== undefined) {
    state = withAnswer(state, hasPromised, 'listed', context)
    if (context.hasInventory && state.believed !== hasPromised) {
      state = { ...state, believed: hasPromised }
      if (!hasPromised) state = forget(state)
    }
  }
  if (learned !== undefined) state = withOutcomes(state, learned)
  // What answers wrongly, as a page that says 200 to everything does, has also said that it has what it lacks.
  if (result.kind === 'failed' && result.hard && isInTraffic(before.health)) state = forget(state)
  return withResult(state, result, context)
}

function probed(
  before: BackendState,
  { request, finding, expectation }: Fact & { kind: 'probed' },
  context: FactContext,
): BackendState {
  const state = withProbeFailure(before, finding, context)
  const { presence, size } = finding
  if (presence === 'unknown') return state
  const answered = withAnswer(state, presence === 'present', expectation, context)
  if (presence !== 'present' || request.kind !== 'blob' || size === undefined) return answered
  return withLearned(answered, request.digest, size)
}

function withProbeFailure(
  state: BackendState,
  { failure }: ProbeFinding,
  context: FactContext,
): BackendState {
  if (failure === undefined) return state
  if (failure.kind === 'failed' && failure.hard) return withResult(state, failure, context)
  if (context.now - state.reportedAt < REPORT_INTERVAL) return state
  return withResult({ ...state, reportedAt: context.now }, failure, context)
}

function withResult(state: BackendState, result: CheckResult, { policy, now }: FactContext): BackendState {
  // Or else a door that has run out of something would take out all its backends.
  if (result.kind === 'failed' && result.ofUs) return state
  const health = nextHealth(state.health, result, policy, now)
  if (health === state.health) return state
  if (health.status === state.health.status) return { ...state, health }
  const change: HealthChange = {
    from: state.health.status,
    to: health.status,
    ...(result.kind === 'failed' && { why: result.why }),
    at: now,
  }
  return { ...state, health, history: [...state.history, change].slice(-HISTORY_MAX) }
}

/**
 * Clients alone take no store out: those of several networks must come back to it, or a check of our own must have failed
 * with it lately.
 */
function withOutlier(state: BackendState, outlier: RetryOutlier, context: FactContext): BackendState {
  const { clients, cameBack, networks, needsCheck } = outlier
  if (needsCheck && context.now - state.undeliveredAt >= CHECK_COUNTS) return state
  const why = `clients came back: ${cameBack} of ${clients}, from ${networks} networks`
  return withResult(state, failedHard(why), context)
}

/** Of what its inventory does not list, nobody said that it should be there. */
function withAnswer(
  state: BackendState,
  present: boolean,
  expectation: Expectation,
  { holdsAnything, now }: FactContext,
): BackendState {
  if (!present && expectation === 'unlisted') return state
  const misses = countAnswer(state.misses, { present, certain: expectation === 'listed' }, holdsAnything, now)
  return misses === state.misses ? state : { ...state, misses }
}

/** Takes in a blob that the store said it has, where it is a better one to try it by than one that is known. */
function withLearned(state: BackendState, digest: Digest, size: number): BackendState {
  if (size > OBJECT_MAX_BYTES || size < 2) return state
  const { learned } = state
  const last = learned.at(-1)
  if (last !== undefined && learned.length >= LEARNED_MAX) {
    const isNone = last.outcome !== 'failed' && (last.size <= SMALL_BYTES || last.size <= size)
    // Who came is not pushed out by what any client may ask for.
    if (last.outcome === 'came' || isNone) return state
  }
  if (learned.some((object) => object.digest === digest)) return state
  // A copy: a digest is a slice that would keep its whole request target in memory.
  const object: LearnedObject = { digest: ` ${digest}`.slice(1) as Digest, size }
  const kept = learned.length >= LEARNED_MAX ? learned.slice(0, -1) : learned
  return { ...state, learned: [...kept, object].sort(byOutcome) }
}

/** Keeps how it went with each object; those that are gone go. */
function withOutcomes(
  state: BackendState,
  { gone, failed: failures, came }: NonNullable<HealthReport['learned']>,
): BackendState {
  const outcomeOf = ({ digest, outcome }: LearnedObject) =>
    digest === came ? 'came' : failures.includes(digest) ? 'failed' : outcome
  const learned = state.learned
    .filter(({ digest }) => !gone.includes(digest))
    .map((object): LearnedObject => {
      const outcome = outcomeOf(object)
      return outcome === undefined ? object : { ...object, outcome }
    })
    .sort(byOutcome)
  // Nobody promised that what was there once stays there; but where one thing is gone, others may be.
  return gone.length > 0 ? forget({ ...state, learned }) : { ...state, learned }
}

const ORDER = { came: 0, untried: 1, failed: 2 } as const

function byOutcome(one: LearnedObject, other: LearnedObject): number {
  return ORDER[one.outcome ?? 'untried'] - ORDER[other.outcome ?? 'untried'] || one.size - other.size
}

function forget(state: BackendState): BackendState {
  return { ...state, forgotten: state.forgotten + 1 }
}
