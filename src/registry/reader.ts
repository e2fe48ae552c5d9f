import type { FilePart } from '../internal/file-part.ts'
import type { Digest } from '../oci/digest.ts'
import type { Descriptor } from '../oci/manifest.ts'
import type { Name, Tag } from '../oci/name.ts'
import type { Source } from '../transfer/source.ts'

/**
 * A registry as it is pulled from (OCI distribution spec 1.1, "Pull" and "Content Discovery"): over HTTP, in an image
 * layout, in memory. All of them pass one suite of cases.
 *
 * All of it rejects with a PortolanError: `UNREACHABLE` when it gives no usable answer after retries, `ACCESS_DENIED`
 * for 401 and 403, `FILE_UNREADABLE` for what lies on a disk that cannot be read, `CONTENT_INVALID` when what it gives
 * is not what was asked for. What is not there is `undefined`. Names are as clients of the door use them: the upstream's
 * prefix is put before them here.
 */
export interface RegistryReader {
  /**
   * One repository: what is at hand is read as it is now, however long it is used. `undefined` where it is known that
   * there is none of that name; else nothing is in it.
   */
  repository(name: Name): RepositoryReader | undefined | Promise<RepositoryReader | undefined>
}

/** A registry that is asked from elsewhere: only its answers tell what is there. */
export interface Registry extends RegistryReader {
  /** How to name it to people, such as `registry.test/images`. */
  readonly location: string
  repository(name: Name): RepositoryReader
  /** The names of its repositories, by `_catalog`. */
  catalog(options?: ListOptions): AsyncIterable<Name>
  /** The names of its repositories, by the tag listing of Google's Artifact Registry, which names child repositories. */
  childRepositories(options?: ChildListOptions): AsyncIterable<Name>
  /** Content at an address that one of its manifests names, as anybody may fetch it. */
  elsewhere(url: string): Source
}

/** How a list of names or tags is read. */
export interface ListOptions {
  /** Told of each entry that nothing can be called, which is left out; without it, a list that has one is refused. */
  readonly onInvalid?: (entry: string) => void
}

export interface ChildListOptions extends ListOptions {
  /** False for a path below which nothing is wanted: nobody asks there. */
  readonly mayHold?: (path: string) => boolean
}

/** What one name gives access to: a manifest or blob that nothing in the repository leads to need not be there. */
export interface RepositoryReader {
  /** How to name its registry to people, such as `registry.test/images` or `/srv/layout`. */
  readonly location: string
  /** Every tag, of content at hand in the order of lists. */
  tags(options?: ListOptions): Iterable<Tag> | AsyncIterable<Tag>
  /** What a tag stands for now, without its bytes where they need not be read (`HEAD`). */
  resolve(tag: Tag, options?: ResolveOptions): Promise<ResolvedManifest | undefined>
  /** A manifest, its bytes checked against the digest that was asked for or that the registry states. */
  manifest(reference: Tag | Digest): Promise<FetchedManifest | undefined>
  /**
   * What names this digest as its subject, each with its artifact type and annotations; `unsupported` where the registry
   * has no such list (use the fallback tag).
   */
  referrers(subject: Digest): Promise<readonly Descriptor[] | 'unsupported'>
  /** Whether there is a blob, and of how many bytes. */
  stat(digest: Digest): Promise<BlobInfo | undefined>
  /** The bytes of a blob or of a part of it, not checked against the digest. */
  blob(digest: Digest, options?: BlobOptions): Promise<OpenedBlob | undefined>
}

/** How a tag is looked up by who will read what it stands for. */
export interface ResolveOptions {
  /** What it stood for before; a manifest that is still the same is not wanted. */
  readonly known?: Digest | undefined
}

export interface ResolvedManifest {
  readonly digest: Digest
  /** The manifest, where one answer brought both. */
  readonly manifest?: FetchedManifest
}

/** A manifest or index with the media type that it is read as. */
export interface FetchedManifest {
  readonly digest: Digest
  readonly mediaType: string
  readonly bytes: Uint8Array
}

/** What is known of a blob without its bytes. */
export interface BlobInfo {
  /** Bytes, where the registry says so. */
  readonly size?: number
}

/** Which bytes of a blob are wanted: from `start` up to, not including, `end`; all of them when neither is given. */
export interface BlobOptions {
  readonly start?: number
  readonly end?: number
  /** Ends it, also while the body is read. */
  readonly signal?: AbortSignal
  /** Whether a piece of the body may be over when the next one is read. */
  readonly lend?: boolean
  /** Bytes that all of it should have: then a large one may come in several ranges at once, where one connection is slow. */
  readonly size?: number
}

/** A blob that is being read; its body must be read to its end or cancelled, and gives nothing beyond `end`. */
export interface OpenedBlob {
  /** Where the bytes begin: where they were asked from, or at 0 when the registry ignored that. */
  readonly start: number
  /** Bytes of the whole blob, where the registry says so. */
  readonly size?: number
  readonly body: ReadableStream<Uint8Array>
  /** What the body would give, where that lies in a file: whoever takes it leaves the body alone. */
  readonly part?: FilePart
}
