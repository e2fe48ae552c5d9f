import { isSignatureTag } from '../oci/name.ts'
import type { OciRequest } from '../oci/path.ts'
import type { RepositoryRequest } from './addressing.ts'
import type { Candidates } from './candidates.ts'

/** Requests that are decided alike: a closed set, fit for a metric label. */
export type RequestClass = RankedClass | 'base' | 'catalog'

/** The classes of requests that a backend answers; `manifest` is one by digest, `signature` includes referrers. */
export type RankedClass = 'blob' | 'manifest' | 'tag' | 'tags' | 'signature'

/** Which of the candidates' lists holds those of a class. */
export const RANKED_AS: Readonly<Record<RankedClass, Extract<keyof Candidates, RankedClass>>> = {
  blob: 'blob',
  manifest: 'manifest',
  tag: 'tag',
  tags: 'tag',
  signature: 'signature',
}

export function classOf(request: RepositoryRequest): RankedClass
export function classOf(request: OciRequest): RequestClass
export function classOf(request: OciRequest): RequestClass {
  switch (request.kind) {
    case 'manifest':
      if (request.byDigest) return 'manifest'
      return isSignatureTag(request.reference) ? 'signature' : 'tag'
    case 'referrers':
      return 'signature'
    default:
      return request.kind
  }
}
