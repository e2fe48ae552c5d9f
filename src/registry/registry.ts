import type { Digest } from '../oci/digest.ts'
import type { Descriptor } from '../oci/manifest.ts'
import type { Name, Tag } from '../oci/name.ts'

/**
 * A registry as it is pulled from (OCI distribution spec 1.1, "Pull" and "Content Discovery").
 *
 * All of it rejects with a PortolanError: `UNREACHABLE` when it gives no usable answer after retries, `ACCESS_DENIED`
 * for 401 and 403, `CONTENT_INVALID` when what it answers is not what was asked for. What is not there is `undefined`.
 * Names are as clients of the door use them: the upstream's prefix is put before them here.
 */
export interface Registry {
  /** How to name it to people, such as `registry.test/images`. */
  readonly location: string
  /** The names of its repositories, by `_catalog`. */
  catalog(): AsyncIterable<Name>
  /** The names of its repositories, by the tag listing of Google's Artifact Registry, which names child repositories. */
  childRepositories(): AsyncIterable<Name>
  /** Every tag of a repository, page by page; nothing when there is no such repository. */
  tags(name: Name): AsyncIterable<Tag>
  /** What a tag stands for now, without its bytes where the registry says so (`HEAD`). */
  resolve(name: Name, tag: Tag): Promise<ResolvedManifest | undefined>
  /** A manifest, its bytes checked against the digest that was asked for or that the registry states. */
  manifest(name: Name, reference: Tag | Digest): Promise<FetchedManifest | undefined>
  /** What names this digest as its subject; `unsupported` where the registry has no such list (use the fallback tag). */
  referrers(name: Name, subject: Digest): Promise<readonly Descriptor[] | 'unsupported'>
  /** The bytes of a blob from `start` on; not checked against the digest. */
  blob(name: Name, digest: Digest, start?: number, signal?: AbortSignal): Promise<FetchedBlob | undefined>
}

export interface ResolvedManifest {
  readonly digest: Digest
}

export interface FetchedManifest {
  readonly digest: Digest
  readonly mediaType: string
  readonly bytes: Uint8Array
}

export interface FetchedBlob {
  /** Where the bytes begin: 0 when the registry ignored the range that was asked for. */
  readonly start: number
  /** Bytes of the whole blob, where the registry says so. */
  readonly size?: number
  readonly body: ReadableStream<Uint8Array>
}
