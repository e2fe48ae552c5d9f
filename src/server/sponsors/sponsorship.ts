import type { Config } from '../../config/config.ts'
import type { SponsorRecord } from '../../routing/budget/sponsor-account.ts'
import type { DoorRuntime } from '../runtime.ts'
import { readLedger } from './ledger.ts'
import { loadPriceTables, type PriceTables } from './price-tables.ts'

/** What was read for the sponsors of a config. */
export interface Sponsorship {
  readonly tables: PriceTables
  /** What was spent before; absent where nobody has written that down, or it was read already. */
  readonly ledger: readonly SponsorRecord[] | undefined
}

/**
 * Reads what the accounts of sponsors need; `undefined` where there are none. What was spent is read `atStart` alone:
 * afterwards the door knows better. Throws `CONFIG_INVALID` with what is wrong with it.
 */
export async function openSponsorship(
  config: Config,
  { readText, ledger }: Pick<DoorRuntime, 'readText' | 'ledger'>,
  atStart: boolean,
): Promise<Sponsorship | undefined> {
  if (config.sponsors === undefined) return undefined
  const tables = await loadPriceTables(config, readText)
  const file = config.pacing?.ledger
  const isRead = atStart && file !== undefined && ledger !== undefined
  return { tables, ledger: isRead ? await readLedger(file, ledger) : undefined }
}
