import type { LegacyConfig } from '../../config/legacy-config.ts'
import { formatPath } from '../../oci/path.ts'
import type { RepositoryRequest } from '../../routing/addressing.ts'
import { endOf } from '../../routing/legacy/words.ts'

/**
 * Headers that tell programs of an old name's end: `Deprecation` (RFC 9745), `Sunset` (RFC 8594) and, where what takes its
 * place has an address, `Link` with `successor-version` (RFC 5829).
 */
export function noticesOf(
  legacy: LegacyConfig,
  request: RepositoryRequest | undefined,
): Record<string, string> {
  const ends = endOf(legacy)
  const links = [...linksOf(legacy, request)]
  return {
    Deprecation: `@${Date.parse(legacy.frozen) / 1000}`,
    ...(ends !== undefined && { Sunset: new Date(ends).toUTCString() }),
    ...(links.length > 0 && { Link: links.join(', ') }),
  }
}

function* linksOf(
  { successor, info }: LegacyConfig,
  request: RepositoryRequest | undefined,
): Iterable<string> {
  // Of a list of tags, clients take any link for the next page.
  if (request?.kind === 'tags') return
  if (request !== undefined) yield `<${successor.url}${formatPath(request)}>; rel="successor-version"`
  if (info !== undefined) yield `<${info}>; rel="deprecation sunset"; type="text/html"`
}
