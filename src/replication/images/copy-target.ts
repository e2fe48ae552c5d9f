import type { Digest } from '../../oci/digest.ts'
import type { Name, Tag } from '../../oci/name.ts'
import type { Reference } from '../../oci/reference.ts'
import type { PushedManifest, RepositoryWriter } from '../../registry/writer.ts'

/** Where images are copied to: a registry, an image layout. It rejects as a {@link RepositoryWriter} does. */
export interface CopyTarget {
  /** How to name it to people, such as `registry.test/images` or `/srv/layout`. */
  readonly location: string
  /** How to name an image of it to people. */
  nameOf(image: Reference): string
  repository(name: Name): TargetRepository
}

/** A repository that images are copied to: written to, and asked what it has. */
export interface TargetRepository extends RepositoryWriter {
  /** What a tag stands for there; `undefined` when there is none. */
  resolve(tag: Tag): Promise<Digest | undefined>
  hasManifest(digest: Digest): Promise<boolean>
  /** Puts a referrer on the list of its subject where the registry keeps no such list itself. */
  listReferrer(subject: Digest, referrer: ListedReferrer): Promise<void>
  /** Notes a manifest that no tag names, where content is found by lists alone. */
  enter?(manifest: PushedManifest): Promise<void>
}

/** A manifest as the list of its subject's referrers has it (OCI distribution spec 1.1, "Referrers Tag Schema"). */
export interface ListedReferrer {
  readonly mediaType: string
  readonly digest: Digest
  readonly size: number
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
}
