import type { PortolanError } from '../errors.ts'
import type { Digest } from '../oci/digest.ts'
import type { Name, Tag } from '../oci/name.ts'

/** Everything that the chosen tags of an upstream lead to. */
export interface Reachable {
  readonly images: readonly ReachableImage[]
  /** What each repository leads to; what could not be read is in none of them. */
  readonly repositories: readonly ReachedRepository[]
  /** Each after everything that it names, so that storing them in this order never leaves one that dangles. */
  readonly manifests: ReadonlyMap<Digest, ReachableManifest>
  readonly blobs: ReadonlyMap<Digest, ReachableBlob>
  /** What could not be read, each naming the image: what lies behind it is not in here. */
  readonly faults: readonly PortolanError[]
}

export interface ReachedRepository {
  readonly name: Name
  /** Manifests. */
  readonly reached: ReadonlySet<Digest>
}

export interface ReachableImage {
  readonly name: Name
  readonly tag: Tag
  readonly digest: Digest
}

export interface ReachableManifest {
  readonly digest: Digest
  readonly mediaType: string
  readonly size: number
  /** A repository that has it. */
  readonly name: Name
  /** Others that lead to it, a few. */
  readonly alsoIn?: readonly Name[]
  /** Blobs and manifests that it names and that are reachable too; not its subject. */
  readonly content: readonly Digest[]
  /** What it is about. */
  readonly subject?: Digest
  /** Whether something that it names, and that is wanted, could not be read. */
  readonly isPartial?: boolean
}

export interface ReachableBlob {
  readonly digest: Digest
  /** Bytes; absent where nobody says (Docker's schema 1). */
  readonly size?: number
  /** A repository that has it. */
  readonly name: Name
  /** Others that lead to it, a few. */
  readonly alsoIn?: readonly Name[]
  /** Of a foreign layer: where it lies, should no repository have it. */
  readonly urls?: readonly string[]
}
