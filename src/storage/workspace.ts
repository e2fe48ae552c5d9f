import type { Digest } from '../oci/digest.ts'
import type { Spool } from '../transfer/spool.ts'
import type { FreeSpace } from './free-space.ts'

/**
 * What `sync` keeps on its own disk, so that the end of the process at any moment costs nothing but the time since: the
 * manifests of the upstream, blobs on their way, uploads that were begun, and what is done.
 */
export interface Workspace {
  /** Aborted with `LEASE_LOST` once another process has it: a process may be stopped for an hour and not know of it. */
  readonly lost: AbortSignal
  /** Whether whoever had it before has given it back: otherwise what was being done then may be half done. */
  readonly inOrder: boolean
  /** To be awaited before anything is written anywhere. Rejects with `LEASE_LOST`. */
  check(): Promise<void>
  /** A manifest that was kept; its bytes are checked against its digest. */
  manifest(digest: Digest): Promise<KeptManifest | undefined>
  keepManifest(digest: Digest, manifest: KeptManifest): Promise<void>
  /** Opens the file of a blob on its way; what an earlier process brought is still in it. */
  spool(digest: Digest): Promise<Spool>
  /** Deletes the spools of blobs that nobody wants any more. */
  tidySpools(wanted: (digest: Digest) => boolean): Promise<void>
  /** An upload of this blob to this store that was begun and not ended. */
  upload(store: string, digest: Digest): BegunUpload | undefined
  saveUpload(store: string, digest: Digest, state: string): Promise<void>
  endUpload(store: string, digest: Digest): Promise<void>
  /** What was stored and verified in this store since its inventory was written, each with what it was noted with. */
  done(store: string): ReadonlyMap<Digest, Done>
  noteDone(store: string, digest: Digest, done: Done): Promise<void>
  /** Forgets what is done in a store: it is in the inventory now. */
  settle(store: string): Promise<void>
  /** A small file of its own, such as a copy of a store's inventory. Names are of a-z, 0-9, ".", "-" and "_". */
  file(name: string): Promise<Uint8Array | undefined>
  keepFile(name: string, bytes: Uint8Array): Promise<void>
  /** What is left on its disk; `undefined` where nobody says. */
  free(): Promise<FreeSpace | undefined>
  /** Lets another process have it. */
  close(): Promise<void>
}

export interface KeptManifest {
  readonly mediaType: string
  readonly bytes: Uint8Array
}

export interface BegunUpload {
  /** The last one that was saved. */
  readonly state: string
  /** Whether the blob's spool was empty since: what was sent before may be other bytes than those that are in it now. */
  readonly stale?: boolean
}

export interface Done {
  readonly size: number
  /** Of a manifest; absent for a blob. */
  readonly mediaType?: string
}
