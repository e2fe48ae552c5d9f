import type { Digest } from '../oci/digest.ts'
import type { AffectedImages } from './affected-images.ts'
import type { AuditBasis } from './audit-basis.ts'
import type { Orphan } from './orphans.ts'
import type { Assurance } from './sample-size.ts'
import type { Strangers } from './strangers.ts'

/** What can be wrong with a store, the worst first. */
export const AUDIT_FINDING_KINDS = [
  /** The inventory is not the one that the operator's key vouches for. */
  'swapped',
  /** The inventory says what is not so: doors send clients to nothing. */
  'mislisted',
  'altered',
  /** A tag of a registry stands for something else than at the upstream. */
  'moved',
  'size',
  'contentType',
  'notPublic',
  'missing',
  /** The store does not prove whose it is: doors that ask for it send no clients there. */
  'unproven',
  /** The store did not say: nothing is known. */
  'unreadable',
  /** The inventory lacks what is there, or cannot be used: doors send fewer clients than they could. */
  'stale',
] as const

export type AuditFindingKind = (typeof AUDIT_FINDING_KINDS)[number]

/** One thing that is wrong, and the images that would fail to pull by it; plain data. */
export interface AuditFinding extends AffectedImages {
  readonly kind: AuditFindingKind
  /** Says what was found and what was expected. */
  readonly message: string
  readonly key?: string
  readonly digest?: Digest
}

export interface StoreAudit {
  readonly store: string
  readonly location: string
  /** What it was compared with. */
  readonly basis: AuditBasis['kind']
  /** In the order of {@link AUDIT_FINDING_KINDS}. */
  readonly findings: readonly AuditFinding[]
  /** What is no fault, or not yet. */
  readonly notes: readonly string[]
  /** The oldest first; absent when they cannot be told, since not all that is reachable, listed or there is known. */
  readonly orphans?: readonly Orphan[]
  /** What else lies there; absent where the store lists no more than the paths of digests. */
  readonly strangers?: Strangers
  /** Blobs and manifests that it should hold. */
  readonly expected: number
  /** Of these, those that are there in the right size; absent when the store refused to be listed. */
  readonly held?: number
  /** How many were downloaded and compared with their digest, and their bytes. */
  readonly read: number
  readonly readBytes: number
  /** How many were fetched as clients fetch them. */
  readonly fetched: number
  readonly fetchedBytes: number
  /** What all of it took: of the store with credentials, and as clients make them. */
  readonly requests: { readonly store: number; readonly clients: number }
  /** What a sample in which nothing is wrong says of all; absent where all was looked at, or something is wrong. */
  readonly assurance?: Assurance
}

/** The audit of an upstream that is filled. Content counts once for each repository that it should be in. */
export interface RegistryAudit {
  /** The id of the upstream. */
  readonly store: string
  readonly location: string
  /** In the order of {@link AUDIT_FINDING_KINDS}; the key is `NAME@DIGEST`, or `NAME:TAG` of a tag. */
  readonly findings: readonly AuditFinding[]
  /** What is no fault. */
  readonly notes: readonly string[]
  /** Tags that it should have. */
  readonly tags: number
  /** Blobs and manifests that it should have. */
  readonly expected: number
  /** Of these, those that it says are there, in the right size. */
  readonly held: number
  /** How many were read and compared with their digest, and their bytes. */
  readonly read: number
  readonly readBytes: number
  /** What a sample in which nothing is wrong says of all; absent where all was looked at, or something is wrong. */
  readonly assurance?: Assurance
}

/** What an audit found; plain data, ready for JSON. */
export interface AuditReport {
  /** When it began, in milliseconds since 1970. */
  readonly at: number
  readonly stores: readonly StoreAudit[]
  readonly registries: readonly RegistryAudit[]
  /** What could not be read at the upstream: what lies behind it was not looked for. */
  readonly faults: readonly string[]
}
