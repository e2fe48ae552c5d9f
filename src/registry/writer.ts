import type { Digest } from '../oci/digest.ts'
import type { Name, Tag } from '../oci/name.ts'

/**
 * A registry as it is pushed to (OCI distribution spec 1.1, "Push").
 *
 * All of it rejects with a PortolanError: `UNREACHABLE` when it gives no usable answer after retries, `ACCESS_DENIED`
 * for 401 and 403, `STORE_REFUSED` when it says no for good, `CONTENT_INVALID` when it takes what it was given for something else; and with the reason of a
 * signal.
 */
export interface RegistryWriter {
  /** How to name it to people, such as `registry.test/images`. */
  readonly location: string
  repository(name: Name): RepositoryWriter
}

/** A repository that is pushed to: blobs first, then what names them, tags last. */
export interface RepositoryWriter {
  readonly location: string
  /** Whether it is done with a piece of a blob when it reads the next one. */
  readonly takesLent?: boolean
  /** Whether it has a blob. */
  hasBlob(digest: Digest): Promise<boolean>
  /** Whether it has a manifest. */
  hasManifest(digest: Digest): Promise<boolean>
  /** Brings a blob there, in as few requests as the registry allows, and goes on where it broke off. */
  putBlob(blob: PushedBlob, options?: PutBlobOptions): Promise<PutBlobResult>
  /** Stores a manifest or an index under its digest or a tag; the registry must have all that it names. */
  putManifest(reference: Tag | Digest, manifest: PushedManifest): Promise<PutManifestResult>
}

/** A blob, and where its bytes come from. */
export interface PushedBlob {
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
  /** The bytes from `start` on; called again when a push has broken off. */
  read(start: number): ReadableStream<Uint8Array>
  /** Whether a piece of them may be over when the next one is read. */
  readonly lend?: boolean
}

export interface PutBlobOptions {
  /** Another repository of the registry that has it, from which it may be mounted without any bytes. */
  readonly from?: Name | undefined
  /** An upload that an earlier process has begun, as it was handed to `save`. */
  readonly session?: string | undefined
  /** Told of an upload that another process could go on with. */
  readonly save?: ((session: string) => void | Promise<void>) | undefined
  readonly signal?: AbortSignal
}

export interface PutBlobResult {
  readonly how: 'mounted' | 'uploaded'
  /** Bytes that went over the line, those of broken-off attempts too. */
  readonly sent: number
}

/** A manifest as it is pushed: its bytes as they are, since anything else has another digest. */
export interface PushedManifest {
  readonly digest: Digest
  readonly mediaType: string
  readonly bytes: Uint8Array
}

export interface PutManifestResult {
  /** Whether the registry lists it among the referrers of its subject; else the fallback tag has to (`OCI-Subject`). */
  readonly listsSubject: boolean
}
