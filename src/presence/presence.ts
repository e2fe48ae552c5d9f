import { GenerationalCache } from '../internal/generational-cache.ts'
import type { Verdict } from '../routing/decide.ts'
import type { Clock } from '../runtime.ts'

/** Asks once; must not reject, must end by itself, and says `unknown` when no usable answer came. */
export type Probe = () => Promise<Verdict>

export interface PresenceOptions {
  /** How long `present` is believed, in milliseconds. */
  readonly ttl: number
  /** How long `absent` and `unknown` are believed, in milliseconds. */
  readonly negativeTtl: number
  /** How long a caller waits for a probe, in milliseconds. */
  readonly timeout: number
  /** How many contents are remembered as present. */
  readonly maxEntries: number
  readonly clock: Clock
}

/** What one backend is known to hold; a key stands for one content in it, such as a digest. */
export interface BackendPresence {
  /** What is known now, without asking; `undefined` when nothing fresh is. */
  known(key: string): Verdict | undefined
  /** What is known, or else what the probe finds, or `unknown` when that takes longer than the time budget. */
  has(key: string, probe: Probe): Verdict | Promise<Verdict>
  /** Takes a content for unusable for `milliseconds`, whatever a probe says in the meantime. */
  distrust(key: string, milliseconds: number): void
  isDistrusted(key: string): boolean
  /** Changes how many contents are remembered as present. */
  resize(maxEntries: number): void
  /** Believes nothing any more that it took for present: something that was there is gone. */
  doubtAll(): void
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

/** How many probes of one backend may run at once; beyond it the answer is `unknown` straight away, and not remembered. */
const MAX_PROBES = 256

/**
 * How many probes may find nothing in a tenth of a second; after that no other is sent to this backend until it is over. A
 * probe costs ten times what a redirect costs: without this bound, a flood of invented digests would slow down
 * everybody (`npm run bench -- hostile`). What is known to be present needs no probe, and goes on as before.
 */
const MAX_FRUITLESS = 20
const FRUITLESS_WINDOW = 100

interface Remembered {
  readonly verdict: Verdict
  readonly until: number
  readonly distrusted?: true
}

/**
 * Remembers what a backend holds: at most one probe per content at a time, whoever asks; no wait beyond the budget; a
 * late answer is kept for the next client.
 */
export function createBackendPresence(options: PresenceOptions): BackendPresence {
  const { ttl, negativeTtl, timeout, maxEntries, clock } = options
  const positives = new GenerationalCache<string, Remembered>(maxEntries)
  const negatives = new GenerationalCache<string, Remembered>(Math.min(maxEntries, MAX_NEGATIVES))
  const running = new Map<string, Promise<Verdict>>()
  /** When the last distrust ends: most of the time there is none, and then nobody pays for looking. */
  let distrustEnds = Number.NEGATIVE_INFINITY
  let window = 0
  let fruitless = 0

  function mayProbe(): boolean {
    if (running.size >= MAX_PROBES) return false
    const now = Math.floor(clock.now() / FRUITLESS_WINDOW)
    if (now !== window) {
      window = now
      fruitless = 0
    }
    return fruitless < MAX_FRUITLESS
  }

  function known(key: string): Verdict | undefined {
    const present = positives.get(key)
    if (present !== undefined && present.until > clock.now()) return 'present'
    const negative = negatives.get(key)
    return negative !== undefined && negative.until > clock.now() ? negative.verdict : undefined
  }

  function remember(key: string, verdict: Verdict): void {
    if (isDistrusted(key)) return
    if (verdict === 'present') {
      negatives.delete(key)
      positives.set(key, { verdict, until: clock.now() + ttl })
    } else {
      positives.delete(key)
      negatives.set(key, { verdict, until: clock.now() + negativeTtl })
    }
  }

  function isDistrusted(key: string): boolean {
    if (distrustEnds <= clock.now()) return false
    const negative = negatives.get(key)
    return negative?.distrusted === true && negative.until > clock.now()
  }

  function ask(key: string, probe: Probe): Promise<Verdict> {
    return new Promise((resolve) => {
      // Late: nobody waits for this probe again while its silence is fresh.
      const callOff = clock.after(timeout, () => {
        remember(key, 'unknown')
        resolve('unknown')
      })
      probe().then((verdict) => {
        callOff()
        running.delete(key)
        if (verdict !== 'present') fruitless++
        remember(key, verdict)
        resolve(verdict)
      })
    })
  }

  return {
    known,
    has(key, probe) {
      const verdict = known(key)
      if (verdict !== undefined) return verdict
      const joined = running.get(key)
      if (joined !== undefined) return joined
      if (!mayProbe()) return 'unknown'
      // A copy: a digest is a slice that would keep its whole request target in memory.
      const copy = ` ${key}`.slice(1)
      const answer = ask(copy, probe)
      running.set(copy, answer)
      return answer
    },
    distrust(key, milliseconds) {
      const until = clock.now() + milliseconds
      distrustEnds = Math.max(distrustEnds, until)
      positives.delete(key)
      negatives.set(` ${key}`.slice(1), { verdict: 'unknown', until, distrusted: true })
    },
    isDistrusted,
    resize(maxEntries) {
      positives.resize(maxEntries)
      negatives.resize(Math.min(maxEntries, MAX_NEGATIVES))
    },
    doubtAll() {
      positives.clear()
    },
    statistics: () => ({ present: positives.size, negative: negatives.size, running: running.size }),
  }
}
