import { readFile } from 'node:fs/promises'
import { readRegular } from '../adapters/node/regular-file.ts'
import { type RangesFor, rangesFor } from '../adapters/simulate/ranges-for.ts'
import { storeOf, upstreamOf } from '../backends/routable.ts'
import type { Config } from '../config/config.ts'
import { suggestion } from '../config/suggestion.ts'
import { PortolanError } from '../errors.ts'
import { decodeInventory } from '../inventory/decode.ts'
import { parsePrices } from '../prices/parse-prices.ts'
import type { PriceTable } from '../prices/price-table.ts'
import { readShippedPrices, shippedPrices } from '../prices/shipped.ts'
import type { Backend } from '../routing/backend.ts'
import { payersOf } from '../routing/budget/payers.ts'
import type { SponsorParts } from '../routing/budget/sponsor-account.ts'
import { loadPriceTables } from '../server/sponsors/price-tables.ts'
import type { Account } from '../simulate/money.ts'
import type { PolicySetup } from '../simulate/open-replay.ts'
import type { PolicyNote } from '../simulate/report.ts'
import { readConfig } from './read-config.ts'

/** In bytes, of a file of prices. */
const PRICES_MAX = 4 * 1024 * 1024

/** A policy that is to be tried. */
export interface SimulatedPolicy extends PolicySetup, PolicyNote {
  /** What its clients are found by. */
  readonly by: RangesFor['by']
  /** Who pays, as their accounts know it. */
  readonly payers: readonly SponsorParts[]
}

/** What is assumed of every policy. */
export interface PolicyWishes {
  /** Ids of backends that are down. */
  readonly down: readonly string[]
  /** Ids of sponsors that pay no more. */
  readonly withoutSponsors: readonly string[]
  /** Names and files of price tables. */
  readonly prices: readonly string[]
  /** The backend that CDNs fetch from. */
  readonly fillFrom: string | undefined
}

/**
 * Reads the configs to try; one alone with something taken to be down is tried as it is, too, to be compared with.
 * Throws `USAGE` for what is no backend of any of them, and for a mirror.
 */
export async function readPolicies(
  files: readonly string[],
  { down, withoutSponsors, prices, fillFrom }: PolicyWishes,
): Promise<readonly SimulatedPolicy[]> {
  const tables = await readTables(prices)
  const policies: SimulatedPolicy[] = []
  const ranges = new Map<string, RangesFor>()
  for (const file of files) {
    const config = await readConfig(file)
    if (config.delivery === 'relay') {
      const message = `${file} is a mirror's (delivery: relay), which keeps what it fetches: only doors that redirect are simulated`
      throw new PortolanError('USAGE', message, { file })
    }
    const key = JSON.stringify([config.clouds.snapshot, config.clouds.refresh, config.clouds.sources])
    const found = ranges.get(key) ?? (await rangesFor(config.clouds))
    ranges.set(key, found)
    const origin = fillFrom ?? config.upstreams.find(({ canonical }) => canonical)!.id
    policies.push({
      name: file,
      config,
      down: [],
      withoutSponsors: [],
      ...(await payersOfConfig(config, tables)),
      origin,
      ...found,
    })
  }
  const ids = policies.flatMap(({ config }) => idsOf(config))
  checkIds('--down', down, ids)
  if (fillFrom !== undefined) checkIds('--fill-from', [fillFrom], ids)
  checkIds(
    '--without-sponsor',
    withoutSponsors,
    policies.flatMap(({ sponsors }) => [...sponsors.keys()]),
  )
  if (down.length === 0 && withoutSponsors.length === 0) return policies
  const failed = policies.map((policy) => {
    const gone = withoutSponsors.filter((id) => policy.sponsors.has(id))
    const own = down.filter((id) => idsOf(policy.config).includes(id))
    const unpaid = gone.flatMap((id) => policy.sponsors.get(id)!)
    return { ...policy, down: [...new Set([...own, ...unpaid])], withoutSponsors: gone }
  })
  return policies.length === 1 ? [...policies, ...failed] : failed
}

/** Who pays for which backends, and by which prices: the sponsors of a config, and for all others the given tables. */
async function payersOfConfig(
  config: Config,
  tables: readonly PriceTable[],
): Promise<Pick<SimulatedPolicy, 'accounts' | 'sponsors' | 'payers'>> {
  const own = await loadPriceTables(config, (file) => readRegular(file, PRICES_MAX))
  const backends = [...config.stores.map(storeOf), ...config.upstreams.map(upstreamOf)]
  const payers = payersOf(config.sponsors ?? [], backends)
  const sponsored = (config.sponsors ?? []).map(
    ({ id }) => [id, backends.filter((backend) => payers.get(backend)?.id === id)] as const,
  )
  const others = backends.filter((backend) => !payers.has(backend) || !own.has(payers.get(backend)!.id))
  return {
    // The log is that of all doors, so that they go by whole budgets.
    payers: (config.sponsors ?? []).map((sponsor) => ({
      config: sponsor,
      backends: backends.filter((backend) => payers.get(backend) === sponsor),
      table: own.get(sponsor.id),
      replicas: 1,
    })),
    sponsors: new Map(sponsored.map(([id, paid]) => [id, paid.map((backend) => backend.id)])),
    accounts: [
      ...sponsored.flatMap(([id, paid]) => (own.has(id) ? [accountOf(id, own.get(id)!, paid)] : [])),
      ...tables.map((table) =>
        accountOf(
          table.name,
          table,
          others.filter(({ place }) =>
            table.cloud === undefined ? place.name === 'anycast' : place.cloud === table.cloud,
          ),
        ),
      ),
    ],
  }
}

function accountOf(name: string, table: PriceTable, backends: readonly Backend[]): Account {
  return { name, table, backends: new Map(backends.map(({ id, place }) => [id, place])) }
}

async function readTables(names: readonly string[]): Promise<readonly PriceTable[]> {
  const tables = await Promise.all(
    names.map(async (name) => readShippedPrices(name) ?? parsePrices(await readText(name), name)),
  )
  for (const [index, { cloud, name }] of tables.entries()) {
    const other = tables.slice(0, index).find((table) => table.cloud === cloud)
    if (other === undefined) continue
    const whose = cloud === undefined ? 'CDNs' : `the backends at ${cloud}`
    throw new PortolanError('USAGE', `--prices: ${other.name} and ${name} are both for ${whose}`)
  }
  return tables
}

async function readText(file: string): Promise<string> {
  try {
    return await readRegular(file, PRICES_MAX)
  } catch (cause) {
    const names = shippedPrices.join(', ')
    const message = `--prices: cannot read ${file}: ${(cause as Error).message}; tables that come with Portolan are ${names}`
    throw new PortolanError('FILE_UNREADABLE', message, { file }, cause)
  }
}

/** Reads `ID=FILE` each. Throws `USAGE` for what is no store, and `CONTENT_INVALID` for what is no inventory. */
export async function readInventories(
  texts: readonly string[],
  policies: readonly SimulatedPolicy[],
): Promise<ReadonlyMap<string, Uint8Array>> {
  const stores = policies.flatMap(({ config }) => config.stores.map(({ id }) => id))
  const inventories = new Map<string, Uint8Array>()
  for (const text of texts) {
    const at = text.indexOf('=')
    const [id, file] = [text.slice(0, at), text.slice(at + 1)]
    checkIds('--inventory', [id], stores)
    inventories.set(id, await readInventory(file))
  }
  return inventories
}

async function readInventory(file: string): Promise<Uint8Array> {
  let bytes: Uint8Array
  try {
    bytes = await readFile(file)
  } catch (cause) {
    const message = `cannot read ${file}: ${(cause as Error).message}`
    throw new PortolanError('FILE_UNREADABLE', message, { file }, cause)
  }
  try {
    decodeInventory(bytes)
  } catch (cause) {
    const message = `${file}: ${(cause as Error).message}`
    throw new PortolanError('CONTENT_INVALID', message, { file }, cause)
  }
  return bytes
}

function idsOf({ stores, upstreams }: Config): string[] {
  return [...stores, ...upstreams].map(({ id }) => id)
}

function checkIds(flag: string, ids: readonly string[], known: readonly string[]): void {
  const unknown = ids.find((id) => !known.includes(id))
  if (unknown === undefined) return
  const allowed = [...new Set(known)].join(', ')
  const hint = suggestion(unknown, known)
  throw new PortolanError(
    'USAGE',
    `${flag} ${JSON.stringify(unknown)} is in no config${hint}; there are ${allowed}`,
  )
}
