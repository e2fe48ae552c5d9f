import { z } from 'zod'
import type { Provider } from '../provider.ts'
import { type ListRow, readJson, toRanges } from '../provider-list.ts'

const LIST = z.object({
  creationTime: z.string(),
  prefixes: z
    .array(
      z.union([
        z.object({ ipv4Prefix: z.string(), scope: z.string().min(1) }),
        z.object({ ipv6Prefix: z.string(), scope: z.string().min(1) }),
      ]),
    )
    .min(1),
})

/** Google Cloud: the addresses of its customers, by region (`scope`); Google's own services are in another list. */
export const gcp: Provider = {
  id: 'gcp',
  title: 'Google Cloud',
  page: 'https://cloud.google.com/compute/docs/faq#find_ip_range',
  url: 'https://www.gstatic.com/ipranges/cloud.json',
  fileName: 'gcp.json',
  maxBytes: 1_000_000,
  minPrefixes: 500,
  parse(bytes) {
    const list = readJson(gcp, bytes, LIST)
    return toRanges(gcp, rowsOf(list), list.creationTime)
  },
}

function* rowsOf({ prefixes }: z.infer<typeof LIST>): Iterable<ListRow> {
  for (const [index, row] of prefixes.entries()) {
    const place = row.scope === 'global' ? 'gcp' : `gcp/${row.scope}`
    if ('ipv4Prefix' in row) yield { text: row.ipv4Prefix, place, path: `$.prefixes[${index}].ipv4Prefix` }
    else yield { text: row.ipv6Prefix, place, path: `$.prefixes[${index}].ipv6Prefix` }
  }
}
