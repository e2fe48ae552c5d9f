import { findingsOf } from '../findings.ts'
import type { RegistryMap } from '../map.ts'
import { NOWHERE } from './placeless.ts'
import { type PullEvent, readPullEvent } from './pull-event.ts'

/** An image that pods cannot pull, by what the events of a cluster say, which keeps them for an hour. */
export interface PullFailure {
  /** Absent where all that is left says none. */
  readonly image?: string
  /** What it becomes, where its name is an old one. */
  readonly replacement?: string
  /** `ErrImagePull`, `ImagePullBackOff`, `FailedCreatePodSandBox` and the like. */
  readonly reason: string
  /** What the runtime said, short and on one line; absent where only the kubelet's own word is left. */
  readonly message?: string
  /** How often it was said, of all pods together. */
  readonly count: number
  /** How many pods it was said of. */
  readonly pods: number
  readonly namespaces: readonly string[]
  /** Some of the pods, as `shop/web-1`. */
  readonly examples: readonly string[]
  /** RFC 3339; absent where no event says it. */
  readonly lastSeen?: string
}

/** Containers whose events are kept in mind, and different causes of one. */
const CONTAINERS_MAX = 20_000
const CAUSES_MAX = 8
const FAILURES_MAX = 1000
const EXAMPLES_MAX = 5
const NAMESPACES_MAX = 100

type Cause = Pick<PullEvent, 'pod' | 'namespace' | 'reason' | 'image' | 'message' | 'count' | 'lastSeen'>

/**
 * Gathers what events say of pulls. Of each container the runtime's words are kept; the kubelet's back-off, which
 * follows them, counts only where they are gone. Says what happened, and not why.
 */
export class PullFailures {
  readonly #containers = new Map<string, Map<string, Cause>>()
  #dropped = 0

  /** How many events were left out because there are far too many. */
  get dropped(): number {
    return this.#dropped
  }

  add(items: readonly unknown[]): void {
    for (const item of items) {
      const event = readPullEvent(item)
      if (event !== undefined) this.#take(`${event.pod} ${event.field}`, event)
    }
  }

  merge(part: PullFailures): void {
    this.#dropped += part.#dropped
    for (const [container, causes] of part.#containers)
      for (const cause of causes.values()) this.#take(container, cause)
  }

  /** Those that most pods suffer from first; `map` says which names are old. */
  list(map: RegistryMap): { readonly failures: readonly PullFailure[]; readonly leftOut: number } {
    const groups = Map.groupBy(
      [...this.#containers.values()].flatMap((causes) => significant([...causes.values()])),
      ({ image = '', reason, message = '' }) => JSON.stringify([image, reason, message]),
    )
    const failures = [...groups]
      .map(([key, causes]) => ({ key, failure: failureOf(causes, map) }))
      .sort((one, other) => other.failure.pods - one.failure.pods || (one.key < other.key ? -1 : 1))
      .map(({ failure }) => failure)
    return {
      failures: failures.slice(0, FAILURES_MAX),
      leftOut: Math.max(0, failures.length - FAILURES_MAX),
    }
  }

  #take(container: string, cause: Cause): void {
    const causes = this.#containers.get(container) ?? new Map<string, Cause>()
    const { pod, namespace, reason, image, message, count, lastSeen } = cause
    const key = JSON.stringify([reason, image, message])
    const same = causes.get(key)
    if (same === undefined && (causes.size >= CAUSES_MAX || this.#isFull(container))) {
      this.#dropped++
      return
    }
    this.#containers.set(container, causes)
    causes.set(key, {
      ...{ pod, namespace, reason },
      ...(image !== undefined && { image }),
      ...(message !== undefined && { message }),
      count: count + (same?.count ?? 0),
      lastSeen: latest([lastSeen, same?.lastSeen ?? '']),
    })
  }

  #isFull(container: string): boolean {
    return this.#containers.size >= CONTAINERS_MAX && !this.#containers.has(container)
  }
}

/** The runtime's own words; without those what names the image; without that the kubelet's word alone. */
function significant(causes: readonly Cause[]): readonly Cause[] {
  const told = causes.filter(({ reason, message }) => reason !== 'ImagePullBackOff' && message !== undefined)
  if (told.length > 0) return told
  const worded = causes.filter(({ message }) => message !== undefined)
  if (worded.length > 0) return worded
  const named = causes.filter(({ image }) => image !== undefined)
  const last = latest(causes.map(({ lastSeen }) => lastSeen))
  return named.length > 0 ? named : [causes.find(({ lastSeen }) => lastSeen === last) ?? causes[0]!]
}

function failureOf(causes: readonly Cause[], map: RegistryMap): PullFailure {
  const { image, reason, message } = causes[0]!
  const pods = [...new Set(causes.map(({ pod }) => pod))].sort()
  const namespaces = [...new Set(causes.map(({ namespace }) => namespace))].sort()
  const replacement = image === undefined ? undefined : newNameOf(image, map)
  const lastSeen = latest(causes.map((cause) => cause.lastSeen))
  return {
    ...(image !== undefined && { image }),
    ...(replacement !== undefined && { replacement }),
    reason,
    ...(message !== undefined && { message }),
    count: causes.reduce((sum, { count }) => sum + count, 0),
    pods: pods.length,
    namespaces: namespaces.slice(0, NAMESPACES_MAX),
    examples: pods.slice(0, EXAMPLES_MAX),
    ...(lastSeen !== '' && { lastSeen }),
  }
}

function newNameOf(image: string, map: RegistryMap): string | undefined {
  const whole = { span: { start: 0, end: 0 }, value: image }
  const found = { format: 'kubernetes', owner: 'event', confidence: 'certain', parts: { whole } } as const
  return findingsOf(NOWHERE, [found], map)[0]?.replacement
}

/** Times of RFC 3339 may have fractions of a second or none, so that their texts have no order. */
function latest(times: readonly string[]): string {
  return times.reduce((last, time) => (Date.parse(time) > (Date.parse(last) || 0) ? time : last), '')
}
