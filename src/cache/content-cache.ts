import type { Digest } from '../oci/digest.ts'
import type { NextSource } from '../transfer/source.ts'
import type { WantedBlob } from '../transfer/transfer-error.ts'

/**
 * What a mirror keeps: contents by digest, each of which matched it when it was taken in. One process has it. Trouble
 * with its disk never fails a request: what cannot be read is not there, and what cannot be kept is not taken.
 */
export interface ContentCache extends AsyncDisposable {
  /** Whether it has a content whole, and of how many bytes; from memory. */
  stat(digest: Digest): CachedContent | undefined
  /** Opens a content, which then stays on disk until it is closed; `undefined` when it is not there after all. */
  open(digest: Digest): Promise<HeldContent | undefined>
  /** A small content whole, such as a manifest. */
  read(digest: Digest): Promise<Uint8Array | undefined>
  /** Keeps a small content that its caller has verified; false when it cannot. */
  put(digest: Digest, bytes: Uint8Array): Promise<boolean>
  /**
   * The fill of a blob: the one that goes on, or a new one from these sources. `undefined` when it cannot take it, so
   * that whoever wants it must fetch it for himself.
   */
  fill(blob: WantedBlob, sources: NextSource): Fill | undefined
  /** The fill of a blob that goes on now. */
  filling(digest: Digest): Fill | undefined
  readonly records: CacheRecords
}

export interface CachedContent {
  readonly size: number
  /** When its bytes were last compared with the digest, in milliseconds since 1970. */
  readonly verified: number
}

/** A content that is being read. */
export interface HeldContent {
  readonly size: number
  /** An open file, which `close` closes: it can be read even when its name is gone. */
  readonly descriptor: number
  /** Where it lies below the folder of the cache; absent where nobody but us can read it. */
  readonly path?: string
  close(): void
}

/** A download into the cache, which goes on whatever its readers do. */
export interface Fill {
  /** Bytes of the blob, as soon as they are known. Rejects as {@link ended} does. */
  readonly size: Promise<number>
  /** How many of its bytes can be read now; none before its size is known. */
  readonly position: number
  /**
   * Bytes from `start` up to, not including, `end`, as they come. What comes last is given only when all of the blob has
   * matched its digest. Throws as {@link ended} does; with `FILE_UNWRITABLE` or `FILE_UNREADABLE` when it is the disk that
   * failed, or has no place: what was given is what came, and the rest can be had elsewhere.
   */
  read(part: FilledPart): AsyncIterable<Uint8Array>
  /** The file that it comes into; `undefined` where that is none, and when it is over. Rejects as {@link ended} does. */
  file(): Promise<FilledFile | undefined>
  /** Resolves when the content is kept; rejects when what came is not it, when nothing came, and when the disk fails. */
  readonly ended: Promise<void>
}

/** A file that a fill writes to, for whoever reads it himself. Until it is closed it can be read. */
export interface FilledFile {
  readonly descriptor: number
  /** How many of its bytes may be read now. */
  readonly position: number
  /** Resolves when more may be read than up to a position; rejects when none will come. */
  passed(position: number): Promise<void>
  close(): void
}

export interface FilledPart {
  readonly start: number
  readonly end: number
  readonly signal: AbortSignal
  /**
   * Is read into where it is large enough: what was given before is then overwritten by what comes next. Without it,
   * every piece is the reader's own.
   */
  readonly buffer?: Uint8Array
}

/** What a mirror knows of names; all of it survives the process. */
export interface CacheRecords {
  /** What a question was answered with last. */
  answer(question: NamedQuestion): LastAnswer | undefined
  /** Records an answer; `undefined` that there is none any more. */
  setAnswer(question: NamedQuestion, answer: LastAnswer | undefined): void
  /** What is known of a digest in one repository: that it may be read there. Nothing is, once the content is dropped. */
  link(repository: CachedRepository, digest: Digest): ContentLink | undefined
  /** What is known of a digest in all repositories. */
  links(digest: Digest): Iterable<readonly [CachedRepository, ContentLink]>
  /** Records that a repository has these. */
  setLinks(repository: CachedRepository, links: ReadonlyMap<Digest, ContentLink>): void
  /** All answers to questions of one kind in a repository. */
  answers(repository: CachedRepository, kind: NamedQuestion['kind']): Iterable<readonly [string, LastAnswer]>
}

/** A repository as a registry's host and its name there, so that equal names at two registries are two. */
export interface CachedRepository {
  readonly registry: string
  readonly name: string
}

/** Something that a name stands for, and that may change: a tag, the list of tags, the referrers of a digest. */
export interface NamedQuestion extends CachedRepository {
  readonly kind: 'tag' | 'tags' | 'referrers'
  /** The tag, or the digest whose referrers are meant; empty for the list of tags. */
  readonly of: string
}

export interface LastAnswer {
  /** The content that is the answer. */
  readonly digest: Digest
  readonly mediaType: string
  /** When the upstream said so last, in milliseconds since 1970. */
  readonly confirmed: number
  /** Its entity tag at the upstream, for a conditional request. */
  readonly etag?: string
}

/** A content as a repository has it. */
export interface ContentLink {
  /** Bytes, where that is known. */
  readonly size?: number
  /** Of a manifest; absent for a blob. */
  readonly mediaType?: string
  /** Of a manifest: what it names, all of which is to be kept with it. */
  readonly children?: readonly Digest[]
  /** An upstream gave it there, or said that it has it; otherwise a manifest names it, which may name anything. */
  readonly given?: true
}
