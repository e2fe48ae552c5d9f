import { existsSync } from 'node:fs'
import { readGeo } from '../../adapters/ranges/geo-file.ts'
import { providers } from '../../clouds/providers.ts'
import { EXIT } from '../exit-code.ts'
import { printJson } from '../print.ts'
import { formatTable } from '../table.ts'
import { readRanges } from './ranges-lookup.ts'
import type { RangesAboutOptions } from './ranges-spec.ts'
import { dateOf } from './ranges-update.ts'

/** Prints whose data tells where addresses are, with dates and licences; of a snapshot too, when it is there. */
export async function runRangesAbout({ file, json }: RangesAboutOptions): Promise<number> {
  const { date, source } = await readGeo()
  const snapshot = existsSync(file) ? (await readRanges(file)).metadata : undefined
  if (json) {
    const lists = providers.map(({ id, title, page, url, fileName }) => ({ id, title, page, url, fileName }))
    printJson({ providers: lists, geo: { date, source }, ...(snapshot && { snapshot }) })
    return EXIT.done
  }
  const lists = formatTable(
    ['provider', 'file', 'list', 'described at'],
    providers.map(({ id, fileName, url, page }) => [id, fileName, url, page]),
  )
  process.stdout.write(`Where an address is, the surest source first:

1. clouds.places of the config.
2. The lists that providers publish of their own addresses:
${lists}
3. The cloud whose network announces it, then
4. its country, as of ${date}, from ${source}.
`)
  if (snapshot === undefined) return EXIT.done
  const held = formatTable(
    ['provider', 'prefixes', 'date', 'from'],
    snapshot.sources.map((list) => [list.provider, String(list.prefixes), dateOf(list), list.from]),
  )
  const geo = snapshot.geo === undefined ? 'none' : `as of ${snapshot.geo.date}, from ${snapshot.geo.source}`
  process.stdout.write(
    `\n${file} was made ${snapshot.created}. It holds:\n${held}\nNetworks and countries: ${geo}.\n`,
  )
  return EXIT.done
}
