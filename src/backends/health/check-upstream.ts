import type { Digest } from '../../oci/digest.ts'
import { MANIFEST_ACCEPT, MANIFEST_MAX_BYTES } from '../../oci/manifest.ts'
import type { Name } from '../../oci/name.ts'
import { formatPath } from '../../oci/path.ts'
import { matchesDigest } from '../../oci/verify.ts'
import { upstreamLocation } from '../../routing/backend.ts'
import type { Fetch } from '../../runtime.ts'
import { readBody } from '../../transport/read-body.ts'
import { ANSWERED, type CheckResult, failed, failedHard, failureOf, PASSED } from './check-result.ts'

/** A manifest that an upstream must have. */
export interface ManifestObject {
  readonly name: Name
  readonly digest: Digest
}

/**
 * Tries a remote upstream: its version check, and a manifest by digest where one is known, whose bytes are checked.
 * A manifest may lie elsewhere: `follow` goes after redirects, as far as they may lead. Never rejects; ends when both do.
 */
export async function checkUpstream(
  { url, prefix }: { readonly url: string; readonly prefix: string },
  object: ManifestObject | undefined,
  fetch: Fetch,
  follow: Fetch,
): Promise<CheckResult> {
  try {
    const version = await fetch(url + formatPath({ kind: 'base' }), { redirect: 'manual' })
    await version.body?.cancel()
    // 401 is an answer too: a registry may want a token for the version check and serve images without one.
    if (version.status !== 200 && version.status !== 401) return failed(`/v2/ answered ${version.status}`)
    if (object === undefined) return ANSWERED
    const request = { kind: 'manifest', byDigest: true, name: object.name, reference: object.digest } as const
    const response = await follow(upstreamLocation(url, prefix, request, ''), {
      headers: { Accept: MANIFEST_ACCEPT },
    })
    if (response.status !== 200) {
      await response.body?.cancel()
      return failed(`the health-check manifest answered ${response.status}`)
    }
    const bytes = await readBody(response, MANIFEST_MAX_BYTES)
    if (bytes === undefined || !(await matchesDigest(bytes, object.digest))) {
      return failedHard('the health-check manifest has wrong bytes')
    }
    return PASSED
  } catch (error) {
    return failureOf(error)
  }
}
