import type { z } from 'zod'
import { absolutePath } from './absolute-path.ts'
import { formatAmount } from './amount.ts'
import type { PacingConfig, SponsorConfig } from './config.ts'
import type { pacingSchema, sponsorsSchema } from './schema/sponsors.ts'

/** The sponsors of a config as they stand in its file; a table of prices is a name, or a path. */
export function toSponsors(
  sponsors: z.output<typeof sponsorsSchema>,
  baseFolder: string,
): readonly SponsorConfig[] {
  return sponsors.map(({ budget, prices, spent, ...sponsor }) => ({
    ...sponsor,
    ...(budget && { budget }),
    ...(prices !== undefined && { prices: isFile(prices) ? absolutePath(prices, baseFolder) : prices }),
    ...(spent && { spent }),
  }))
}

/** How they are kept to. */
export function toPacing(
  { replicas, ledger }: z.output<typeof pacingSchema>,
  baseFolder: string,
): PacingConfig {
  return { replicas, ...(ledger !== undefined && { ledger: absolutePath(ledger, baseFolder) }) }
}

/** Names of tables have neither a dot nor a slash. */
function isFile(prices: string): boolean {
  return /[./\\]/.test(prices)
}

/** A sponsor as a file would say it. */
export function expandSponsor({
  budget,
  credits,
  spent,
  ...sponsor
}: SponsorConfig): Record<string, unknown> {
  return {
    ...sponsor,
    ...(budget && { budget: { ...budget, amount: formatAmount(budget.amount) } }),
    credits: credits.map((credit) => ({ ...credit, amount: formatAmount(credit.amount) })),
    ...(spent && { spent: { ...spent, amount: formatAmount(spent.amount) } }),
  }
}
