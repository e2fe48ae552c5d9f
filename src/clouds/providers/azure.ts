import { z } from 'zod'
import type { Provider } from '../provider.ts'
import { type ListRow, readJson, refusal, rowsOfArray, toRanges } from '../provider-list.ts'

const LIST = z.object({
  values: z
    .array(z.object({ name: z.string(), properties: z.object({ addressPrefixes: z.array(z.string()) }) }))
    .min(1),
})

/** The tags that hold all addresses of one region; the others repeat parts of them by service. */
const REGION_TAG = 'AzureCloud.'

const LINK =
  /https:\/\/download\.microsoft\.com\/download\/[A-Za-z0-9/_-]+\/ServiceTags_Public_(\d{8})\.json/g

/** Microsoft Azure: the service tags `AzureCloud.REGION`, whose region names are shorter than the portal's for some. */
export const azure: Provider = {
  id: 'azure',
  title: 'Microsoft Azure',
  page: 'https://learn.microsoft.com/en-us/azure/virtual-network/service-tags-overview#discover-service-tags-by-using-downloadable-json-files',
  url: 'https://www.microsoft.com/en-us/download/details.aspx?id=56519',
  locate: locateServiceTags,
  fileName: 'azure.json',
  maxBytes: 40_000_000,
  minPrefixes: 7_000,
  parse(bytes) {
    return toRanges(azure, rowsOf(readJson(azure, bytes, LIST)))
  },
}

/** Finds the newest link to the service tags in the HTML of their download page; a new file appears every week. */
export function locateServiceTags(html: string): string {
  const links = [...html.matchAll(LINK)].sort(([, left], [, right]) => Number(right) - Number(left))
  if (links[0] === undefined) throw refusal(azure, azure.url, html, 'no link to ServiceTags_Public_*.json')
  return links[0][0]
}

function* rowsOf({ values }: z.infer<typeof LIST>): Iterable<ListRow> {
  for (const [at, { name, properties }] of values.entries()) {
    if (!name.startsWith(REGION_TAG)) continue
    const path = `$.values[${at}].properties.addressPrefixes`
    yield* rowsOfArray(properties.addressPrefixes, `azure/${name.slice(REGION_TAG.length)}`, path)
  }
}
