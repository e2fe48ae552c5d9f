import type { Place } from '../clouds/place.ts'
import { type Digest, digestAlgorithm, digestEncoded } from '../oci/digest.ts'
import { formatPath, type OciRequest } from '../oci/path.ts'

/** A trusted registry. `url` is absent when the door answers for it itself, from an image layout. */
export interface Upstream {
  readonly kind: 'upstream'
  readonly id: string
  readonly place: Place
  readonly canonical: boolean
  /** Whether it has all that the canonical upstream has; if not, it is asked before anyone is sent there. */
  readonly complete: boolean
  /**
   * Whether what it is complete of includes signatures, attestations and other referrers, and what these name. If not,
   * it is asked for whatever a digest names: nobody can tell from a digest whether a signature names it.
   */
  readonly signatures: boolean
  readonly url?: string
  readonly prefix: string
}

/** An untrusted place that holds bytes by digest. */
export interface Store {
  readonly kind: 'store'
  readonly id: string
  readonly place: Place
  readonly url: string
  readonly blobPath: DigestPath
  /** Where it keeps manifests; absent when it keeps none. */
  readonly manifestPath?: DigestPath
}

export type Backend = Upstream | Store

/** Where the content of a digest lies below a store's URL. */
export type DigestPath = (digest: Digest) => string

/** Compiles a template such as `containers/images/{digest}` or `blobs/{algorithm}/{encoded}`. */
export function compileDigestPath(template: string): DigestPath {
  const parts = template.split(/\{(digest|algorithm|encoded)\}/)
  // The usual shape has one hole at its end: one concatenation on the hot path.
  if (parts.length === 3 && parts[1] === 'digest') {
    const head = parts[0]!
    const tail = parts[2]!
    return (digest) => head + digest + tail
  }
  return (digest) => parts.map((part, index) => (index % 2 === 0 ? part : fill(part, digest))).join('')
}

/** Where a store serves a blob. */
export function blobLocation(store: Store, digest: Digest): string {
  return `${store.url}/${store.blobPath(digest)}`
}

/** Where a store serves a manifest; `undefined` when it keeps none. */
export function manifestLocation(store: Store, digest: Digest): string | undefined {
  return store.manifestPath && `${store.url}/${store.manifestPath(digest)}`
}

/** Where a remote upstream serves a request; `query` is raw, with its `?`, or empty. */
export function upstreamLocation(url: string, prefix: string, request: OciRequest, query: string): string {
  return url + formatPath(request, prefix) + query
}

function fill(part: string, digest: Digest): string {
  if (part === 'digest') return digest
  return part === 'algorithm' ? digestAlgorithm(digest) : digestEncoded(digest)
}
