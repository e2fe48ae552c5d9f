import type { Config } from '../config/config.ts'
import type { ConfigFault } from '../config/fault.ts'
import { PortolanError } from '../errors.ts'
import { loadPriceTables } from '../server/sponsors/price-tables.ts'
import { readTextFile } from './text-file.ts'

/** Looks at the price tables that sponsors name, which keep a door from starting where something is wrong with them. */
export async function checkPriceTables(config: Config, file: string): Promise<readonly ConfigFault[]> {
  try {
    await loadPriceTables(config, readTextFile, file)
    return []
  } catch (error) {
    if (!(error instanceof PortolanError) || error.code !== 'CONFIG_INVALID') throw error
    return error.facts.faults as readonly ConfigFault[]
  }
}
