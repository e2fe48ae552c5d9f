import type { BudgetMonth } from '../simulate/pacing/sponsor-history.ts'
import type { SponsorReport } from '../simulate/report.ts'
import { formatBytes, formatCount } from './format-quantity.ts'
import { countOfRequests, formatMoney } from './simulate-quantities.ts'

/** So many changes of an alarm are shown; all that are known are in the JSON. */
const ALARMS_SHOWN = 3

/** What goes to a sponsor, and how its budget fares, in lines for people. */
export function formatSponsor({ id, backends, cost, budget, ...sponsor }: SponsorReport): string[] {
  const money = cost === undefined ? '' : `, ${formatMoney(cost)}`
  return [
    `sponsor ${id} (${formatCount(backends.length, 'backend')}): ${amountOf(sponsor)}${money}`,
    ...budget.months.map((month) => `  ${month.month}: ${formatMonth(month, budget.unit)}`),
    `  ${formatPaces({ budget, ...sponsor })}`,
    ...formatAlarms({ budget }).map((line) => `  ${line}`),
  ]
}

/** As `950.00 of 1,000.00 USD, 50.00 USD left`. */
export function formatMonth({ budget, spent, left, owed, usedUpAt }: BudgetMonth, unit: string): string {
  const write = (quantity: string) =>
    unit === 'bytes' ? formatBytes(Number(quantity)) : formatMoney({ amount: quantity, currency: unit })
  return [
    // Of credits alone there is nothing that comes again each month.
    `${write(spent)} spent${Number(budget) > 0 ? ` of ${write(budget)}` : ''}, ${write(left)} left`,
    ...(usedUpAt === undefined ? [] : [`used up ${usedUpAt}`]),
    ...(Number(owed) > 0 ? [`${write(owed)} owed`] : []),
  ].join(', ')
}

/** How far it was closed to clients, and where these went. */
export function formatPaces({ budget, passed }: Pick<SponsorReport, 'budget' | 'passed'>): string {
  const { lowest, last, changes } = budget.pace
  if (changes === 0 && lowest >= 1) return 'open to all who would come'
  const ways = passed.map(({ to, ...amount }) => `${amountOf(amount)} to ${to ?? 'the door itself'}`)
  return [
    `pace ${shareOf(lowest)} at the lowest, ${shareOf(last)} at the end, ${formatCount(changes, 'change')}`,
    ...(ways.length === 0 ? [] : [`elsewhere instead: ${ways.join(', ')}`]),
  ].join('; ')
}

/** What an operator would have been told. */
export function formatAlarms({ budget: { alarms, projectedEnd } }: Pick<SponsorReport, 'budget'>): string[] {
  const shown = alarms
    .slice(0, ALARMS_SHOWN)
    .map(({ at, alarm, ends }) => `${at}: alarm ${alarm}${ends === undefined ? '' : `, all gone by ${ends}`}`)
  const rest = alarms.length - shown.length
  return [
    ...shown,
    ...(rest > 0 ? [`and ${formatCount(rest, 'change')} more of its alarm, which --json has`] : []),
    ...(projectedEnd === undefined ? [] : [`all gone by ${projectedEnd} if it goes on so`]),
  ]
}

function amountOf({ requests, bytes }: Pick<SponsorReport, 'requests' | 'bytes'>): string {
  return `${countOfRequests(requests)}, ${formatBytes(bytes)}`
}

function shareOf(pace: number): string {
  return `${Number((100 * pace).toFixed(1))} %`
}
