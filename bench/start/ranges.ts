import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readGeo } from '../../src/adapters/ranges/geo-file.ts'
import { providers } from '../../src/clouds/providers.ts'
import { encodeRanges } from '../../src/clouds/snapshot.ts'
import { type ReceivedList, updateRanges } from '../../src/clouds/update.ts'
import { bytesOf, otherPrefixes } from '../../test/support/test-ranges.ts'

const WHEN = '2026-01-01T00:00:00.000Z'
/** How many prefixes the three large clouds list. */
const LISTED = { aws: 10_600, azure: 15_000, gcp: 1_000 } as const

/**
 * A range snapshot as large as all of them make it: of the lists in the folder that PORTOLAN_RANGES_DIR names (aws.json,
 * azure.json, gcp.json), or of as many made-up prefixes, and the networks and countries that come with Portolan.
 */
export async function allRanges(): Promise<{ readonly bytes: Uint8Array; readonly from: string }> {
  const folder = process.env.PORTOLAN_RANGES_DIR ?? ''
  const prefixes = otherPrefixes(Object.values(LISTED).reduce((sum, count) => sum + count, 0))
  const lists = Object.entries(LISTED).map(([provider, count]): ReceivedList => {
    const bytes =
      folder === ''
        ? bytesOf(provider, ...prefixes.splice(0, count))
        : readFileSync(join(folder, `${provider}.json`))
    return { provider, bytes, from: 'a bench', fetched: WHEN }
  })
  const { ranges, refused } = updateRanges({ providers, lists, geo: await readGeo(), created: WHEN })
  if (ranges === undefined || refused.length > 0)
    throw new Error(refused.map(({ reason }) => reason).join('\n'))
  const made = 'made up, as PORTOLAN_RANGES_DIR names no folder with aws.json, azure.json and gcp.json'
  return { bytes: encodeRanges(ranges), from: folder === '' ? made : folder }
}
