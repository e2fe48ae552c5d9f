import type { PortolanError } from '../../errors.ts'
import type { Digest } from '../../oci/digest.ts'
import type { Name, Tag } from '../../oci/name.ts'
import type { Collected } from '../collect.ts'
import type { ManifestContent } from '../manifest-content.ts'

/** Where it is known from what an old name has: the registry where it lies, or the list that an earlier check has written. */
export interface OldName {
  /** How to name that place to people, such as `old-backend.example/images`. */
  readonly listedFrom: string
  /** When it was listed, ISO 8601. */
  readonly listed: string
  /** Whether somebody has named its repositories, so that each must have something. */
  readonly isNamed?: boolean
  /** Its repositories, as far as the list of them came. */
  names(): Promise<Collected<Name>>
  read(name: Name): Promise<ReadOldRepository>
}

/** What one repository of an old name has. */
export interface OldRepository {
  readonly name: Name
  /** All of them, those of signatures included. */
  readonly tags: ReadonlyMap<Tag, Digest>
  /** By a manifest, what refers to it. */
  readonly referrers: ReadonlyMap<Digest, readonly Digest[]>
  /** Manifests that it names and never had. */
  readonly lacks: ReadonlySet<Digest>
  /** The manifests that its tags and referrers lead to, where they were read. */
  readonly contents: ReadonlyMap<Digest, ManifestContent>
}

/** One repository of an old name, as far as it could be read. */
export interface ReadOldRepository extends OldRepository {
  /** Why it may have tags beside these: a list without them would be wrong. */
  readonly incomplete: readonly PortolanError[]
  /** What could not be read behind its tags: nobody knows what else the new name must have. */
  readonly faults: readonly PortolanError[]
  readonly warnings: readonly string[]
}
