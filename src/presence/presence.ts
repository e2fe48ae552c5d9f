import type { Clock } from '../internal/clock.ts'
import { GenerationalCache } from '../internal/generational-cache.ts'
import type { Digest } from '../oci/digest.ts'
import type { Verdict } from '../routing/decide.ts'

/** Asks a store once; must not reject, must end by itself, and says `unknown` when the store gave no usable answer. */
export type Probe = (digest: Digest) => Promise<Verdict>

export interface PresenceOptions {
  /** How long `present` is believed, in milliseconds. */
  readonly ttl: number
  /** How long `absent` and `unknown` are believed, in milliseconds. */
  readonly negativeTtl: number
  /** How long a caller waits for a probe, in milliseconds. */
  readonly timeout: number
  /** How many digests are remembered as present. */
  readonly maxEntries: number
  readonly clock: Clock
}

/** What one store is known to hold. */
export interface StorePresence {
  /** What is known now, without asking; `undefined` when nothing fresh is. */
  known(digest: Digest): Verdict | undefined
  /** What is known, or else the store's answer, or `unknown` when that takes longer than the time budget. */
  has(digest: Digest): Verdict | Promise<Verdict>
}

/**
 * How many digests are remembered as not usable. They have their own bound, so that a flood of requests for digests
 * that exist nowhere (which cost a client nothing to invent) never pushes out what is known to be present.
 */
const MAX_NEGATIVES = 65_536

/** How many probes of one store may run at once; beyond it the answer is `unknown` straight away, and not remembered. */
const MAX_PROBES = 256

interface Remembered {
  readonly verdict: Verdict
  readonly until: number
}

/**
 * Remembers what a store holds: at most one probe per digest at a time, whoever asks; no wait beyond the budget; a
 * late answer is kept for the next client.
 */
export function createStorePresence(probe: Probe, options: PresenceOptions): StorePresence {
  const { ttl, negativeTtl, timeout, maxEntries, clock } = options
  const positives = new GenerationalCache<Digest, Remembered>(maxEntries)
  const negatives = new GenerationalCache<Digest, Remembered>(Math.min(maxEntries, MAX_NEGATIVES))
  const running = new Map<Digest, Promise<Verdict>>()

  function known(digest: Digest): Verdict | undefined {
    const present = positives.get(digest)
    if (present !== undefined && present.until > clock.now()) return 'present'
    const negative = negatives.get(digest)
    return negative !== undefined && negative.until > clock.now() ? negative.verdict : undefined
  }

  function remember(digest: Digest, verdict: Verdict): void {
    if (verdict === 'present') {
      negatives.delete(digest)
      positives.set(digest, { verdict, until: clock.now() + ttl })
    } else {
      positives.delete(digest)
      negatives.set(digest, { verdict, until: clock.now() + negativeTtl })
    }
  }

  function ask(digest: Digest): Promise<Verdict> {
    return new Promise((resolve) => {
      // Late: nobody waits for this probe again while its silence is fresh.
      const callOff = clock.after(timeout, () => {
        remember(digest, 'unknown')
        resolve('unknown')
      })
      probe(digest).then((verdict) => {
        callOff()
        running.delete(digest)
        remember(digest, verdict)
        resolve(verdict)
      })
    })
  }

  return {
    known,
    has(digest) {
      const verdict = known(digest)
      if (verdict !== undefined) return verdict
      const joined = running.get(digest)
      if (joined !== undefined) return joined
      if (running.size >= MAX_PROBES) return 'unknown'
      // A copy: the client's digest is a slice that would keep its whole request target in memory.
      const key = ` ${digest}`.slice(1) as Digest
      const answer = ask(key)
      running.set(key, answer)
      return answer
    },
  }
}
