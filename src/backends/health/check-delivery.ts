import type { Digest } from '../../oci/digest.ts'
import { matchesDigest } from '../../oci/verify.ts'
import { blobLocation, type Store } from '../../routing/backend.ts'
import type { Fetch } from '../../runtime.ts'
import { readBody } from '../../transport/read-body.ts'

/** How much of a blob is fetched to see that it comes. */
const SAMPLE_BYTES = 1_048_576

/**
 * Whether a store delivers a blob: its beginning by `Range`, to the last byte that was promised; a blob that is no
 * larger is checked against its digest. Never rejects; ends when `fetch` does.
 */
export async function deliversBlob(store: Store, digest: Digest, fetch: Fetch): Promise<boolean> {
  try {
    const response = await fetch(blobLocation(store, digest), {
      redirect: 'manual',
      headers: { Range: `bytes=0-${SAMPLE_BYTES - 1}`, 'Accept-Encoding': 'identity' },
    })
    // Nothing of an empty blob satisfies a range (RFC 9110, 14.1.2), and of nothing, nothing can be wrong.
    if (response.status === 416) return true
    const range = /^bytes 0-([0-9]+)\/([0-9]+)$/.exec(response.headers.get('content-range') ?? '')
    if (response.status !== 206 || range === null) {
      await response.body?.cancel()
      return false
    }
    const length = Number(range[1]) + 1
    const bytes = await readBody(response, length)
    if (bytes?.length !== length || length !== Math.min(Number(range[2]), SAMPLE_BYTES)) return false
    return length < Number(range[2]) || (await matchesDigest(bytes, digest))
  } catch {
    return false
  }
}
