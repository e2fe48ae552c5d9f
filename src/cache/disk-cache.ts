import type { CacheConfig } from '../config/config.ts'
import { PortolanError } from '../errors.ts'
import { createObservers, type Observers } from '../internal/observers.ts'
import { type Digest, isVerifiable } from '../oci/digest.ts'
import type { Cancel, Runtime } from '../runtime.ts'
import type { NextSource } from '../transfer/source.ts'
import type { WantedBlob } from '../transfer/transfer-error.ts'
import type { CachedContent, CacheRecords, Fill, HeldContent } from './content-cache.ts'
import { bytesOnDisk, type Content, Contents } from './contents.ts'
import type { CacheDisk, CacheVolume, FoundPartial } from './disk.ts'
import type { CacheEvent, DiskTrouble } from './events.ts'
import { FULL } from './fill.ts'
import { Fills, SHRINK_BYTES } from './fills.ts'
import { type CacheParts, Kept } from './kept.ts'
import type { CacheStatus, Eviction, EvictionChoice, ManagedCache, VerifyStatus } from './managed-cache.ts'
import { MountedDisk } from './mounted-disk.ts'
import { Records } from './records.ts'
import { Scrub } from './scrub.ts'
import { Space } from './space.ts'

/** How often times of use are written, in milliseconds. */
const WRITE_TIMES = 60_000
/** After this time nobody goes on with a download any more, in milliseconds. */
const PARTIAL_AGE = 24 * 3_600_000
/** Files that are written to at once, of those that are in no hurry. */
const AT_ONCE = 8

/** A cache on a disk that may be slow, full, gone, and back. */
export class DiskCache implements ManagedCache {
  readonly events: Observers<CacheEvent>
  readonly #parts: CacheParts
  readonly #kept: Kept
  readonly #fills: Fills
  readonly #scrub: Scrub
  #callOff: Cancel = () => {}
  #closed = false

  constructor(runtime: Runtime, config: Pick<CacheConfig, 'size' | 'scrub'>, disk: CacheDisk) {
    this.#parts = this.#makeParts(runtime, config.size, disk)
    this.events = this.#parts.events
    this.#kept = new Kept(this.#parts)
    this.#fills = new Fills(this.#parts, this.#kept)
    const { contents } = this.#parts
    this.#scrub = new Scrub({
      ...{ runtime, contents },
      ...(config.scrub !== undefined && { period: config.scrub }),
      open: (content) => this.#kept.openUnused(content),
      verified: (content) => contents.verified(content, runtime.date().getTime()),
      lost: (content, why) => this.#kept.lose(content, why),
    })
  }

  get records(): CacheRecords {
    return this.#parts.records
  }

  /** Takes the disk; see {@link MountedDisk.begin}. */
  async begin(): Promise<void> {
    await this.#parts.disk.begin()
    this.#schedule()
    this.#scrub.begin()
  }

  stat(digest: Digest): CachedContent | undefined {
    return this.#parts.contents.get(digest)
  }

  open(digest: Digest): Promise<HeldContent | undefined> {
    return this.#kept.open(digest)
  }

  read(digest: Digest): Promise<Uint8Array | undefined> {
    return this.#kept.read(digest)
  }

  async put(digest: Digest, bytes: Uint8Array): Promise<boolean> {
    const { contents, disk, space } = this.#parts
    const content = contents.get(digest)
    if (content !== undefined) {
      contents.use(content, this.#date())
      return true
    }
    const volume = disk.writable
    if (volume === undefined || this.#closed || !isVerifiable(digest)) return false
    const lot = space.begin()
    try {
      if (!lot.expect(bytes.length) || !(await lot.take(bytesOnDisk(bytes.length)))) return false
      await space.settled(digest)
      await volume.write(digest, bytes)
      if (volume !== disk.readable) return false
      lot.end()
      this.#kept.add(digest, bytes.length)
      return true
    } catch (error) {
      disk.noteFailure(volume, error)
      return false
    } finally {
      lot.end()
    }
  }

  filling(digest: Digest): Fill | undefined {
    return this.#fills.get(digest)
  }

  fill(blob: WantedBlob, sources: NextSource): Fill | undefined {
    return this.#fills.fill(blob, sources)
  }

  setPinned(digests: ReadonlySet<Digest>): void {
    this.#parts.contents.setPinned(new Set(digests))
  }

  verify(): VerifyStatus {
    return this.#scrub.verify()
  }

  async evict(choice: EvictionChoice): Promise<Eviction> {
    const { contents } = this.#parts
    const before = this.#date() - (choice.unusedFor ?? 0)
    const chosen =
      choice.digests === undefined
        ? [...contents]
        : choice.digests.map((digest) => contents.get(digest)).filter((content) => content !== undefined)
    let [count, bytes, kept] = [0, 0, 0]
    for (const content of chosen) {
      if (choice.bytes !== undefined && bytes >= choice.bytes) break
      if (content.used > before) continue
      if (await this.#evictOne(content)) {
        count++
        bytes += content.size
      } else kept++
    }
    return { count, bytes, kept }
  }

  status(): CacheStatus {
    const { location, space, contents, records, disk } = this.#parts
    const { pinned } = contents
    const verify = this.#scrub.status
    return {
      ...{ location, size: space.limit, used: space.used },
      contents: { count: contents.count, bytes: contents.bytes },
      partials: { bytes: space.partialBytes },
      pinned: {
        count: pinned.size,
        missing: countWhere(pinned, (digest) => contents.get(digest) === undefined),
      },
      fills: this.#fills.status,
      records: records.counts,
      ...(verify && { verify }),
      ...(disk.trouble && { trouble: disk.trouble }),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    this.#callOff()
    await this.#scrub.end()
    await this.#fills.close(new PortolanError('UNREACHABLE', 'the mirror ends'))
    await this.#writeTimes()
    await this.#parts.disk.close()
  }

  #makeParts(runtime: Runtime, size: number, disk: CacheDisk): CacheParts {
    const events: Observers<CacheEvent> = createObservers()
    const contents = new Contents()
    const record = (line: object) => {
      const volume = mounted.writable
      volume?.record(line).catch((error) => mounted.noteFailure(volume, error))
    }
    const records: Records = new Records(record, { isPinned: (digest) => contents.pinned.has(digest) })
    const mounted: MountedDisk = new MountedDisk(runtime, disk, records, {
      leaving: () => this.#fills.end(new PortolanError('UNREACHABLE', `${disk.location} is given back`)),
      mounted: (volume) => this.#mounted(volume),
      trouble: (trouble) => this.#troubled(trouble),
    })
    const space = new Space(size, {
      contents,
      isNeeded: (digest) => records.leadsTo(digest),
      remove: ({ digest }) => onDisk(mounted, (volume) => volume.remove(digest)),
      removePartial: (digest) => onDisk(mounted, (volume) => volume.removePartial(digest)),
      evicted: ({ digest, size: bytes }) => {
        records.dropContent(digest)
        events.notify({ kind: 'evicted', digest, size: bytes })
      },
    })
    return { runtime, location: disk.location, contents, records, space, disk: mounted, events }
  }

  async #evictOne(content: Content): Promise<boolean> {
    const { contents, records, space } = this.#parts
    const { digest, size } = content
    if (content.held > 0 || contents.isPinned(content)) return false
    await space.drop(content)
    records.dropContent(digest)
    this.events.notify({ kind: 'evicted', digest, size })
    return true
  }

  #troubled(trouble: DiskTrouble | undefined): void {
    const { runtime, space } = this.#parts
    // Where it is we who have filled it, somebody has to make the place that it needs to go on.
    if (FULL.includes(trouble?.reason ?? '')) runtime.background(space.shrink(SHRINK_BYTES).catch(() => {}))
    this.events.notify({ kind: 'trouble', trouble })
  }

  /** The disk was taken, and may have changed. */
  #mounted(volume: CacheVolume): void {
    const { contents, space, runtime } = this.#parts
    contents.replace(volume.contents, this.#date())
    space.replaceIdle(volume.partials)
    runtime.background(this.#tidy())
  }

  #schedule(): void {
    const { runtime } = this.#parts
    const work = async () => {
      await this.#writeTimes()
      await this.#tidy()
      if (!this.#closed) this.#schedule()
    }
    this.#callOff = runtime.after(WRITE_TIMES, () => runtime.background(work()))
  }

  /** Writes when contents were used; what is lost of that by a crash costs nothing but the order of going. */
  async #writeTimes(): Promise<void> {
    const { disk, contents } = this.#parts
    const volume = disk.writable
    if (volume === undefined) return
    const changed = contents.takeChanged()
    for (let at = 0; at < changed.length; at += AT_ONCE) {
      const some = changed.slice(at, at + AT_ONCE)
      await Promise.all(some.map((content) => volume.mark(content.digest, content).catch(() => {})))
    }
  }

  /** Removes what is too much, and downloads that nobody went on with for long. */
  async #tidy(): Promise<void> {
    const { disk, space } = this.#parts
    if (disk.writable === undefined) return
    const isOld = ({ changed }: FoundPartial) => this.#date() - changed > PARTIAL_AGE
    try {
      for (const partial of space.idle.filter(isOld)) await space.dropPartial(partial)
      await space.trim()
    } catch {
      // The disk's trouble is noted where it was met.
    }
  }

  #date(): number {
    return this.#parts.runtime.date().getTime()
  }
}

async function onDisk(disk: MountedDisk, work: (volume: CacheVolume) => Promise<void>): Promise<void> {
  const volume = disk.readable
  if (volume === undefined) return
  try {
    await work(volume)
  } catch (error) {
    disk.noteFailure(volume, error)
    throw error
  }
}

function countWhere<T>(items: Iterable<T>, holds: (item: T) => boolean): number {
  let count = 0
  for (const item of items) if (holds(item)) count++
  return count
}
