import type { CacheConfig } from '../config/config.ts'
import { PortolanError } from '../errors.ts'
import { createObservers, type Observers } from '../internal/observers.ts'
import { type Digest, isVerifiable } from '../oci/digest.ts'
import type { Cancel, HashAlgorithm, Runtime } from '../runtime.ts'
import type { NextSource } from '../transfer/source.ts'
import { isPassing, type WantedBlob } from '../transfer/transfer-error.ts'
import type { CachedContent, CacheRecords, Fill, HeldContent } from './content-cache.ts'
import { bytesOnDisk, type Content, Contents } from './contents.ts'
import type { CacheDisk, CacheVolume, FoundPartial, OpenContent } from './disk.ts'
import type { CacheEvent, DiskTrouble } from './events.ts'
import { type FillEnd, FULL, NO_PLACE, RunningFill } from './fill.ts'
import { KeptFill, type OpenKept } from './kept-fill.ts'
import type { CacheStatus, ManagedCache } from './managed-cache.ts'
import { MountedDisk } from './mounted-disk.ts'
import { Records } from './records.ts'
import { type Lot, Space } from './space.ts'

/** Downloads at once: each has a buffer, a connection and a file. */
const MAX_FILLS = 256
/** How often times of use are written, in milliseconds. */
const WRITE_TIMES = 60_000
/** After this time nobody goes on with a download any more, in milliseconds. */
const PARTIAL_AGE = 24 * 3_600_000
/** Files that are written to at once, of those that are in no hurry. */
const AT_ONCE = 8
/** So much goes at least when a disk is full before its time. */
const SHRINK_BYTES = 8 * 1024 * 1024
/** What is read whole is small; it is compared with its digest each time. */
const READ_MAX = 16 * 1024 * 1024
/** Of a process that has too many files open: the disk is well. */
const TOO_MANY_FILES = ['EMFILE', 'ENFILE']

/** A cache on a disk that may be slow, full, gone, and back. */
export class DiskCache implements ManagedCache {
  readonly events: Observers<CacheEvent> = createObservers()
  readonly #runtime: Runtime
  readonly #location: string
  readonly #contents = new Contents()
  readonly #records: Records
  readonly #space: Space
  readonly #disk: MountedDisk
  readonly #fills = new Map<Digest, RunningFill>()
  /** Of each fill that goes on, when all is done that follows its end. */
  readonly #ends = new Map<RunningFill, Promise<void>>()
  #callOff: Cancel = () => {}
  #closed = false
  #toldFull = false

  constructor(runtime: Runtime, { size }: Pick<CacheConfig, 'size' | 'scrub'>, disk: CacheDisk) {
    this.#runtime = runtime
    this.#location = disk.location
    this.#records = new Records((line) => this.#record(line))
    this.#disk = new MountedDisk(runtime, disk, this.#records, {
      leaving: () => this.#endFills(new PortolanError('UNREACHABLE', `${disk.location} is given back`)),
      mounted: (volume) => this.#mounted(volume),
      trouble: (trouble) => this.#troubled(trouble),
    })
    this.#space = new Space(size, {
      contents: this.#contents,
      isNeeded: (digest) => this.#records.leadsTo(digest),
      remove: ({ digest }) => this.#onDisk((volume) => volume.remove(digest)),
      removePartial: (digest) => this.#onDisk((volume) => volume.removePartial(digest)),
      evicted: (content) => {
        this.#records.dropContent(content.digest)
        this.events.notify({ kind: 'evicted', digest: content.digest, size: content.size })
      },
    })
  }

  get records(): CacheRecords {
    return this.#records
  }

  /** Takes the disk; see {@link MountedDisk.begin}. */
  async begin(): Promise<void> {
    await this.#disk.begin()
    this.#schedule()
  }

  stat(digest: Digest): CachedContent | undefined {
    return this.#contents.get(digest)
  }

  async open(digest: Digest): Promise<HeldContent | undefined> {
    return this.#open(digest)
  }

  async read(digest: Digest): Promise<Uint8Array | undefined> {
    const content = this.#contents.get(digest)
    if (content === undefined || content.size > READ_MAX) return undefined
    const opened = await this.#open(digest)
    if (opened === undefined) return undefined
    try {
      const bytes = await opened.read(0, opened.size)
      if (this.#isRight(bytes, digest)) return bytes
      await this.#lose(content, 'it is not what it was')
    } catch (error) {
      await this.#lose(content, error)
    } finally {
      opened.close()
    }
    return undefined
  }

  async put(digest: Digest, bytes: Uint8Array): Promise<boolean> {
    const content = this.#contents.get(digest)
    if (content !== undefined) {
      this.#contents.use(content, this.#date())
      return true
    }
    const volume = this.#disk.writable
    if (volume === undefined || this.#closed || !isVerifiable(digest)) return false
    const lot = this.#space.begin()
    try {
      if (!lot.expect(bytes.length) || !(await lot.take(bytesOnDisk(bytes.length)))) return false
      await this.#space.settled(digest)
      await volume.write(digest, bytes)
      if (volume !== this.#disk.readable) return false
      lot.end()
      this.#keep(digest, bytes.length)
      return true
    } catch (error) {
      this.#noteFailure(volume, error)
      return false
    } finally {
      lot.end()
    }
  }

  filling(digest: Digest): Fill | undefined {
    return this.#fills.get(digest)
  }

  fill(blob: WantedBlob, sources: NextSource): Fill | undefined {
    const { digest, size } = blob
    const running = this.#fills.get(digest)
    if (running !== undefined) return running
    const kept = this.#contents.get(digest)
    if (kept !== undefined) return new KeptFill(digest, kept.size, this.#reopen)
    const volume = this.#disk.writable
    if (volume === undefined || this.#closed || !isVerifiable(digest)) return undefined
    if (this.#fills.size >= MAX_FILLS) return undefined
    const lot = this.#space.resume(digest)
    if (size !== undefined && !lot.expect(size)) {
      lot.end(lot.found)
      return undefined
    }
    const fill = this.#startFill(blob, sources, volume, lot)
    this.#fills.set(digest, fill)
    const begun = this.#runtime.now()
    this.events.notify({ kind: 'fill begun', digest, name: blob.name })
    const ended = fill.end.then((end) => {
      return this.#fillEnded(fill, end, { volume, lot, took: this.#runtime.now() - begun })
    })
    this.#ends.set(fill, ended)
    this.#runtime.background(ended)
    return fill
  }

  setPinned(digests: ReadonlySet<Digest>): void {
    this.#contents.setPinned(new Set(digests))
  }

  status(): CacheStatus {
    const { pinned } = this.#contents
    const { trouble } = this.#disk
    return {
      location: this.#location,
      size: this.#space.limit,
      used: this.#space.used,
      contents: { count: this.#contents.count, bytes: this.#contents.bytes },
      partials: { bytes: this.#space.partialBytes },
      pinned: {
        count: pinned.size,
        missing: [...pinned].filter((digest) => this.#contents.get(digest) === undefined),
      },
      fills: [...this.#fills.values()].map(({ status }) => status),
      records: this.#records.counts,
      ...(trouble && { trouble }),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    this.#callOff()
    await this.#endFills(new PortolanError('UNREACHABLE', 'the mirror ends'))
    await this.#writeTimes()
    await this.#disk.close()
  }

  #startFill(blob: WantedBlob, sources: NextSource, volume: CacheVolume, lot: Lot): RunningFill {
    return new RunningFill(blob, sources, {
      runtime: this.#runtime,
      open: async (digest) => {
        await this.#space.settled(digest)
        return volume.partial(digest)
      },
      expect: lot.expect,
      take: lot.take,
      takeFromFull: (bytes) => this.#takeFromFull(bytes),
      keep: async (digest, size) => {
        await this.#space.settled(digest)
        await volume.commit(digest)
        lot.end()
        return this.#contents.hold(this.#keep(digest, size))
      },
      reopen: this.#reopen,
      received: (bytes) => this.events.notify({ kind: 'received', bytes }),
    })
  }

  async #fillEnded(
    fill: RunningFill,
    { length, error }: FillEnd,
    { volume, lot, took }: { readonly volume: CacheVolume; readonly lot: Lot; readonly took: number },
  ): Promise<void> {
    const { digest } = fill.blob
    if (error === undefined) {
      this.#forget(fill)
      this.events.notify({ kind: 'fill ended', digest, size: this.#contents.get(digest)?.size ?? 0, took })
      return
    }
    const stays = isPassing(error) && volume === this.#disk.readable
    if (!stays) await volume.removePartial(digest).catch(() => {})
    lot.end(stays ? { digest, length, changed: this.#date() } : undefined)
    this.#forget(fill)
    this.#noteFailure(volume, error)
    this.events.notify({ kind: 'fill failed', digest, error })
  }

  #forget(fill: RunningFill): void {
    this.#fills.delete(fill.blob.digest)
    this.#ends.delete(fill)
  }

  async #endFills(reason: PortolanError): Promise<void> {
    for (const fill of this.#fills.values()) fill.stop(reason)
    await Promise.all(this.#ends.values())
  }

  /** A content that has just been verified and written. */
  #keep(digest: Digest, size: number): Content {
    const content = this.#contents.add(digest, size, this.#date())
    this.events.notify({ kind: 'kept', digest, size })
    return content
  }

  readonly #reopen: OpenKept = async (digest) => {
    const opened = await this.#open(digest)
    if (opened !== undefined) return opened
    throw new PortolanError('FILE_UNREADABLE', `${digest} is not there any more`, { digest })
  }

  async #open(digest: Digest): Promise<OpenContent | undefined> {
    const content = this.#contents.get(digest)
    const volume = this.#disk.readable
    if (content === undefined || volume === undefined) return undefined
    this.#contents.use(content, this.#date())
    const release = this.#contents.hold(content)
    try {
      const opened = await volume.open(digest)
      if (opened?.size === content.size) {
        return {
          ...opened,
          close() {
            opened.close()
            release()
          },
        }
      }
      opened?.close()
      release()
      await this.#lose(content, opened === undefined ? 'its file is gone' : 'its file has another size')
    } catch (error) {
      release()
      if (!TOO_MANY_FILES.includes(String(reasonOf(error)))) await this.#lose(content, error)
    }
    return undefined
  }

  /** A content that cannot be had any more is dropped, with what is left of it. */
  async #lose(content: Content, why: unknown): Promise<void> {
    const { digest, size } = content
    if (this.#contents.get(digest) !== content) return
    const pinned = this.#contents.isPinned(content)
    const reason = why instanceof Error ? why.message : String(why)
    this.#runtime.log.warn({ digest, size }, `a content is lost: ${reason}`)
    try {
      await this.#space.drop(content)
    } catch {
      // What cannot be removed either is the disk's trouble, which is noted; the content may be well.
      return
    }
    this.#records.dropContent(digest)
    this.events.notify({ kind: 'lost', digest, size, pinned })
  }

  #isRight(bytes: Uint8Array, digest: Digest): boolean {
    const [algorithm, encoded] = digest.split(':') as [HashAlgorithm, string]
    const hash = this.#runtime.createHash(algorithm)
    hash.update(bytes)
    return hash.hex() === encoded
  }

  async #takeFromFull(bytes: number): Promise<boolean> {
    if (!this.#toldFull) {
      this.#toldFull = true
      const facts = { disk: this.#location, used: this.#space.used, size: this.#space.limit }
      this.#runtime.log.warn(facts, 'the disk is full before the cache has its size: it makes do with less')
    }
    return (await this.#space.shrink(Math.max(bytes, SHRINK_BYTES))) > 0
  }

  #troubled(trouble: DiskTrouble | undefined): void {
    // Where it is we who have filled it, somebody has to make the place that it needs to go on.
    if (FULL.includes(trouble?.reason ?? '')) {
      this.#runtime.background(this.#space.shrink(SHRINK_BYTES).catch(() => {}))
    }
    this.events.notify({ kind: 'trouble', trouble })
  }

  /** The disk was taken, and may have changed. */
  #mounted(volume: CacheVolume): void {
    this.#contents.replace(volume.contents, this.#date())
    this.#space.replaceIdle(volume.partials)
    this.#toldFull = false
    this.#runtime.background(this.#tidy())
  }

  #record(line: object): void {
    const volume = this.#disk.writable
    volume?.record(line).catch((error) => this.#noteFailure(volume, error))
  }

  #noteFailure(volume: CacheVolume, error: unknown): void {
    if (!(error instanceof PortolanError) || volume !== this.#disk.readable) return
    const isOwn = error.code === 'FILE_UNWRITABLE' || error.code === 'LEASE_LOST'
    if (isOwn && reasonOf(error) !== NO_PLACE) this.#disk.note(error)
  }

  async #onDisk(work: (volume: CacheVolume) => Promise<void>): Promise<void> {
    const volume = this.#disk.readable
    if (volume === undefined) return
    try {
      await work(volume)
    } catch (error) {
      this.#noteFailure(volume, error)
      throw error
    }
  }

  #schedule(): void {
    this.#callOff = this.#runtime.after(WRITE_TIMES, () => {
      this.#runtime.background(
        this.#writeTimes()
          .then(() => this.#tidy())
          .then(() => {
            if (!this.#closed) this.#schedule()
          }),
      )
    })
  }

  /** Writes when contents were used; what is lost of that by a crash costs nothing but the order of going. */
  async #writeTimes(): Promise<void> {
    const volume = this.#disk.writable
    if (volume === undefined) return
    const changed = this.#contents.takeChanged()
    for (let at = 0; at < changed.length; at += AT_ONCE) {
      const some = changed.slice(at, at + AT_ONCE)
      await Promise.all(some.map((content) => volume.mark(content.digest, content).catch(() => {})))
    }
  }

  /** Removes what is too much, and downloads that nobody went on with for long. */
  async #tidy(): Promise<void> {
    if (this.#disk.writable === undefined) return
    const isOld = ({ changed }: FoundPartial) => this.#date() - changed > PARTIAL_AGE
    try {
      for (const partial of this.#space.idle.filter(isOld)) await this.#space.dropPartial(partial)
      await this.#space.trim()
    } catch {
      // The disk's trouble is noted where it was met.
    }
  }

  #date(): number {
    return this.#runtime.date().getTime()
  }
}

function reasonOf(error: unknown): unknown {
  return error instanceof PortolanError ? error.facts.reason : undefined
}
