import type { CloudsConfig } from '../../config/config.ts'
import { PortolanError } from '../../errors.ts'
import { createObservers, type Observers } from '../../internal/observers.ts'
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
  /** CRC-32, where the runtime has one that is quicker than ours while nothing is compiled. */
  readonly checksum?: (bytes: Uint8Array) => number
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

/** What a config in force needs of ranges. */
export interface RangesInForce {
  lookup(address: Address): Located | undefined
  /** Reads the snapshot of a config that is not in force yet. Throws when it cannot be used. */
  load(clouds: CloudsConfig): Promise<LoadedRanges | undefined>
  /** Puts a config and its snapshot in force. */
  use(clouds: CloudsConfig, loaded: LoadedRanges | undefined): void
  stop(): void
}

/** The ranges in use, and what keeps them new. */
export class LiveRanges implements RangesInForce {
  /** Told of each snapshot that is in use from now on; `undefined` for none. */
  readonly changes: Observers<Uint8Array | undefined> = createObservers()
  readonly #runtime: Runtime
  readonly #storage: RangesStorage | undefined
  #current: LoadedRanges | undefined
  #file: string | undefined
  #fileProblem: string | undefined
  #refresher: RangesRefresher | undefined
  /** How many configs were put in force so far. */
  #configs = 0

  constructor({ runtime, storage }: RangesParts) {
    this.#runtime = runtime
    this.#storage = storage
  }

  lookup(address: Address): Located | undefined {
    return this.#current?.ranges.table.lookup(address)
  }

  /** What is looked up in; absent where there are no ranges. */
  get snapshot(): Uint8Array | undefined {
    return this.#current?.snapshot
  }

  async load({ snapshot: path, refresh }: CloudsConfig): Promise<LoadedRanges | undefined> {
    if (path === undefined && refresh === undefined) return undefined
    const storage = this.#storage
    if (storage === undefined) {
      throw new PortolanError(
        'USAGE',
        'clouds.snapshot and clouds.refresh need a disk, which this runtime has not',
      )
    }
    if (path === undefined) return undefined
    const snapshot = await storage.read(path)
    if (snapshot !== undefined) return { ranges: decode(path, snapshot, storage), snapshot }
    if (refresh !== undefined) return undefined
    const message = `there is no ${path} (clouds.snapshot); "portolan ranges update --out ${path}" makes it`
    throw new PortolanError('FILE_UNREADABLE', message, { file: path })
  }

  use(clouds: CloudsConfig, loaded: LoadedRanges | undefined): void {
    const { snapshot: path, refresh: interval } = clouds
    this.#configs++
    this.stop()
    this.#refresher = undefined
    // A refresh may have made newer ones than its file holds, where that cannot be written.
    const wanted = path === this.#file && (path ?? interval) !== undefined
    const stays = wanted && this.#current !== undefined && !isNewer(loaded, this.#current)
    if (!stays && loaded !== undefined) this.#take(loaded, 'the range snapshot was read')
    else if (!stays) this.#forget()
    this.#file = path
    this.#fileProblem = undefined
    if (interval !== undefined && this.#storage !== undefined)
      this.#refresh(clouds.sources, interval, this.#storage)
  }

  /** What is in use and how the last refresh went, for the operator. */
  status(): unknown {
    return {
      ...(this.#file !== undefined && { file: this.#file }),
      ...(this.#fileProblem !== undefined && { problem: this.#fileProblem }),
      snapshot: this.#current?.ranges.metadata ?? null,
      refresh: this.#refresher?.status() ?? null,
    }
  }

  /** Seconds since each provider's list was known to be the newest. */
  ages(): [provider: string, seconds: number][] {
    const statuses = this.#refresher?.status().providers ?? []
    return (this.#current?.ranges.metadata.sources ?? []).map(({ provider, fetched }) => {
      const { state, checked } = statuses.find((status) => status.provider === provider) ?? {}
      const known = Date.parse(state === 'ok' && checked !== undefined ? checked : fetched)
      return [provider, Math.max(0, (this.#runtime.date().getTime() - known) / 1000)]
    })
  }

  stop(): void {
    this.#refresher?.stop()
  }

  #forget(): void {
    if (this.#current === undefined) return
    this.#current = undefined
    this.changes.notify(undefined)
  }

  #take(loaded: LoadedRanges, message: string): void {
    this.#current = loaded
    this.changes.notify(loaded.snapshot)
    const { created, sources, geo } = loaded.ranges.metadata
    const prefixes = Object.fromEntries(sources.map((source) => [source.provider, source.prefixes]))
    this.#runtime.log.info({ created, prefixes, ...(geo && { geo: geo.date }) }, message)
  }

  /** Fetches the lists now and again, and makes new ranges of them. */
  #refresh(sources: CloudsConfig['sources'], interval: number, storage: RangesStorage): void {
    const runtime = this.#runtime
    const providers = chooseProviders(sources)
    const ids = providers.map(({ id }) => id)
    // What was made of no list is older than any list.
    const listed = this.#current !== undefined && this.#current.ranges.metadata.sources.length > 0
    const shipped = this.#current === undefined ? this.#awaitLists(ids, storage) : undefined
    this.#refresher = createRangesRefresher({
      providers,
      runtime: { ...runtime, fetch: layered(runtime.fetch, withUserAgent(runtime.userAgent)) },
      interval,
      current: listed ? this.#current?.ranges : undefined,
      update: async (lists) => {
        // One after the other: each takes much memory.
        await shipped
        return storage.update({ ...this.#request(ids), lists })
      },
      use: (ranges, snapshot) => {
        this.#take({ ranges, snapshot }, 'new ranges are in use')
        if (this.#file !== undefined) this.#save(this.#file, snapshot, storage)
      },
      report({ provider, state, problem }) {
        if (problem === undefined) runtime.log.info({ provider }, 'the list of a provider is right again')
        else runtime.log.warn({ provider, state, problem }, 'the list of a provider was not taken')
      },
    })
  }

  #request(providers: readonly string[]): Omit<SnapshotRequest, 'lists'> {
    const current = this.#current
    return {
      providers,
      previous: current?.snapshot,
      geo: current === undefined || current.ranges.metadata.geo !== undefined,
      created: this.#runtime.date().toISOString(),
    }
  }

  /** Until the lists are there for the first time: the networks and countries that come with us. */
  async #awaitLists(providers: readonly string[], storage: RangesStorage): Promise<void> {
    const { log } = this.#runtime
    const configs = this.#configs
    log.warn(
      { ...(this.#file !== undefined && { file: this.#file }), providers },
      'there are no ranges yet: the lists are being fetched, and until then regions are not known',
    )
    try {
      const { snapshot } = await storage.update({ ...this.#request(providers), lists: [], geoAlone: true })
      if (snapshot === undefined || this.#current !== undefined || this.#configs !== configs) return
      this.#take(
        { ranges: decodeRanges(snapshot), snapshot },
        'until the first lists are there, networks decide',
      )
    } catch (error) {
      log.warn({ problem: (error as Error).message }, 'the networks that are shipped cannot be used')
    }
  }

  async #save(file: string, snapshot: Uint8Array, storage: RangesStorage): Promise<void> {
    try {
      await storage.write(file, snapshot)
      this.#fileProblem = undefined
    } catch (error) {
      const problem = (error as Error).message
      this.#fileProblem = problem
      this.#runtime.log.warn({ file, problem }, 'the range snapshot is in use, but could not be written')
    }
  }
}

function isNewer(loaded: LoadedRanges | undefined, current: LoadedRanges): boolean {
  return loaded !== undefined && loaded.ranges.metadata.created > current.ranges.metadata.created
}

/** Throws `SNAPSHOT_INVALID`, naming the file. */
function decode(file: string, bytes: Uint8Array, { checksum }: RangesStorage): Ranges {
  try {
    return decodeRanges(bytes, checksum)
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error
    throw new PortolanError(error.code, `${file}: ${error.message}`, { file, ...error.facts }, error)
  }
}
