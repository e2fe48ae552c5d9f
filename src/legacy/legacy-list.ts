import type { Digest } from '../oci/digest.ts'
import type { Name, Tag } from '../oci/name.ts'

/** What an old name has, and whether the new one has it: written by `portolan legacy check`, read by the door. */
export interface LegacyList {
  /** Of this form. */
  readonly version: 1
  /** The old name. */
  readonly host: string
  /** Where its content was listed, such as `old.example/images`; for people. */
  readonly listedFrom: string
  /** When, ISO 8601. */
  readonly listed: string
  /** Where it was looked for, such as `registry.example`; for people. */
  readonly successor: string
  /** When that began, ISO 8601. */
  readonly checked: string
  readonly counts: LegacyCounts
  /** The first of what is not as it must be. */
  readonly findings: readonly LegacyFinding[]
  readonly repositories: Readonly<Record<Name, LegacyRepository>>
}

/** What one repository of an old name has. */
export interface LegacyRepository {
  readonly tags: Readonly<Record<Tag, Digest>>
  /** By a manifest: what refers to it by its list of referrers or by its fallback tag; only where there are some. */
  readonly referrers?: Readonly<Record<Digest, readonly Digest[]>>
  /** Manifests that its indexes name and that it never had, such as platforms that nobody pushed; only where there are some. */
  readonly lacks?: readonly Digest[]
}

/** How much was looked at, and how it stands. */
export interface LegacyCounts {
  readonly repositories: number
  readonly tags: number
  /** Of images and indexes, each repository for itself, children among them. */
  readonly manifests: number
  readonly blobs: number
  readonly referrers: number
  /** Not at the new name. */
  readonly missing: number
  /** Tags that stand for something else there. */
  readonly different: number
  /** Nobody said. */
  readonly unknown: number
  /** Missing or different, and accepted by an exception. */
  readonly excepted: number
}

/** What is not as it must be. */
export interface LegacyFinding {
  readonly kind: 'missing' | 'different' | 'unknown'
  readonly what: 'repository' | 'tag' | 'manifest' | 'blob' | 'referrer'
  /** Such as `pause:3.9` or `pause@sha256:…`. */
  readonly image: string
  /** What it is, in words. */
  readonly message: string
  /** An image that leads to it, such as `pause:3.9`, where it is none itself. */
  readonly partOf?: string
}

/** How many findings a list names. */
export const FINDINGS_MAX = 1000
