import type { CloudsConfig } from '../../config/config.ts'
import { PortolanError } from '../../errors.ts'
import type { Address } from '../../net/address.ts'
import type { Runtime } from '../../runtime.ts'
import { layered } from '../../transport/fetch.ts'
import { withUserAgent } from '../../transport/user-agent.ts'
import type { Located } from '../located.ts'
import { chooseProviders } from '../providers.ts'
import { decodeRanges, type Ranges } from '../snapshot.ts'
import type { NewSnapshot, SnapshotRequest } from '../update.ts'
import { createRangesRefresher, type RangesRefresher } from './refresher.ts'

/** What a runtime that has a disk lends to ranges: files, and a place to work in. */
export interface RangesStorage {
  /** A file's bytes; `undefined` when there is none. */
  readonly read: (file: string) => Promise<Uint8Array | undefined>
  /** Writes a file whole or not at all. */
  readonly write: (file: string, bytes: Uint8Array) => Promise<void>
  /** Makes a snapshot while requests go on. */
  readonly update: (request: SnapshotRequest) => Promise<NewSnapshot>
}

export interface RangesParts {
  readonly runtime: Runtime
  /** Absent where there is no disk: then no config can name a snapshot. */
  readonly storage: RangesStorage | undefined
}

/** Ranges, and the bytes that they look things up in. */
export interface LoadedRanges {
  readonly ranges: Ranges
  readonly snapshot: Uint8Array
}

/** The ranges in use, and what keeps them new. */
export interface LiveRanges {
  lookup(address: Address): Located | undefined
  /** Reads the snapshot of a config that is not in force yet. Throws when it cannot be used. */
  load(clouds: CloudsConfig): Promise<LoadedRanges | undefined>
  /** Puts a config and its snapshot in force. */
  use(clouds: CloudsConfig, loaded: LoadedRanges | undefined): void
  /** What is in use and how the last refresh went, for the operator. */
  status(): unknown
  /** Seconds since each provider's list was known to be the newest. */
  ages(): [provider: string, seconds: number][]
  stop(): void
}

export function createLiveRanges({ runtime, storage }: RangesParts): LiveRanges {
  const { log } = runtime
  const download = layered(runtime.fetch, withUserAgent(runtime.userAgent))
  let current: LoadedRanges | undefined
  let file: string | undefined
  let fileProblem: string | undefined
  let refresher: RangesRefresher | undefined

  function take(loaded: LoadedRanges, message: string): void {
    current = loaded
    const { created, sources, geo } = loaded.ranges.metadata
    const prefixes = Object.fromEntries(sources.map((source) => [source.provider, source.prefixes]))
    log.info({ created, prefixes, ...(geo && { geo: geo.date }) }, message)
  }

  async function save(target: string, snapshot: Uint8Array): Promise<void> {
    try {
      await storage!.write(target, snapshot)
      fileProblem = undefined
    } catch (error) {
      fileProblem = (error as Error).message
      log.warn(
        { file: target, problem: fileProblem },
        'the range snapshot is in use, but could not be written',
      )
    }
  }

  /** Until the lists are there for the first time: the networks and countries that come with us. */
  async function takeShipped(request: SnapshotRequest, isWanted: () => boolean): Promise<void> {
    try {
      const { snapshot } = await storage!.update(request)
      if (snapshot === undefined || current !== undefined || !isWanted()) return
      take({ ranges: decodeRanges(snapshot), snapshot }, 'until the first lists are there, networks decide')
    } catch (error) {
      log.warn({ problem: (error as Error).message }, 'the networks that are shipped cannot be used')
    }
  }

  return {
    lookup: (address) => current?.ranges.table.lookup(address),
    async load({ snapshot: path, refresh }) {
      if (path === undefined && refresh === undefined) return undefined
      if (storage === undefined) {
        throw new PortolanError(
          'USAGE',
          'clouds.snapshot and clouds.refresh need a disk, which this runtime has not',
        )
      }
      if (path === undefined) return undefined
      const snapshot = await storage.read(path)
      if (snapshot !== undefined) return { ranges: decode(path, snapshot), snapshot }
      if (refresh !== undefined) return undefined
      const message = `there is no ${path} (clouds.snapshot); "portolan ranges update --out ${path}" makes it`
      throw new PortolanError('FILE_UNREADABLE', message, { file: path })
    },
    use(clouds, loaded) {
      const { snapshot: path, refresh: interval, sources } = clouds
      refresher?.stop()
      refresher = undefined
      // A refresh may have made newer ones than its file holds, where that cannot be written.
      const wanted = path === file && (path ?? interval) !== undefined
      const stays = wanted && current !== undefined && !isNewer(loaded, current)
      if (!stays && loaded !== undefined) take(loaded, 'the range snapshot was read')
      else if (!stays) current = undefined
      file = path
      fileProblem = undefined
      if (interval === undefined) return
      const providers = chooseProviders(sources)
      // What was made of no list is older than any list.
      const listed = current !== undefined && current.ranges.metadata.sources.length > 0
      const request = () => ({
        providers: providers.map(({ id }) => id),
        previous: current?.snapshot,
        geo: current === undefined || current.ranges.metadata.geo !== undefined,
        created: runtime.date().toISOString(),
      })
      let shipped: Promise<void> | undefined
      if (current === undefined) {
        log.warn(
          { ...(path !== undefined && { file: path }), providers: providers.map(({ id }) => id) },
          'there are no ranges yet: the lists are being fetched, and until then regions are not known',
        )
        shipped = takeShipped({ ...request(), lists: [], geoAlone: true }, () => refresher === mine)
      }
      const mine = createRangesRefresher({
        providers,
        runtime: { ...runtime, fetch: download },
        interval,
        current: listed ? current?.ranges : undefined,
        async update(lists) {
          // One after the other: each takes much memory.
          await shipped
          return storage!.update({ ...request(), lists })
        },
        use(ranges, snapshot) {
          take({ ranges, snapshot }, 'new ranges are in use')
          if (path !== undefined) save(path, snapshot)
        },
        report({ provider, state, problem }) {
          if (problem === undefined) log.info({ provider }, 'the list of a provider is right again')
          else log.warn({ provider, state, problem }, 'the list of a provider was not taken')
        },
      })
      refresher = mine
    },
    status: () => ({
      ...(file !== undefined && { file }),
      ...(fileProblem !== undefined && { problem: fileProblem }),
      snapshot: current?.ranges.metadata ?? null,
      refresh: refresher?.status() ?? null,
    }),
    ages() {
      const statuses = refresher?.status().providers ?? []
      return (current?.ranges.metadata.sources ?? []).map(({ provider, fetched }) => {
        const { state, checked } = statuses.find((status) => status.provider === provider) ?? {}
        const known = Date.parse(state === 'ok' && checked !== undefined ? checked : fetched)
        return [provider, Math.max(0, (runtime.date().getTime() - known) / 1000)]
      })
    },
    stop: () => refresher?.stop(),
  }
}

function isNewer(loaded: LoadedRanges | undefined, current: LoadedRanges): boolean {
  return loaded !== undefined && loaded.ranges.metadata.created > current.ranges.metadata.created
}

/** Throws `SNAPSHOT_INVALID`, naming the file. */
function decode(file: string, bytes: Uint8Array): Ranges {
  try {
    return decodeRanges(bytes)
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error
    throw new PortolanError(error.code, `${file}: ${error.message}`, { file, ...error.facts }, error)
  }
}
