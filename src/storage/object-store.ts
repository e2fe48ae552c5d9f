import type { Digest } from '../oci/digest.ts'
import type { FreeSpace } from './free-space.ts'

/** What a store says of one object. */
export interface ObjectInfo {
  readonly key: string
  /** Bytes. */
  readonly size: number
  /** As it is served; absent where the listing of a store does not tell. */
  readonly contentType?: string
  /** When it was written, in milliseconds since 1970. */
  readonly modified: number
}

/** How an object is served to clients. */
export interface ObjectHeaders {
  readonly contentType: string
  readonly cacheControl?: string
}

/** A small object, and what tells it from whatever else is or was written under its key. */
export interface VersionedObject {
  readonly bytes: Uint8Array
  /** As the store puts it: an entity tag, a generation. Empty where it tells none, and so keeps no conditions. */
  readonly version: string
}

/** A part of an object: from `start` up to, not including, `end`. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * A place that keeps bytes by key, as it is written to; every driver passes the same suite of cases.
 *
 * All of it rejects with a PortolanError: `STORE_REFUSED` when the store says no (credentials, permission, no such
 * bucket; the message names what is missing), `UNREACHABLE` when it does not answer after the driver's own retries,
 * `CONTENT_INVALID` when what it says cannot be right.
 */
export interface ObjectStore {
  /** How to name it to people, without credentials: `s3://bucket/prefix`, `/srv/store`. */
  readonly location: string
  /** `undefined` when there is no such object. */
  stat(key: string): Promise<ObjectInfo | undefined>
  /** The bytes of an object or of a part of it; `undefined` when there is none. The stream must be read or cancelled. */
  get(key: string, range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined>
  /**
   * Writes a small object whole, over what was there; nobody ever sees a part of it. True when the store has confirmed,
   * by a checksum of what arrived, that it has these very bytes: of content, whose digest comes with it, a store that can
   * does so.
   */
  put(key: string, bytes: Uint8Array, headers: ObjectHeaders, digest?: Digest): Promise<boolean>
  /**
   * Whether `replace` is known to keep its word. Services that speak a protocol do not all know its conditions, and
   * some take no notice of them: those have to be tried.
   */
  readonly keepsConditions: boolean
  /** A small object whole; `undefined` when there is none. Rejects with `CONTENT_INVALID` when it is over the limit. */
  read(key: string, limit: number): Promise<VersionedObject | undefined>
  /**
   * Writes a small object in the place of the one of this version, or, without a version, only where there is none.
   * False when something else is there, and nothing is written.
   */
  replace(
    key: string,
    bytes: Uint8Array,
    headers: ObjectHeaders,
    version: string | undefined,
  ): Promise<boolean>
  /** Whether an upload can begin with a file that lies on this machine ({@link UploadResume.file}). */
  readonly takesFiles?: boolean
  /** Begins to write a large object, or goes on with an upload that was broken off. */
  upload(key: string, size: number, headers: ObjectHeaders, resume?: UploadResume): Promise<Upload>
  /** Every object whose key begins with `prefix`, in the order of the keys' UTF-8 bytes. Throws when cut short. */
  list(prefix: string): AsyncIterable<ObjectInfo>
  /** Deletes an object; nothing happens when there is none. */
  delete(key: string): Promise<void>
  /** What is left on its disk; absent for a store that has no end. */
  free?(): Promise<FreeSpace | undefined>
  /** Lets go of connections. */
  close(): Promise<void>
}

/** A file that is whole, was compared with its digest as it lies there, and is never written again. */
export interface WholeFile {
  readonly path: string
  /** Whether the object may be this very file, under one more name: no other object is. */
  readonly mayBeIt: boolean
}

/** What makes an upload survive the end of the process. */
export interface UploadResume {
  /** What the bytes must be: a driver that can read them before anybody sees them checks it at `commit`. */
  readonly digest?: Digest
  /** What an earlier upload of the same key and size handed to `save` last; one that is of no use any more is ignored. */
  readonly state?: string
  /** All of its bytes, where the store takes files: then nothing need be written. */
  readonly file?: WholeFile
  /** Called with a new state whenever more bytes are safe in the store; what it returns is awaited. */
  save(state: string): void | Promise<void>
}

/** An object on its way: nobody sees it under its key before `commit`. */
export interface Upload {
  /** How many bytes an earlier upload has already brought: writing begins here. */
  readonly offset: number
  /** Takes the next bytes; resolves when more may come. The driver copies what it keeps. */
  write(bytes: Uint8Array): Promise<void>
  /**
   * Makes the object visible. Rejects with `CONTENT_INVALID` when fewer or more bytes than its size were written. When
   * somebody else has written the same key in the meantime, theirs may stay. True when the store has confirmed, by a
   * checksum of all that arrived, that these very bytes are there.
   */
  commit(): Promise<boolean>
  /** Gives up, and removes from the store what was brought. */
  abort(): Promise<void>
  /** Stops writing, but leaves what was brought for another process to go on with. */
  suspend(): Promise<void>
}
