import { unitOf } from '../../config/amount.ts'
import type { Config, SponsorConfig } from '../../config/config.ts'
import { type ConfigFault, formatFault } from '../../config/fault.ts'
import { suggestion } from '../../config/suggestion.ts'
import { PortolanError } from '../../errors.ts'
import { parsePrices } from '../../prices/parse-prices.ts'
import type { PriceTable } from '../../prices/price-table.ts'
import { readShippedPrices, shippedPrices } from '../../prices/shipped.ts'

/** What the traffic of each sponsor costs, by its id; none of those that pay in bytes. */
export type PriceTables = ReadonlyMap<string, PriceTable>

/**
 * Reads the price tables that the sponsors of a config name, files by `readText`. Throws `CONFIG_INVALID` with all that
 * is wrong with them, also in `facts.faults`: what is missing, what is no table, and one in another currency.
 */
export async function loadPriceTables(
  { sponsors = [] }: Pick<Config, 'sponsors'>,
  readText: ((file: string) => Promise<string>) | undefined,
  file = 'config',
): Promise<PriceTables> {
  const tables = new Map<string, PriceTable>()
  const faults: ConfigFault[] = []
  for (const [index, sponsor] of sponsors.entries()) {
    const { id, prices } = sponsor
    if (prices === undefined) continue
    const at = { file, path: `sponsors[${index}].prices`, value: prices }
    try {
      const table = await loadTable(prices, readText)
      tables.set(id, table)
      const unit = unitOfSponsor(sponsor)
      if (unit !== 'bytes' && unit !== table.currency) {
        faults.push({ ...at, message: `is in ${table.currency}, and the budget of ${id} in ${unit}` })
      }
    } catch (error) {
      if (!(error instanceof PortolanError)) throw error
      const own = error.facts.faults as readonly ConfigFault[] | undefined
      faults.push(...(own ?? [{ ...at, message: error.message }]))
    }
  }
  if (faults.length === 0) return tables
  throw new PortolanError('CONFIG_INVALID', faults.map(formatFault).join('\n'), { faults })
}

function unitOfSponsor({ budget, credits }: SponsorConfig): string {
  return unitOf((budget ?? credits[0])!.amount)
}

async function loadTable(
  prices: string,
  readText: ((file: string) => Promise<string>) | undefined,
): Promise<PriceTable> {
  // A path is absolute, and no name of a table has a slash.
  if (!/[/\\]/.test(prices)) {
    const shipped = readShippedPrices(prices)
    if (shipped !== undefined) return shipped
    const hint = suggestion(prices, shippedPrices)
    const message = `must be one of ${shippedPrices.join(', ')}, or a file such as ./prices.yaml${hint}`
    throw new PortolanError('CONFIG_INVALID', message)
  }
  if (readText === undefined)
    throw new PortolanError('CONFIG_INVALID', 'is a file, and there is no disk here')
  return parsePrices(await readPriceText(prices, readText), prices)
}

async function readPriceText(file: string, readText: (file: string) => Promise<string>): Promise<string> {
  try {
    return await readText(file)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new PortolanError('CONFIG_INVALID', `cannot be read: ${reason}`, {}, error)
  }
}
