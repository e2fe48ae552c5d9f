import { readSnapshotFile } from '../../adapters/ranges/snapshot-file.ts'
import { decodeRanges, type Ranges } from '../../clouds/snapshot.ts'
import { PortolanError } from '../../errors.ts'
import { parseAddress } from '../../net/address.ts'
import { formatPrefix } from '../../net/prefix.ts'
import { EXIT } from '../exit-code.ts'
import { printJsonLine } from '../print.ts'
import { formatTable } from '../table.ts'
import type { RangesLookupOptions } from './ranges-spec.ts'
import { dateOf } from './ranges-update.ts'

/** What is known of one address; what is not known is `null`, so that every line has the same keys. */
interface Found {
  readonly address: string
  readonly place: string | null
  readonly cloud: string | null
  readonly region: string | null
  readonly country: string | null
  readonly prefix: string | null
  readonly source: string | null
  readonly provider: string | null
  readonly date: string | null
}

/** Prints where addresses are by a snapshot, one line each, in their order. */
export async function runRangesLookup(
  addresses: readonly string[],
  { file, json }: RangesLookupOptions,
): Promise<number> {
  const parsed = addresses.map((text) => {
    const address = parseAddress(text)
    if (address !== undefined) return { text, address }
    const message = `${JSON.stringify(text)} is not an IPv4 or IPv6 address`
    throw new PortolanError('ADDRESS_INVALID', message, { address: text })
  })
  const ranges = await readRanges(file)
  const found = parsed.map(({ text, address }) => describe(text, ranges, ranges.table.match(address)))
  if (json) {
    for (const one of found) printJsonLine(one)
    return EXIT.done
  }
  const rows = found.map(({ address, place, prefix, source, provider, date }) => [
    address,
    place ?? 'unknown',
    prefix ?? '-',
    provider === null ? (source ?? '-') : `${source} of ${provider}`,
    date ?? '-',
  ])
  process.stdout.write(`${formatTable(['address', 'place', 'prefix', 'source', 'date'], rows)}\n`)
  return EXIT.done
}

/** Reads a snapshot. Throws `FILE_UNREADABLE`, or `SNAPSHOT_INVALID` naming the file. */
export async function readRanges(file: string): Promise<Ranges> {
  const bytes = await readSnapshotFile(file)
  if (bytes === undefined) {
    const message = `there is no ${file}; "portolan ranges update --out ${file}" makes it`
    throw new PortolanError('FILE_UNREADABLE', message, { file })
  }
  try {
    return decodeRanges(bytes)
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error
    throw new PortolanError(error.code, `${file}: ${error.message}`, { file, ...error.facts }, error)
  }
}

function describe(address: string, { metadata }: Ranges, match: ReturnType<Ranges['table']['match']>): Found {
  const { place, source } = match?.value ?? {}
  const list =
    source === 'range' ? metadata.sources.find(({ provider }) => provider === place?.cloud) : undefined
  return {
    address,
    place: place?.name ?? null,
    cloud: place?.cloud ?? null,
    region: place?.region ?? null,
    country: place?.country ?? null,
    prefix: match === undefined ? null : formatPrefix(match.prefix),
    source: source ?? null,
    provider: list?.provider ?? null,
    date: list !== undefined ? dateOf(list) : match === undefined ? null : (metadata.geo?.date ?? null),
  }
}
