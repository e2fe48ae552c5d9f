import { OWNERSHIP_PATH } from '../../inventory/paths.ts'
import type { Fetch } from '../../runtime.ts'
import { readBody } from '../../transport/read-body.ts'
import { type CheckResult, failed, failureOf } from '../health/check-result.ts'
import {
  OWNERSHIP_MAX_BYTES,
  type OwnershipDemand,
  type OwnershipFault,
  type OwnershipVerdict,
  verifyOwnership,
} from './ownership.ts'

/** What looking for a proof gave; `unreached` when the store did not say whether it has one. */
export type OwnershipFinding =
  | OwnershipVerdict
  | { readonly kind: 'refused'; readonly because: OwnershipFault | 'missing'; readonly why: string }
  | { readonly kind: 'unreached'; readonly failure: CheckResult }

/**
 * Fetches the proof of ownership below a store's URL, as everybody may, and checks it. No redirect is followed: what it
 * leads to is not this store. Never rejects; ends when `fetch` does.
 */
export async function fetchOwnership(
  url: string,
  demand: OwnershipDemand,
  fetch: Fetch,
): Promise<OwnershipFinding> {
  try {
    const response = await fetch(`${url}/${OWNERSHIP_PATH}`, {
      redirect: 'manual',
      headers: { 'Accept-Encoding': 'identity' },
    })
    if (response.status !== 200) {
      await response.body?.cancel()
      const why = `${OWNERSHIP_PATH} answered ${response.status}`
      // 403 is missing too: S3 and its kin say that of a missing key when listing is not allowed.
      return isPassing(response.status)
        ? { kind: 'unreached', failure: failed(why) }
        : { kind: 'refused', because: 'missing', why }
    }
    const bytes = await readBody(response, OWNERSHIP_MAX_BYTES)
    if (bytes !== undefined) return await verifyOwnership(bytes, demand)
    const why = `${OWNERSHIP_PATH} is larger than ${OWNERSHIP_MAX_BYTES} bytes`
    return { kind: 'refused', because: 'malformed', why }
  } catch (error) {
    return { kind: 'unreached', failure: failureOf(error) }
  }
}

/** Whether a status speaks of a weakness that passes by itself. */
function isPassing(status: number): boolean {
  return status >= 500 || status === 408 || status === 429
}
