import type { Digest } from '../oci/digest.ts'
import { bytesOnDisk, type Content, type Contents } from './contents.ts'
import type { FoundPartial } from './disk.ts'

/** So many contents at most, however small they are: each takes memory too. */
const MAX_CONTENTS = 1_000_000
/** What names lead to is dropped only where it takes more than this part of the space. */
const NEEDED_SHARE = 1 / 4

/** What a {@link Space} is made from. */
export interface SpaceParts {
  readonly contents: Contents
  /** Whether a name still leads to it, so that it outlives contents that were used later. */
  readonly isNeeded: (digest: Digest) => boolean
  /** Removes a content's file. */
  readonly remove: (content: Content) => Promise<void>
  readonly removePartial: (digest: Digest) => Promise<void>
  /** Told of what had to go. */
  readonly evicted: (content: Content) => void
}

/** Place for something on its way. */
export interface Lot {
  /** What was there of it. */
  readonly found: FoundPartial | undefined
  /** Says how large it will be; false when it cannot be had beside what may not go. */
  expect(size: number): boolean
  /** Makes place for more bytes of it; false when there is none. Rejects when nothing can be removed. */
  take(bytes: number): boolean | Promise<boolean>
  /** It is no longer on its way; `rest` of it is left for another time. */
  end(rest?: FoundPartial): void
}

/** How much of the disk is taken, downloads on their way included, and what goes for what comes. */
export class Space {
  readonly #parts: SpaceParts
  readonly #limit: number
  /** Downloads that nobody goes on with, the oldest first. */
  readonly #idle = new Map<Digest, FoundPartial>()
  #idleBytes = 0
  /** Bytes of downloads that go on. */
  #running = 0
  /** What those will have when they are whole. */
  #promised = 0
  /** Bytes of what is being removed. */
  #leaving = 0
  /** Grows when the disk is taken anew. */
  #epoch = 0
  readonly #removing = new Map<Digest, Promise<void>>()
  #making: Promise<unknown> | undefined

  constructor(limit: number, parts: SpaceParts) {
    this.#limit = limit
    this.#parts = parts
  }

  get limit(): number {
    return this.#limit
  }

  /** Bytes that are taken. */
  get used(): number {
    return this.#parts.contents.bytes + this.partialBytes + this.#leaving
  }

  /** Bytes of downloads, whether they go on or not. */
  get partialBytes(): number {
    return this.#idleBytes + this.#running
  }

  get idle(): readonly FoundPartial[] {
    return [...this.#idle.values()]
  }

  /** Takes downloads that nobody goes on with in place of those that there were; those that go on count no more. */
  replaceIdle(found: readonly FoundPartial[]): void {
    this.#epoch++
    this.#running = 0
    this.#promised = 0
    this.#idle.clear()
    this.#idleBytes = 0
    for (const each of found.toSorted((a, b) => a.changed - b.changed)) this.#addIdle(each)
  }

  /** Place for a download; what an earlier one brought of it is part of that. */
  resume(digest: Digest): Lot {
    const found = this.#idle.get(digest)
    if (found === undefined) return this.begin()
    this.#removeIdle(found)
    return this.begin(found)
  }

  /** Place for something on its way, of which `found` is there. */
  begin(found?: FoundPartial): Lot {
    const epoch = this.#epoch
    let [taken, promised] = [found?.length ?? 0, 0]
    this.#running += taken
    return {
      found,
      expect: (size) => {
        const bytes = bytesOnDisk(size)
        const fixed = this.#parts.contents.fixedBytes + this.#promised - promised
        if (fixed + bytes > this.#limit) return false
        this.#promised += bytes - promised
        promised = bytes
        return true
      },
      take: (bytes) => {
        const add = (enough: boolean) => {
          if (!enough || epoch !== this.#epoch) return enough
          taken += bytes
          this.#running += bytes
          return true
        }
        if (this.#making === undefined && this.#lacks(bytes) <= 0) return add(true)
        return this.#inTurn(async () => {
          await this.#evict(this.#lacks(bytes))
          // What was promised is kept, should others have taken hold of what was to go: by one content too much at most.
          return add(this.#lacks(bytes) <= promised)
        })
      },
      end: (rest) => {
        if (epoch !== this.#epoch) return
        this.#running -= taken
        this.#promised -= promised
        taken = 0
        promised = 0
        if (rest !== undefined && rest.length > 0) this.#addIdle(rest)
      },
    }
  }

  /** Removes what is too much. */
  async trim(): Promise<void> {
    await this.#inTurn(() => this.#evict(this.#lacks(0)))
  }

  /** Removes so many bytes, whatever the limit says; gives how many it were. */
  shrink(bytes: number): Promise<number> {
    return this.#inTurn(() => this.#evict(bytes))
  }

  /** Removes a content for another reason than place. */
  async drop(content: Content): Promise<void> {
    await this.#removeContent(content)
  }

  async dropPartial(partial: FoundPartial): Promise<void> {
    await this.#removePartial(partial)
  }

  /** Resolves when nothing of this digest is being removed, so that it may be written. */
  async settled(digest: Digest): Promise<void> {
    await this.#removing.get(digest)?.catch(() => {})
  }

  #lacks(bytes: number): number {
    const one = bytes > 0 && this.#parts.contents.count >= MAX_CONTENTS ? 1 : 0
    return Math.max(one, this.used + bytes - this.#limit)
  }

  /** One after the other: two who need place must not both drop for it. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#making
    const mine = (async () => {
      await before?.catch(() => {})
      return work()
    })()
    this.#making = mine
    try {
      return await mine
    } finally {
      if (this.#making === mine) this.#making = undefined
    }
  }

  /** Gives how many bytes are gone, or were going already. */
  async #evict(bytes: number): Promise<number> {
    if (bytes <= 0) return 0
    const { contents, evicted } = this.#parts
    let left = bytes - this.#leaving
    const removals: Promise<void>[] = [...this.#removing.values()]
    for (const partial of this.#idle.values()) {
      if (left <= 0) break
      left -= bytesOnDisk(partial.length)
      removals.push(this.#removePartial(partial))
    }
    for (const content of this.#victims(contents)) {
      if (left <= 0) break
      left -= bytesOnDisk(content.size)
      evicted(content)
      removals.push(this.#removeContent(content))
    }
    await Promise.all(removals)
    return bytes - left
  }

  /** What may go, in the order in which it should; what may not is looked at again only when all others were. */
  *#victims(contents: Contents): Generator<Content> {
    const needed: Content[] = []
    let neededBytes = 0
    let left = contents.count
    for (const content of contents) {
      if (left-- === 0) break
      if (content.held > 0 || contents.isPinned(content)) contents.renew(content)
      else if (this.#parts.isNeeded(content.digest)) {
        needed.push(content)
        neededBytes += bytesOnDisk(content.size)
        contents.renew(content)
      } else yield content
    }
    for (const content of needed) {
      if (neededBytes <= this.#limit * NEEDED_SHARE) return
      neededBytes -= bytesOnDisk(content.size)
      yield content
    }
  }

  #addIdle(partial: FoundPartial): void {
    this.#idle.set(partial.digest, partial)
    this.#idleBytes += bytesOnDisk(partial.length)
  }

  #removeIdle(partial: FoundPartial): void {
    if (this.#idle.delete(partial.digest)) this.#idleBytes -= bytesOnDisk(partial.length)
  }

  #removePartial(partial: FoundPartial): Promise<void> {
    this.#removeIdle(partial)
    return this.#removal(partial.digest, bytesOnDisk(partial.length), async () => {
      await this.#parts.removePartial(partial.digest).catch((error) => {
        this.#addIdle(partial)
        throw error
      })
    })
  }

  #removeContent(content: Content): Promise<void> {
    const { contents, remove } = this.#parts
    contents.drop(content)
    return this.#removal(content.digest, bytesOnDisk(content.size), async () => {
      await remove(content).catch((error) => {
        contents.restore(content)
        throw error
      })
    })
  }

  #removal(digest: Digest, bytes: number, remove: () => Promise<void>): Promise<void> {
    this.#leaving += bytes
    const removal = this.#removeAfter(this.#removing.get(digest), bytes, remove)
    const end = () => {
      if (this.#removing.get(digest) === removal) this.#removing.delete(digest)
    }
    removal.then(end, end)
    this.#removing.set(digest, removal)
    return removal
  }

  async #removeAfter(
    before: Promise<void> | undefined,
    bytes: number,
    remove: () => Promise<void>,
  ): Promise<void> {
    await before?.catch(() => {})
    try {
      await remove()
    } finally {
      this.#leaving -= bytes
    }
  }
}
