import type { Clock } from '../runtime.ts'
import { failed } from './evidence.ts'
import { type Evidence, type HealthPolicy, type HealthState, isInTraffic, untried, weigh } from './state.ts'

/** A change of a backend's standing, for logs and for whoever asks what happened. */
export interface HealthChange {
  readonly backend: string
  readonly from: HealthState['status']
  readonly to: HealthState['status']
  /** The failure that caused it, where it was one. */
  readonly why?: string
  /** By the monitor's clock, in milliseconds. */
  readonly at: number
}

export interface MonitorPolicy extends HealthPolicy {
  /** Between two probes of a backend, in milliseconds; each wait differs by up to a fifth. */
  readonly interval: number
}

/** A backend to watch: `probe` never rejects and ends by itself. */
export interface Watched {
  readonly id: string
  /** Another fingerprint under the same id is another backend. */
  readonly fingerprint: string
  readonly probe: () => Promise<Evidence>
}

export interface MonitorOptions {
  /** Asked at every step, since a reload may change it. */
  readonly policy: () => MonitorPolicy
  readonly clock: Clock
  /** From 0 up to 1. */
  readonly random: () => number
  readonly onChange: (change: HealthChange) => void
  /** Told of every probe: how long it took in milliseconds, and whether it passed. */
  readonly onProbe?: (backend: string, milliseconds: number, evidence: Evidence) => void
}

/** Watches backends and knows the health of each. */
export interface Monitor {
  state(id: string): HealthState
  isUsable(id: string): boolean
  /** Takes in what was seen outside of probes; failures within one second count as one. */
  report(id: string, evidence: Evidence): void
  /**
   * Takes in that a client and then we ourselves could not get what a backend should have, and tries it at once; settles
   * when that is done.
   */
  accuse(id: string, why: string): Promise<void>
  /** The latest changes of a backend, the oldest first. */
  history(id: string): readonly HealthChange[]
  /** Settles when every backend has been tried once. */
  readonly tried: Promise<void>
  /** Watches these from now on; those that it knows keep their health, the others are forgotten. */
  watch(backends: readonly Watched[]): void
  stop(): void
}

/** How many backends are probed at once. */
const MAX_CONCURRENT = 16
const HISTORY_MAX = 50
/** Failures seen by many clients at one moment are one event. */
const REPORT_INTERVAL = 1000
const JITTER = 0.2

interface Entry {
  state: HealthState
  readonly watched: Watched
  readonly history: HealthChange[]
  lastReport: number
  tried: boolean
  callOff: () => void
  /** The probe that runs now. */
  probing: Promise<void> | undefined
}

export function createMonitor(options: MonitorOptions): Monitor {
  const { clock, random, policy, onChange, onProbe } = options
  const entries = new Map<string, Entry>()
  const waiting: (() => void)[] = []
  let running = 0
  let stopped = false
  let announceTried: () => void = () => {}
  const tried = new Promise<void>((resolve) => {
    announceTried = resolve
  })

  function take(id: string, entry: Entry, evidence: Evidence): void {
    const before = entry.state
    const after = weigh(before, evidence, policy(), clock.now())
    entry.state = after
    if (after.status === before.status) return
    const change: HealthChange = {
      backend: id,
      from: before.status,
      to: after.status,
      ...(evidence.kind === 'failed' && { why: evidence.why }),
      at: clock.now(),
    }
    entry.history.push(change)
    if (entry.history.length > HISTORY_MAX) entry.history.shift()
    onChange(change)
  }

  function probe(id: string, entry: Entry): Promise<void> {
    entry.probing ??= probeInTurn(id, entry).finally(() => {
      entry.probing = undefined
    })
    return entry.probing
  }

  async function probeInTurn(id: string, entry: Entry): Promise<void> {
    if (running >= MAX_CONCURRENT) await new Promise<void>((resolve) => waiting.push(resolve))
    if (stopped || entries.get(id) !== entry) return next()
    running++
    const startedAt = clock.now()
    const evidence = await entry.watched.probe()
    running--
    next()
    if (stopped || entries.get(id) !== entry) return
    onProbe?.(id, clock.now() - startedAt, evidence)
    take(id, entry, evidence)
    entry.tried = true
    if ([...entries.values()].every((other) => other.tried)) announceTried()
    schedule(id, entry, policy().interval * (1 - JITTER + 2 * JITTER * random()))
  }

  function next(): void {
    waiting.shift()?.()
  }

  function schedule(id: string, entry: Entry, milliseconds: number): void {
    entry.callOff = clock.after(milliseconds, () => void probe(id, entry))
  }

  function watch(wanted: readonly Watched[]): void {
    const kept = new Map(wanted.map((watched) => [watched.id, watched.fingerprint]))
    for (const [id, entry] of entries) {
      if (kept.get(id) === entry.watched.fingerprint) continue
      entry.callOff()
      entries.delete(id)
    }
    for (const watched of wanted) {
      const { id } = watched
      if (entries.has(id)) continue
      const entry: Entry = {
        state: untried(clock.now()),
        watched,
        history: [],
        lastReport: Number.NEGATIVE_INFINITY,
        tried: false,
        callOff: () => {},
        probing: undefined,
      }
      entries.set(id, entry)
      // At once: nothing is sent to a backend that was not tried.
      void probe(id, entry)
    }
    if (entries.size === 0) announceTried()
  }

  return {
    state: (id) => entries.get(id)?.state ?? untried(0),
    isUsable(id) {
      const entry = entries.get(id)
      return entry !== undefined && isInTraffic(entry.state)
    },
    report(id, evidence) {
      const entry = entries.get(id)
      if (entry === undefined) return
      if (evidence.kind === 'failed' && !evidence.hard) {
        if (clock.now() - entry.lastReport < REPORT_INTERVAL) return
        entry.lastReport = clock.now()
      }
      take(id, entry, evidence)
    },
    async accuse(id, why) {
      const entry = entries.get(id)
      if (entry === undefined) return
      const evidence = failed(why)
      take(id, entry, evidence)
      take(id, entry, evidence)
      if (!isInTraffic(entry.state)) return
      entry.callOff()
      await probe(id, entry)
    },
    history: (id) => entries.get(id)?.history ?? [],
    tried,
    watch,
    stop() {
      stopped = true
      for (const entry of entries.values()) entry.callOff()
      for (const resolve of waiting.splice(0)) resolve()
    },
  }
}
