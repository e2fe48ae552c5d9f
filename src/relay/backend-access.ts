import type { Digest } from '../oci/digest.ts'
import type { Name } from '../oci/name.ts'
import type { RepositoryReader } from '../registry/reader.ts'
import type { Backend, Upstream } from '../routing/backend.ts'
import type { OpenedSource } from '../transfer/source.ts'

/** Bytes of a blob: from `start` up to, not including, `end`; all from `start` on without an end. */
export interface BlobPart {
  readonly start: number
  readonly end?: number
  readonly signal: AbortSignal
}

/** How a relay gets at what backends hold: the only way from here to a network or a disk. */
export interface BackendAccess {
  /** A repository of an upstream, with its credentials. */
  repository(upstream: Upstream, name: Name): Promise<RepositoryReader | undefined>
  /** A blob at a backend, under a name at an upstream and under its digest alone at a store; not checked. */
  blob(backend: Backend, name: Name, digest: Digest, part: BlobPart): Promise<OpenedSource | undefined>
}

/** What is asked of a mirror, as far as all questions have it in common. */
export interface RelayedRequest {
  /** The host that images name; empty for one without a name. */
  readonly registry: string
  readonly name: Name
  /**
   * Who is to be asked, the best first, the canonical upstream among them; asked for only when something has to be
   * fetched. Does not reject.
   */
  readonly backends: () => Promise<readonly Backend[]>
}
