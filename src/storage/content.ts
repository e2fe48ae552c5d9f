import type { Digest } from '../oci/digest.ts'
import type { Descriptor } from '../oci/manifest.ts'
import type { Name, Tag } from '../oci/name.ts'

/** Repositories that are at hand, for a door that answers requests itself. */
export interface Content {
  /** One repository as it is now, `undefined` where there is none of that name; it stays as it is while it is used. */
  repository(name: Name): Repository | undefined | Promise<Repository | undefined>
}

/**
 * What one name gives access to: a manifest or blob that nothing in the repository leads to is not there.
 *
 * The asynchronous ones reject with a PortolanError for what is there but cannot be had: `FILE_UNREADABLE`, or
 * `CONTENT_INVALID` for bytes that are not what the digest or the size says.
 */
export interface Repository {
  /** In the order of {@link compareTags}. */
  readonly tags: readonly Tag[]
  manifest(reference: Tag | Digest): Promise<StoredManifest | undefined>
  /** What names this digest as its subject, each with its artifact type and annotations. */
  referrers(subject: Digest): readonly Descriptor[]
  blob(digest: Digest): Promise<StoredBlob | undefined>
}

/** A manifest or index, its bytes checked against its digest. */
export interface StoredManifest {
  readonly mediaType: string
  readonly digest: Digest
  readonly bytes: Uint8Array
}

/** A blob that can be read in part; its bytes are not checked here, since whoever pulls it checks them. */
export interface StoredBlob {
  readonly size: number
  /** The bytes from `start` up to, not including, `end`. The stream must be read to its end or cancelled. */
  open(start: number, end: number): Promise<ReadableStream<Uint8Array>>
}

/**
 * The order of tags in a list. OCI distribution spec 1.1, "Listing Tags": lexical, without regard to case; tags that
 * differ in case alone are told apart, so that a page can start after any of them.
 */
export function compareTags(a: string, b: string): number {
  return compare(a.toLowerCase(), b.toLowerCase()) || compare(a, b)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
