import type { Digest } from '../../oci/digest.ts'
import { MANIFEST_ACCEPT, MANIFEST_MAX_BYTES } from '../../oci/manifest.ts'
import { matchesDigest } from '../../oci/verify.ts'
import { manifestLocation, type Store } from '../../routing/backend.ts'
import type { Fetch } from '../../runtime.ts'
import { readBody } from '../../transport/read-body.ts'

/** A manifest that an inventory lists. */
export interface ListedManifest {
  readonly digest: Digest
  readonly mediaType: string
}

/** Whether a store serves manifests so that clients take them. */
export type ManifestService = { readonly works: true } | { readonly works: false; readonly why: string }

/**
 * Tries a store by a manifest that its inventory lists. Clients take a manifest by its `Content-Type`, which no digest
 * covers: as `application/octet-stream` it breaks skopeo, regctl and oras. `undefined` when nothing was learnt, since no
 * answer came or one that tells of a passing weakness. Never rejects; ends when `fetch` does.
 */
export async function checkManifest(
  store: Store,
  { digest, mediaType }: ListedManifest,
  fetch: Fetch,
): Promise<ManifestService | undefined> {
  const location = manifestLocation(store, digest)
  if (location === undefined) return undefined
  try {
    const response = await fetch(location, {
      redirect: 'manual',
      headers: { Accept: MANIFEST_ACCEPT, 'Accept-Encoding': 'identity' },
    })
    const { status, headers } = response
    if (status !== 200) {
      await response.body?.cancel()
      if (status >= 500 || status === 429) return undefined
      return fails(`GET of the listed manifest ${digest} answered ${status}`)
    }
    const bytes = await readBody(response, MANIFEST_MAX_BYTES)
    const type = (headers.get('content-type') ?? '').split(';')[0]!.trim()
    if (type !== mediaType) {
      const said = type === '' ? 'no Content-Type' : `Content-Type: ${type}`
      return fails(`GET of the listed manifest ${digest} answered ${said}; it is a ${mediaType}`)
    }
    if (bytes === undefined || !(await matchesDigest(bytes, digest))) {
      return fails(`the listed manifest ${digest} has wrong bytes`)
    }
    // Docker's and containerd's clients want to know the length before they read.
    if (Number(headers.get('content-length') ?? Number.NaN) === bytes.length) return { works: true }
    return fails(`GET of the listed manifest ${digest} answered no Content-Length, or a wrong one`)
  } catch {
    return undefined
  }
}

function fails(why: string): ManifestService {
  return { works: false, why }
}
