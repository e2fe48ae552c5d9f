import { PortolanError } from '../errors.ts'
import type { Observers } from '../internal/observers.ts'
import { type Digest, digestAlgorithm, digestEncoded } from '../oci/digest.ts'
import type { HashAlgorithm, Runtime } from '../runtime.ts'
import type { Content, Contents } from './contents.ts'
import type { OpenContent } from './disk.ts'
import type { CacheEvent } from './events.ts'
import type { OpenKept } from './kept-fill.ts'
import type { MountedDisk } from './mounted-disk.ts'
import type { Records } from './records.ts'
import type { Space } from './space.ts'

/** What the parts of a cache share. */
export interface CacheParts {
  readonly runtime: Runtime
  readonly location: string
  readonly contents: Contents
  readonly records: Records
  readonly space: Space
  readonly disk: MountedDisk
  readonly events: Observers<CacheEvent>
}

/** What is read whole is small; it is compared with its digest each time. */
const READ_MAX = 16 * 1024 * 1024
/** Of a process that has too many files open: the disk is well. */
const TOO_MANY_FILES: readonly unknown[] = ['EMFILE', 'ENFILE']

/** Contents as they are read, added, and lost. */
export class Kept {
  readonly #parts: CacheParts

  constructor(parts: CacheParts) {
    this.#parts = parts
  }

  /** Opens a content, which stays until it is closed; `undefined` when it cannot be had. */
  async open(digest: Digest): Promise<OpenContent | undefined> {
    const { contents } = this.#parts
    const content = contents.get(digest)
    if (content === undefined) return undefined
    contents.use(content, this.#date())
    try {
      return await this.openUnused(content)
    } catch (error) {
      const reason = error instanceof PortolanError ? error.facts.reason : undefined
      if (!TOO_MANY_FILES.includes(reason)) await this.lose(content, error)
      return undefined
    }
  }

  /** The same, which is no use of it. Rejects with `FILE_UNREADABLE` when its file is gone, or has another size. */
  async openUnused(content: Content): Promise<OpenContent | undefined> {
    const { contents, disk } = this.#parts
    const volume = disk.readable
    if (volume === undefined || contents.get(content.digest) !== content) return undefined
    const release = contents.hold(content)
    let opened: OpenContent | undefined
    try {
      opened = await volume.open(content.digest)
      if (opened?.size !== content.size) throw unreadable(content, opened)
    } catch (error) {
      opened?.close()
      release()
      throw error
    }
    const { size, descriptor, path, read, close } = opened
    return {
      ...{ size, descriptor, read, ...(path !== undefined && { path }) },
      close() {
        close()
        release()
      },
    }
  }

  /** Opens a content that a reader counts on. Rejects with `FILE_UNREADABLE`. */
  readonly reopen: OpenKept = async (digest) => {
    const opened = await this.open(digest)
    if (opened !== undefined) return opened
    throw new PortolanError('FILE_UNREADABLE', `${digest} is not there any more`, { digest })
  }

  /** A small content whole; `undefined` when it cannot be had, or is not what it was. */
  async read(digest: Digest): Promise<Uint8Array | undefined> {
    const content = this.#parts.contents.get(digest)
    if (content === undefined || content.size > READ_MAX) return undefined
    const opened = await this.open(digest)
    if (opened === undefined) return undefined
    try {
      const bytes = await opened.read(0, opened.size)
      if (this.#isRight(bytes, digest)) return bytes
      await this.lose(content, 'it is not what it was')
    } catch (error) {
      await this.lose(content, error)
    } finally {
      opened.close()
    }
    return undefined
  }

  /** Takes note of a content that has just been verified and written. */
  add(digest: Digest, size: number): Content {
    const { contents, events } = this.#parts
    const content = contents.add(digest, size, this.#date())
    events.notify({ kind: 'kept', digest, size })
    return content
  }

  /** A content that cannot be had any more is dropped, with what is left of it. */
  async lose(content: Content, why: unknown): Promise<void> {
    const { contents, records, space, events, runtime } = this.#parts
    const { digest, size } = content
    if (contents.get(digest) !== content) return
    const pinned = contents.isPinned(content)
    const reason = why instanceof Error ? why.message : String(why)
    runtime.log.warn({ digest, size }, `a content is lost: ${reason}`)
    try {
      await space.drop(content)
    } catch {
      // What cannot be removed either is the disk's trouble, which is noted; the content may be well.
      return
    }
    records.dropContent(digest)
    events.notify({ kind: 'lost', digest, size, pinned })
  }

  #isRight(bytes: Uint8Array, digest: Digest): boolean {
    const hash = this.#parts.runtime.createHash(digestAlgorithm(digest) as HashAlgorithm)
    hash.update(bytes)
    return hash.hex() === digestEncoded(digest)
  }

  #date(): number {
    return this.#parts.runtime.date().getTime()
  }
}

function unreadable({ digest, size }: Content, found: OpenContent | undefined): PortolanError {
  const what =
    found === undefined ? 'its file is gone' : `its file has ${found.size} bytes instead of ${size}`
  return new PortolanError('FILE_UNREADABLE', `${digest}: ${what}`, { digest })
}
