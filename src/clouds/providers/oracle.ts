import { z } from 'zod'
import type { Provider } from '../provider.ts'
import { type ListRow, readJson, toRanges } from '../provider-list.ts'

const LIST = z.object({
  last_updated_timestamp: z.string(),
  regions: z
    .array(z.object({ region: z.string().min(1), cidrs: z.array(z.object({ cidr: z.string() })) }))
    .min(1),
})

/** Oracle Cloud Infrastructure, by region. */
export const oracle: Provider = {
  id: 'oracle',
  title: 'Oracle Cloud',
  page: 'https://docs.oracle.com/en-us/iaas/Content/General/Concepts/addressranges.htm',
  url: 'https://docs.oracle.com/en-us/iaas/tools/public_ip_ranges.json',
  fileName: 'oracle.json',
  maxBytes: 1_000_000,
  minPrefixes: 200,
  parse(bytes) {
    const list = readJson(oracle, bytes, LIST)
    return toRanges(oracle, rowsOf(list), list.last_updated_timestamp)
  },
}

function* rowsOf({ regions }: z.infer<typeof LIST>): Iterable<ListRow> {
  for (const [at, { region, cidrs }] of regions.entries()) {
    for (const [index, { cidr }] of cidrs.entries()) {
      yield { text: cidr, place: `oracle/${region}`, path: `$.regions[${at}].cidrs[${index}].cidr` }
    }
  }
}
