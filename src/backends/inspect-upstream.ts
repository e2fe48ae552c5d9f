import type { UpstreamConfig } from '../config/config.ts'
import { parseDigest } from '../oci/digest.ts'
import { parseName } from '../oci/name.ts'
import type { Fetch } from '../runtime.ts'
import type { HealthReport } from './facts.ts'
import { checkUpstream } from './health/check-upstream.ts'

/** Checks the health of a remote upstream; `follow` goes after its redirects. Never rejects; ends when both do. */
export async function inspectUpstream(
  { url, prefix, canary }: UpstreamConfig & { readonly url: string },
  fetch: Fetch,
  follow: Fetch,
): Promise<HealthReport> {
  const at = canary?.indexOf('@') ?? -1
  const name = parseName(canary?.slice(0, at) ?? '')
  const digest = parseDigest(canary?.slice(at + 1) ?? '')
  return { result: await checkUpstream({ url, prefix }, name && digest && { name, digest }, fetch, follow) }
}
