import type { EvictionChoice, ManagedCache } from '../cache/managed-cache.ts'
import { parseSize } from '../config/byte-size.ts'
import { parseDuration } from '../config/duration.ts'
import { type Refusal, refused } from '../config/refusal.ts'
import { type Digest, parseDigest } from '../oci/digest.ts'

/**
 * A page that a browser loaded from elsewhere can have it send a POST, but not with a header of this name unless we say
 * that it may, which we never do.
 */
export const ACTION_HEADER = 'Portolan-Action'

/** Which contents a query of `/mirror/evict` means, or what is wrong with it: nothing goes unless something is said. */
export function readEviction(query: URLSearchParams): EvictionChoice | Refusal {
  const unknown = [...query.keys()].find((name) => !PARAMETERS.includes(name))
  if (unknown !== undefined) return refused(`has no parameter ${JSON.stringify(unknown.slice(0, 64))}`)
  const digests: Digest[] = []
  for (const text of query.getAll('digest')) {
    const digest = parseDigest(text)
    if (digest === undefined)
      return refused(`has a digest that is none: ${JSON.stringify(text.slice(0, 64))}`)
    digests.push(digest)
  }
  const unusedFor = numberOf(query.get('unusedFor'), parseDuration)
  if (unusedFor === 'none') return refused('has an unusedFor that is no duration, such as 30d')
  const bytes = numberOf(query.get('bytes'), parseSize)
  if (bytes === 'none') return refused('has a number of bytes that is no size, such as 10GiB')
  if (digests.length === 0 && unusedFor === undefined && bytes === undefined && query.get('all') !== 'true') {
    return refused('must say what is to go: digest, unusedFor, bytes, or all=true')
  }
  return {
    ...(digests.length > 0 && { digests }),
    ...(unusedFor !== undefined && { unusedFor }),
    ...(bytes !== undefined && { bytes }),
  }
}

const PARAMETERS: readonly string[] = ['digest', 'unusedFor', 'bytes', 'all']

function numberOf(
  text: string | null,
  parse: (text: string) => number | undefined,
): number | 'none' | undefined {
  return text === null ? undefined : (parse(text) ?? 'none')
}

/** What the admin service says of a mirror's cache, and does with it. */
export type CacheAdmin = Pick<ManagedCache, 'status' | 'verify' | 'evict'>
