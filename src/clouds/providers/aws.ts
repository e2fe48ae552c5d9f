import { z } from 'zod'
import type { Provider } from '../provider.ts'
import { type ListRow, readJson, toRanges } from '../provider-list.ts'

const where = { region: z.string().min(1), network_border_group: z.string().min(1) }
const LIST = z.object({
  createDate: z.string(),
  prefixes: z.array(z.object({ ip_prefix: z.string(), ...where })).min(1),
  ipv6_prefixes: z.array(z.object({ ipv6_prefix: z.string(), ...where })).min(1),
})

/** Amazon Web Services: a prefix is in its network border group, which is the region or a local zone far from it. */
export const aws: Provider = {
  id: 'aws',
  title: 'Amazon Web Services',
  page: 'https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-ranges.html',
  url: 'https://ip-ranges.amazonaws.com/ip-ranges.json',
  fileName: 'aws.json',
  maxBytes: 25_000_000,
  minPrefixes: 5_000,
  parse(bytes) {
    const list = readJson(aws, bytes, LIST)
    return toRanges(aws, rowsOf(list), list.createDate)
  },
}

function* rowsOf({ prefixes, ipv6_prefixes }: z.infer<typeof LIST>): Iterable<ListRow> {
  for (const [index, row] of prefixes.entries()) {
    yield { text: row.ip_prefix, place: placeName(row), path: `$.prefixes[${index}].ip_prefix` }
  }
  for (const [index, row] of ipv6_prefixes.entries()) {
    yield { text: row.ipv6_prefix, place: placeName(row), path: `$.ipv6_prefixes[${index}].ipv6_prefix` }
  }
}

/** AWS has listed `GLOBAL` prefixes that are advertised from one border group only: the group then says more. */
function placeName(row: { region: string; network_border_group: string }): string {
  if (row.network_border_group !== 'GLOBAL') return `aws/${row.network_border_group}`
  return row.region === 'GLOBAL' ? 'aws' : `aws/${row.region}`
}
