import type { Digest } from '../oci/digest.ts'
import type { FoundContent } from './disk.ts'

/** Of most file systems: a file takes whole blocks of it. */
const BLOCK = 4096

/** Bytes that a file of this size takes on a disk. */
export function bytesOnDisk(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK
}

/** A content that is kept. */
export interface Content {
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
  /** When it was compared with its digest last, in milliseconds since 1970. */
  verified: number
  /** When it was used last, in milliseconds since 1970. */
  used: number
  /** How many have it open. */
  held: number
}

/** What is kept, those first that were not used for the longest time; all in memory. */
export class Contents {
  #contents = new Map<Digest, Content>()
  #pinned: ReadonlySet<Digest> = new Set()
  #bytes = 0
  /** Of those that are held or pinned. */
  #fixed = 0
  /** Those whose times are not on disk yet. */
  #changed = new Set<Content>()

  get count(): number {
    return this.#contents.size
  }

  /** Bytes that they take on disk. */
  get bytes(): number {
    return this.#bytes
  }

  /** Bytes on disk of those that cannot go. */
  get fixedBytes(): number {
    return this.#fixed
  }

  get pinned(): ReadonlySet<Digest> {
    return this.#pinned
  }

  get(digest: Digest): Content | undefined {
    return this.#contents.get(digest)
  }

  [Symbol.iterator](): MapIterator<Content> {
    return this.#contents.values()
  }

  /**
   * Takes all that was found in place of what there was; those that are open are forgotten, not closed. What is said to
   * have been verified after `now` was not.
   */
  replace(found: readonly FoundContent[], now: number): void {
    this.#contents = new Map()
    this.#changed = new Set()
    this.#bytes = 0
    this.#fixed = 0
    for (const each of found.toSorted((a, b) => a.used - b.used)) {
      this.#insert({ ...each, verified: each.verified > now ? 0 : each.verified, held: 0 })
    }
  }

  /** A content that has just been verified. */
  add(digest: Digest, size: number, now: number): Content {
    const before = this.#contents.get(digest)
    if (before !== undefined) {
      this.verified(before, now)
      return before
    }
    const content = { digest, size, verified: now, used: now, held: 0 }
    this.#insert(content)
    // Its file has these times by itself.
    return content
  }

  drop(content: Content): void {
    if (this.#contents.get(content.digest) !== content) return
    this.#contents.delete(content.digest)
    this.#changed.delete(content)
    this.#bytes -= bytesOnDisk(content.size)
    if (this.#isFixed(content)) this.#fixed -= bytesOnDisk(content.size)
  }

  /** Takes back one that could not be dropped after all. */
  restore(content: Content): void {
    if (!this.#contents.has(content.digest)) this.#insert(content)
  }

  /** Takes note of a use: nothing is written. */
  use(content: Content, now: number): void {
    content.used = now
    this.#changed.add(content)
    this.renew(content)
  }

  verified(content: Content, now: number): void {
    content.verified = now
    this.#changed.add(content)
  }

  /** Puts one behind all others, as if it had been used. */
  renew(content: Content): void {
    if (this.#contents.get(content.digest) !== content) return
    this.#contents.delete(content.digest)
    this.#contents.set(content.digest, content)
  }

  /** Keeps one from going until the function that it gives is called, of which a second call does nothing. */
  hold(content: Content): () => void {
    this.#hold(content, 1)
    let isHeld = true
    return () => {
      if (isHeld) this.#hold(content, -1)
      isHeld = false
    }
  }

  isPinned({ digest }: Content): boolean {
    return this.#pinned.has(digest)
  }

  /** Says which may never go, in place of those that were said before. */
  setPinned(digests: ReadonlySet<Digest>): void {
    this.#pinned = digests
    this.#fixed = 0
    for (const content of this) if (this.#isFixed(content)) this.#fixed += bytesOnDisk(content.size)
  }

  /** Whether somebody has it open, or wants it always. */
  #isFixed(content: Content): boolean {
    return content.held > 0 || this.isPinned(content)
  }

  /** Those whose times changed since this was called last. */
  takeChanged(): readonly Content[] {
    const changed = [...this.#changed]
    this.#changed.clear()
    return changed
  }

  #hold(content: Content, by: number): void {
    const wasFixed = this.#isFixed(content)
    content.held += by
    if (this.#contents.get(content.digest) !== content) return
    const isFixed = this.#isFixed(content)
    if (wasFixed !== isFixed) this.#fixed += (isFixed ? 1 : -1) * bytesOnDisk(content.size)
  }

  #insert(content: Content): void {
    this.#contents.set(content.digest, content)
    this.#bytes += bytesOnDisk(content.size)
    if (this.#isFixed(content)) this.#fixed += bytesOnDisk(content.size)
  }
}
