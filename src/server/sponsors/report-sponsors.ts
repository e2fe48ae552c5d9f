import { formatAmount, formatQuantity } from '../../config/amount.ts'
import type { Config } from '../../config/config.ts'
import { ALARMS, type SponsorStatus } from '../../routing/budget/sponsor-account.ts'
import type { SponsorReading } from '../../telemetry/metrics.ts'

/** How sponsors stand, as the admin service says it: quantities are text, with their unit beside them. */
export function reportSponsors(
  status: readonly SponsorStatus[],
  { pacing }: Pick<Config, 'pacing'>,
): unknown {
  return {
    version: 1,
    replicas: pacing?.replicas ?? 1,
    sponsors: status.map(
      ({ id, unit, month, until, budget, spent, owed, left, credits, pace, pacedSince, ...more }) => ({
        id,
        unit,
        month,
        monthEnds: new Date(until).toISOString(),
        budget: formatQuantity(budget, unit),
        spent: formatQuantity(spent, unit),
        left: formatQuantity(left, unit),
        owed: formatQuantity(owed, unit),
        credits: credits.map(({ config, left: rest }) => ({
          amount: formatAmount(config.amount),
          from: config.from,
          until: config.until,
          left: formatQuantity(rest, unit),
        })),
        pace,
        pacedSince: timeOf(pacedSince),
        projectedEnd: timeOf(more.projectedEnd),
        alarm: more.alarm,
        unpriced: { bytes: String(more.unpriced.bytes), requests: String(more.unpriced.requests) },
      }),
    ),
  }
}

/** The same as metrics: numbers of a unit, since millionths are no unit that people know. */
export function readSponsor(status: SponsorStatus): SponsorReading {
  const { id, unit, budget, spent, left, owed, pace, projectedEnd, alarm, unpriced } = status
  const numberOf = (quantity: bigint) => (unit === 'bytes' ? Number(quantity) : Number(quantity) / 1e6)
  return {
    ...{ id, unit, pace, alarm, alarms: ALARMS },
    budget: numberOf(budget),
    spent: numberOf(spent),
    left: numberOf(left),
    owed: numberOf(owed),
    ...(projectedEnd !== undefined && { projectedEnd: projectedEnd / 1000 }),
    unpriced: Number(unpriced.bytes),
  }
}

function timeOf(moment: number | undefined): string | null {
  return moment === undefined ? null : new Date(moment).toISOString()
}
