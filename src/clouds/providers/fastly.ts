import { z } from 'zod'
import type { Provider } from '../provider.ts'
import { readJson, rowsOfArray, toRanges } from '../provider-list.ts'

const LIST = z.object({
  addresses: z.array(z.string()).min(1),
  ipv6_addresses: z.array(z.string()).min(1),
})

/** Fastly: anycast addresses, so a cloud without a region. */
export const fastly: Provider = {
  id: 'fastly',
  title: 'Fastly',
  page: 'https://www.fastly.com/documentation/reference/api/utils/public-ip-list/',
  url: 'https://api.fastly.com/public-ip-list',
  fileName: 'fastly.json',
  maxBytes: 20_000,
  minPrefixes: 10,
  parse(bytes) {
    const list = readJson(fastly, bytes, LIST)
    return toRanges(fastly, [
      ...rowsOfArray(list.addresses, 'fastly', '$.addresses'),
      ...rowsOfArray(list.ipv6_addresses, 'fastly', '$.ipv6_addresses'),
    ])
  },
}
