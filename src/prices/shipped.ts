import aws from '../../data/prices/aws.json' with { type: 'json' }
import azure from '../../data/prices/azure.json' with { type: 'json' }
import cdn from '../../data/prices/cdn.json' with { type: 'json' }
import gcp from '../../data/prices/gcp.json' with { type: 'json' }
import { toPriceTable } from './parse-prices.ts'
import type { PriceTable } from './price-table.ts'

const FILES: Readonly<Record<string, object>> = { aws, azure, cdn, gcp }

/** The names of the price tables that come with Portolan. */
export const shippedPrices: readonly string[] = Object.keys(FILES)

/** A table that comes with Portolan; `undefined` for a name that is none of {@link shippedPrices}. */
export function readShippedPrices(name: string): PriceTable | undefined {
  return Object.hasOwn(FILES, name) ? toPriceTable(FILES[name]!, `data/prices/${name}.json`) : undefined
}
