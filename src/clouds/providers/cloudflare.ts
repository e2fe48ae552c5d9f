import { z } from 'zod'
import type { Provider } from '../provider.ts'
import { readJson, rowsOfArray, toRanges } from '../provider-list.ts'

const LIST = z.object({
  success: z.literal(true),
  result: z.object({ ipv4_cidrs: z.array(z.string()).min(1), ipv6_cidrs: z.array(z.string()).min(1) }),
})

/** Cloudflare: anycast addresses, so a cloud without a region. One JSON document holds both families. */
export const cloudflare: Provider = {
  id: 'cloudflare',
  title: 'Cloudflare',
  page: 'https://developers.cloudflare.com/api/resources/ips/methods/list/',
  url: 'https://api.cloudflare.com/client/v4/ips',
  fileName: 'cloudflare.json',
  maxBytes: 20_000,
  minPrefixes: 10,
  parse(bytes) {
    const { result } = readJson(cloudflare, bytes, LIST)
    return toRanges(cloudflare, [
      ...rowsOfArray(result.ipv4_cidrs, 'cloudflare', '$.result.ipv4_cidrs'),
      ...rowsOfArray(result.ipv6_cidrs, 'cloudflare', '$.result.ipv6_cidrs'),
    ])
  },
}
