import { GenerationalCache } from '../../internal/generational-cache.ts'
import type { Address } from '../../net/address.ts'
import type { Presence } from '../../routing/decide.ts'
import type { Clock } from '../../runtime.ts'
import { type EndProbe, ProbeBudget } from './probe-budget.ts'

/** Asks once; must not reject, must end by itself, and says `unknown` when no usable answer came. */
export type Probe = () => Promise<Presence>

/** How long and how much is remembered of one backend. */
export interface PresenceSettings {
  /** How long `present` is believed, in milliseconds. */
  readonly ttl: number
  /** How long `absent` and `unknown` are believed, in milliseconds. */
  readonly negativeTtl: number
  /** How long a caller waits for a probe, in milliseconds. */
  readonly timeout: number
  /** How many contents are remembered as present. */
  readonly maxEntries: number
}

/** What is remembered of what one backend holds; a key stands for one content in it, such as a digest. */
export interface PresenceCache {
  /** What is known now, without asking; `undefined` when nothing fresh is. */
  known(key: string): Presence | undefined
  /**
   * What is known, or else what the probe finds, or `unknown` when that takes longer than the time budget, or
   * when the client that it is for has used up what it may ask.
   */
  has(key: string, probe: Probe, client?: Address): Presence | Promise<Presence>
  /** Takes in what somebody else has found out; what is barred stays so. */
  learn(key: string, verdict: Presence): void
  /** Takes a content for unusable for `milliseconds`, whatever a probe says in the meantime. */
  bar(key: string, milliseconds: number): void
  isBarred(key: string): boolean
  /** Goes by other settings from now on; forgets all where they are about more than how much is remembered. */
  configure(settings: PresenceSettings): void
  /** Believes nothing any more that it took for present: something that was there is gone. */
  clear(): void
  statistics(): PresenceStatistics
}

export interface PresenceStatistics {
  /** Contents that are remembered as present. */
  readonly present: number
  /** Contents that are remembered as absent or unknown. */
  readonly negative: number
  /** Probes that run now. */
  readonly running: number
}

/**
 * How many contents are remembered as not usable. They have their own bound, so that a flood of requests for digests
 * that exist nowhere (which cost a client nothing to invent) never pushes out what is known to be present.
 */
const MAX_NEGATIVES = 65_536

interface Remembered {
  readonly verdict: Presence
  readonly until: number
  readonly barred?: true
}

/**
 * Remembers what a backend holds: at most one probe per content at a time, whoever asks; no wait beyond the budget; a
 * late answer is kept for the next client.
 */
export function createPresenceCache(initial: PresenceSettings, clock: Clock): PresenceCache {
  let settings = initial
  const { maxEntries } = initial
  const positives = new GenerationalCache<string, Remembered>(maxEntries)
  const negatives = new GenerationalCache<string, Remembered>(Math.min(maxEntries, MAX_NEGATIVES))
  const running = new Map<string, Promise<Presence>>()
  /** When the last bar ends: most of the time there is none, and then nobody pays for looking. */
  let barredUntil = Number.NEGATIVE_INFINITY
  const budget = new ProbeBudget(clock)

  function known(key: string): Presence | undefined {
    const present = positives.get(key)
    if (present !== undefined && present.until > clock.now()) return 'present'
    const negative = negatives.get(key)
    return negative !== undefined && negative.until > clock.now() ? negative.verdict : undefined
  }

  function remember(key: string, verdict: Presence): void {
    if (isBarred(key)) return
    if (verdict === 'present') {
      negatives.delete(key)
      positives.set(key, { verdict, until: clock.now() + settings.ttl })
    } else {
      positives.delete(key)
      negatives.set(key, { verdict, until: clock.now() + settings.negativeTtl })
    }
  }

  function isBarred(key: string): boolean {
    if (barredUntil <= clock.now()) return false
    const negative = negatives.get(key)
    return negative?.barred === true && negative.until > clock.now()
  }

  function ask(key: string, probe: Probe, end: EndProbe): Promise<Presence> {
    return new Promise((resolve) => {
      // Late: nobody waits for this probe again while its silence is fresh.
      const callOff = clock.after(settings.timeout, () => {
        remember(key, 'unknown')
        resolve('unknown')
      })
      probe().then((verdict) => {
        callOff()
        running.delete(key)
        end(verdict)
        remember(key, verdict)
        resolve(verdict)
      })
    })
  }

  return {
    known,
    has(key, probe, client) {
      const verdict = known(key)
      if (verdict !== undefined) return verdict
      const joined = running.get(key)
      if (joined !== undefined) return joined
      const end = budget.begin(client)
      if (end === undefined) return 'unknown'
      // A copy: a digest is a slice that would keep its whole request target in memory.
      const copy = ` ${key}`.slice(1)
      const answer = ask(copy, probe, end)
      running.set(copy, answer)
      return answer
    },
    learn: (key, verdict) => remember(` ${key}`.slice(1), verdict),
    bar(key, milliseconds) {
      const until = clock.now() + milliseconds
      barredUntil = Math.max(barredUntil, until)
      positives.delete(key)
      negatives.set(` ${key}`.slice(1), { verdict: 'unknown', until, barred: true })
    },
    isBarred,
    configure(next) {
      const { ttl, negativeTtl, timeout } = settings
      if (next.ttl !== ttl || next.negativeTtl !== negativeTtl || next.timeout !== timeout) {
        positives.clear()
        negatives.clear()
      }
      settings = next
      positives.resize(next.maxEntries)
      negatives.resize(Math.min(next.maxEntries, MAX_NEGATIVES))
    },
    clear() {
      positives.clear()
    },
    statistics: () => ({ present: positives.size, negative: negatives.size, running: running.size }),
  }
}
