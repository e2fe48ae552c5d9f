import { PortolanError } from '../../errors.ts'
import { backoffDelay } from '../../internal/backoff.ts'
import { Semaphore } from '../../internal/semaphore.ts'
import type { Digest } from '../../oci/digest.ts'
import type { ListedImage } from '../../oci/image-list.ts'
import type { Descriptor, Platform } from '../../oci/manifest.ts'
import type { Cancel, Runtime } from '../../runtime.ts'
import type { PinSource } from './pin-source.ts'
import { type FoundImage, findContents } from './pinned-image.ts'
import { formatReadiness, type NamedList, type PinnedReport, reportPinned } from './pinned-report.ts'

export interface PinnedSetParts {
  readonly runtime: Pick<Runtime, 'after' | 'random' | 'date' | 'log' | 'background'>
  readonly cache: PinnedCache
  readonly source: PinSource
}

/** A cache, as far as it is asked to keep what is pinned. */
export interface PinnedCache {
  /** What it has of a content; `undefined` for nothing. */
  stat(digest: Digest): object | undefined
  /** Says which contents are never dropped, in place of those said before. */
  setPinned(digests: ReadonlySet<Digest>): void
  /** What keeps it from its disk, where something does. */
  status(): { readonly trouble?: Trouble }
  readonly events: { add(observer: (event: PinEvent) => void): Cancel }
}

/** Something that happened in the cache: of importance are `lost` of what is pinned, and the end of `trouble`. */
interface PinEvent {
  readonly kind: string
  readonly pinned?: boolean
  readonly trouble?: Trouble | undefined
}

interface Trouble {
  readonly message: string
}

/** Images that are found, and blobs that are fetched, at once: clients come first. */
const AT_ONCE = 4
/** How soon what is missing is looked for again, in milliseconds, growing. */
const AGAIN = { first: 30_000, max: 30 * 60_000 }
/** How often tags are looked up again, in milliseconds. */
const RENEW = 60 * 60_000
/** How soon what was lost is fetched again, in milliseconds: what is lost at once is fetched together. */
const SOON = 1000

/**
 * Images that a mirror always has: fetched through the mirror itself, kept from being dropped, looked for again as long
 * as some are missing, and reported on. What is not known, as nobody has looked yet or the disk is gone, is not missing.
 */
export class PinnedSet implements Disposable {
  readonly #parts: PinnedSetParts
  #lists: readonly NamedList[] = []
  #platforms: readonly Platform[] = []
  readonly #found = new Map<string, FoundImage>()
  /** Why a blob could not be fetched last. */
  readonly #failed = new Map<Digest, string>()
  #checked: number | undefined
  #failures = 0
  /** Counts the lists up: who works by older ones stops. */
  #turn = 0
  #callOff: Cancel = () => {}
  readonly #forget: Cancel
  #said = ''

  constructor(parts: PinnedSetParts) {
    this.#parts = parts
    this.#forget = parts.cache.events.add((event) => this.#notice(event))
  }

  /** Takes lists in place of those before, and begins to fetch what they name. */
  setLists(lists: readonly NamedList[], platforms: readonly Platform[] = []): void {
    this.#lists = lists
    this.#platforms = platforms
    const named = new Set(this.#images().map(({ text }) => text))
    for (const text of this.#found.keys()) if (!named.has(text)) this.#found.delete(text)
    this.#failed.clear()
    this.#failures = 0
    this.#checked = undefined
    this.#stop()
    if (lists.length > 0) this.#begin()
    else this.#parts.cache.setPinned(new Set())
  }

  [Symbol.dispose](): void {
    this.#stop()
    this.#forget()
  }

  report(): PinnedReport {
    const { trouble } = this.#parts.cache.status()
    return reportPinned({
      lists: this.#lists,
      images: this.#images(),
      found: this.#found,
      failed: this.#failed,
      has: (digest) => this.#has(digest),
      ...(trouble && { trouble: trouble.message }),
      ...(this.#checked !== undefined && { checked: this.#checked }),
    })
  }

  #has(digest: Digest): boolean {
    return this.#parts.cache.stat(digest) !== undefined
  }

  #images(): readonly ListedImage[] {
    const images = this.#lists.flatMap((list) => list.images)
    return [...new Map(images.map((image) => [image.text, image])).values()]
  }

  #begin(): void {
    this.#stop()
    this.#parts.runtime.background(this.#run(this.#turn))
  }

  #stop(): void {
    this.#callOff()
    this.#turn++
  }

  /** Goes through all images once, and says when that is to be done again. Never rejects. */
  async #run(turn: number): Promise<void> {
    const images = this.#images()
    // What is known from before must not be dropped while registries are asked.
    this.#pin(images)
    const isOver = () => turn !== this.#turn
    const places = new Semaphore(AT_ONCE)
    await places.map(images, async (image) => {
      if (isOver()) return
      const found = await this.#find(image)
      if (!isOver()) this.#found.set(image.text, found)
    })
    if (isOver()) return
    this.#pin(images)
    await places.map(this.#lacking(images), async ([image, blob]) => {
      if (!isOver()) await this.#fetch(image, blob)
    })
    if (isOver()) return
    this.#checked = this.#parts.runtime.date().getTime()
    this.#conclude()
  }

  async #find(image: ListedImage): Promise<FoundImage> {
    try {
      return { contents: await findContents(this.#parts.source, image, this.#platforms) }
    } catch (error) {
      return { reason: reasonOf(error) }
    }
  }

  async #fetch(image: ListedImage, blob: Descriptor): Promise<void> {
    try {
      if (!this.#has(blob.digest)) await this.#parts.source.keep(image, blob)
      this.#failed.delete(blob.digest)
    } catch (error) {
      this.#failed.set(blob.digest, reasonOf(error))
    }
  }

  /** Keeps all that belongs to these images: what was found, or else what was learnt before. */
  #pin(images: readonly ListedImage[]): void {
    const { cache, source } = this.#parts
    const digests = new Set<Digest>()
    for (const image of images) {
      const found = this.#found.get(image.text)
      if (found !== undefined && 'contents' in found) {
        for (const digest of found.contents.manifests) digests.add(digest)
        for (const digest of found.contents.blobs.keys()) digests.add(digest)
      } else for (const digest of source.recall(image, image.reference)) digests.add(digest)
    }
    cache.setPinned(digests)
  }

  /** The blobs that are not here, each once, with an image that has it. */
  #lacking(images: readonly ListedImage[]): Iterable<readonly [ListedImage, Descriptor]> {
    const lacking = new Map<Digest, readonly [ListedImage, Descriptor]>()
    for (const image of images) {
      const found = this.#found.get(image.text)
      if (found === undefined || !('contents' in found)) continue
      for (const [digest, blob] of found.contents.blobs) {
        if (!lacking.has(digest) && !this.#has(digest)) lacking.set(digest, [image, blob])
      }
    }
    return lacking.values()
  }

  #conclude(): void {
    const { runtime } = this.#parts
    const report = this.report()
    const isDone = report.images.missing + report.images.unknown === 0
    this.#failures = isDone ? 0 : this.#failures + 1
    const message = formatReadiness(report)
    if (message !== this.#said) {
      this.#said = message
      const facts = { ...report.images, ready: report.ready, first: report.missing[0]?.reason }
      if (isDone) runtime.log.info(facts, message)
      else runtime.log.warn(facts, message)
    }
    const delay = this.#failures === 0 ? RENEW : backoffDelay(AGAIN, this.#failures, runtime.random)
    this.#callOff = runtime.after(delay, () => this.#begin())
  }

  /** What rots, or was taken from the folder, is fetched again. */
  #notice(event: PinEvent): void {
    const isBack = event.kind === 'trouble' && event.trouble === undefined
    if (!isBack && !(event.kind === 'lost' && event.pinned)) return
    // While it is gone through, that comes to it by itself, or is seen by the next turn.
    if (this.#checked === undefined) return
    this.#callOff()
    this.#callOff = this.#parts.runtime.after(SOON, () => this.#begin())
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof PortolanError) return error.message
  return error instanceof Error ? error.message : String(error)
}
