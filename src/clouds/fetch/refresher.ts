import type { Cancel, Runtime } from '../../runtime.ts'
import type { Provider } from '../provider.ts'
import { decodeRanges, type Ranges } from '../snapshot.ts'
import type { NewSnapshot, ReceivedList } from '../update.ts'
import { fetchList, type Validators } from './list.ts'

export interface RefresherParts {
  readonly providers: readonly Provider[]
  /** Its `fetch` says who asks. */
  readonly runtime: Pick<Runtime, 'fetch' | 'now' | 'date' | 'after' | 'random' | 'lookup'>
  /** Between two refreshes, in milliseconds. */
  readonly interval: number
  readonly current: Ranges | undefined
  /** Makes a snapshot from new lists and the ranges in use, without keeping this thread busy. */
  readonly update: (lists: readonly ReceivedList[]) => Promise<NewSnapshot>
  /** Takes new ranges into use, whole; `snapshot` holds them. */
  readonly use: (ranges: Ranges, snapshot: Uint8Array) => void
  /** Told when a provider's list begins to fail, fails in another way, or is right again (no `problem`). */
  readonly report: (status: ProviderStatus) => void
}

/** How it went with one provider's list. */
export interface ProviderStatus {
  readonly provider: string
  /** `kept`: the newest list failed, and an earlier one is in use. `missing`: it failed, and there is none. */
  readonly state: 'pending' | 'ok' | 'kept' | 'missing'
  /** When that was found out. */
  readonly checked?: string
  readonly problem?: string
}

/** How it goes with all of them. */
export interface RefresherStatus {
  readonly interval: number
  readonly running: boolean
  readonly providers: readonly ProviderStatus[]
}

export interface RangesRefresher {
  status(): RefresherStatus
  /** Refreshes at once; does nothing while a refresh runs. */
  refresh(): Promise<void>
  stop(): void
}

/** Doors that were started together must not ask together: each waits up to this part less or more. */
const JITTER = 0.1
/** After a list did not come, it is asked for again this soon. */
const RETRY = 600_000

/**
 * Asks the providers for their lists again and again, the first time when the ranges in use are as old as the interval.
 * A list that does not come, is not right or has lost too much leaves its provider's earlier one in use.
 */
export function createRangesRefresher(parts: RefresherParts): RangesRefresher {
  const { providers, runtime, interval, report } = parts
  const date = () => runtime.date().toISOString()
  const validators = new Map<string, Validators>()
  const statuses = new Map<string, ProviderStatus>(
    providers.map(({ id }) => [id, { provider: id, state: 'pending' }]),
  )
  const stopped = new AbortController()
  let current = parts.current
  let running: Promise<void> | undefined
  const age =
    current === undefined ? interval : runtime.date().getTime() - Date.parse(current.metadata.created)
  let cancel = schedule(Math.max(0, interval - (Number.isNaN(age) ? interval : age)))

  function schedule(wait: number): Cancel {
    return runtime.after(wait * (1 - JITTER + 2 * JITTER * runtime.random()), refresh)
  }

  function refresh(): Promise<void> {
    cancel()
    running ??= run().finally(() => {
      running = undefined
      if (stopped.signal.aborted) return
      const failed = [...statuses.values()].some(({ problem }) => problem !== undefined)
      cancel = schedule(failed ? Math.min(interval, RETRY) : interval)
    })
    return running
  }

  async function run(): Promise<void> {
    const problems = new Map<string, string>()
    const lists: ReceivedList[] = []
    const received = new Map<string, Validators>()
    await Promise.all(
      providers.map(async (provider) => {
        try {
          const known = validators.get(provider.id)
          const fetched = await fetchList(runtime, provider, { signal: stopped.signal }, known)
          if (fetched === 'unchanged') return
          lists.push({ provider: provider.id, bytes: fetched.bytes, from: fetched.url, fetched: date() })
          received.set(provider.id, fetched.validators)
        } catch (error) {
          problems.set(provider.id, (error as Error).message)
        }
      }),
    )
    if (stopped.signal.aborted) return
    if (lists.length > 0) {
      try {
        const { snapshot, refused } = await parts.update(lists)
        if (stopped.signal.aborted) return
        for (const { provider, reason } of refused) problems.set(provider, reason)
        if (snapshot !== undefined) {
          current = decodeRanges(snapshot)
          parts.use(current, snapshot)
        }
        // A list that was refused must come again: it is not the one that is in use.
        for (const [id, known] of received) if (!problems.has(id)) validators.set(id, known)
      } catch (error) {
        const problem = `new ranges could not be made: ${(error as Error).message}`
        for (const { provider } of lists) problems.set(provider, problem)
      }
    }
    const listed = new Set(current?.metadata.sources.map(({ provider }) => provider))
    for (const { id } of providers) {
      const problem = problems.get(id)
      const state = problem === undefined ? 'ok' : listed.has(id) ? 'kept' : 'missing'
      const status = {
        provider: id,
        state,
        checked: date(),
        ...(problem !== undefined && { problem }),
      } as const
      const before = statuses.get(id)?.problem
      statuses.set(id, status)
      if (problem !== before) report(status)
    }
  }

  return {
    status: () => ({ interval, running: running !== undefined, providers: [...statuses.values()] }),
    refresh,
    stop() {
      stopped.abort()
      cancel()
    },
  }
}
