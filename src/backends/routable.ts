import { placeOf } from '../clouds/places.ts'
import type { StoreConfig, UpstreamConfig } from '../config/config.ts'
import { compileDigestPath, type Store, type Upstream } from '../routing/backend.ts'

/** An upstream as decisions see it. */
export function upstreamOf({
  id,
  url,
  prefix,
  at,
  canonical,
  complete,
  signatures,
}: UpstreamConfig): Upstream {
  return {
    kind: 'upstream',
    id,
    place: placeOf(at),
    canonical,
    complete,
    signatures,
    prefix,
    ...(url !== undefined && { url }),
  }
}

/** A store as decisions see it. */
export function storeOf({ id, url, blobs, manifests, at }: StoreConfig): Store {
  return {
    kind: 'store',
    id,
    place: placeOf(at),
    url,
    blobPath: compileDigestPath(blobs),
    ...(manifests !== undefined && { manifestPath: compileDigestPath(manifests) }),
  }
}
