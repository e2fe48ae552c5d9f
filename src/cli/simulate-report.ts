import type { BillReport } from '../simulate/bill-report.ts'
import type { Change } from '../simulate/changes.ts'
import type { LogReport } from '../simulate/log-report.ts'
import type { BackendReport, PolicyReport } from '../simulate/report.ts'
import { formatBytes, formatCount } from './format-quantity.ts'
import { countOfRequests, formatMoney, grouped, percent } from './simulate-quantities.ts'
import { formatSponsor } from './simulate-sponsors.ts'
import { formatTable } from './table.ts'

/** What answers where no backend does. */
const OWN = '(the door itself)'
/** So many ways that requests took are shown. */
const CHANGES_MAX = 20

/** How the policies are called in text: A, B, …. */
export function letterOf(index: number): string {
  return String.fromCharCode(65 + (index % 26)) + (index < 26 ? '' : String(Math.floor(index / 26)))
}

/** What each policy makes of the requests, and what the later ones change, for people. */
export function formatPolicies(policies: readonly PolicyReport[]): string {
  return policies
    .flatMap((policy, index) => [
      formatPolicy(policy, letterOf(index)),
      ...(policy.changes === undefined ? [] : [formatChanges(policy, letterOf(index))]),
    ])
    .join('\n\n')
}

function formatPolicy(policy: PolicyReport, letter: string): string {
  const { config, down = [], requests, bytes, backends, door } = policy
  const title = `${letter}: ${config}${down.length > 0 ? `, as if ${down.join(', ')} were down` : ''}`
  const used = backends.filter((backend) => backend.requests > 0)
  const rest = backends.length - used.length
  const hasFills = used.some(({ fills }) => fills !== undefined)
  const hasCost = used.some(({ cost }) => cost !== undefined)
  const hasProbes = used.some(({ probes }) => probes !== undefined)
  const head = [
    ...['backend', 'place', 'requests', '%', 'bytes'],
    ...(hasCost ? ['cost'] : []),
    ...['km', 'p95', 'ms', 'p95'],
    ...(hasFills ? ['fills'] : []),
    ...(hasProbes ? ['asked'] : []),
  ]
  const rows = used.map((backend) => [
    ...[backend.id, backend.place, grouped(backend.requests), percent(backend.requests, requests)],
    formatBytes(backend.bytes),
    ...(hasCost ? [backend.cost === undefined ? '?' : formatMoney(backend.cost)] : []),
    ...distanceCells(backend),
    ...(hasFills ? [fillsOf(backend)] : []),
    ...(hasProbes ? [probesOf(backend)] : []),
  ])
  const all = [
    'all',
    '',
    grouped(requests),
    percent(requests, requests),
    formatBytes(bytes),
    ...(hasCost ? [policy.cost.map(formatMoney).join(' + ')] : []),
    ...distanceCells(policy),
  ]
  const own = door.requests > 0 ? [[OWN, '', grouped(door.requests), percent(door.requests, requests)]] : []
  const table = formatTable(head, [...rows, ...own, all])
  const notes = [...policy.sponsors.flatMap(formatSponsor), ...policy.bills.map(formatBill)]
    .map((line) => `\n  ${line}`)
    .join('')
  return `${title}\n\n${table}${notes}${rest > 0 ? `\n  ${formatCount(rest, 'backend')} more would be sent nobody` : ''}`
}

/** What an account costs in a month, and what of it nobody said a price for. */
function formatBill({ account, month, cost, unpriced }: BillReport): string {
  const { bytes, requests } = unpriced
  const without = [
    ...(bytes > 0 ? [formatBytes(bytes)] : []),
    ...(requests > 0 ? [countOfRequests(requests)] : []),
  ]
  const rest = without.length === 0 ? '' : `, and nobody said what ${without.join(' and ')} cost`
  return `${account} in ${month}: ${formatMoney(cost)}${rest}`
}

function distanceCells({ distance }: Pick<BackendReport, 'distance'>): string[] {
  const { median, p95, roundTripMedian, roundTripP95 } = distance
  return [median, p95, roundTripMedian, roundTripP95].map((each) =>
    each === undefined ? '?' : grouped(each),
  )
}

function fillsOf({ fills }: BackendReport): string {
  return fills === undefined ? '' : `${about(fills)}${grouped(fills.requests)}, ${formatBytes(fills.bytes)}`
}

function probesOf({ probes }: BackendReport): string {
  return probes === undefined ? '' : `${about(probes)}${grouped(probes.requests)}`
}

function about({ estimated }: { readonly estimated: boolean }): string {
  return estimated ? '~' : ''
}

function formatChanges({ changes = [], requests }: PolicyReport, letter: string): string {
  if (changes.length === 0) return `${letter} sends nobody elsewhere than A does.`
  const moved = changes.reduce((sum, change) => sum + change.requests, 0)
  const title = `${letter} sends ${countOfRequests(moved)} (${percent(moved, requests)} %) elsewhere than A does:`
  const rows = changes
    .slice(0, CHANGES_MAX)
    .map((change) => [
      change.from ?? OWN,
      change.to ?? OWN,
      grouped(change.requests),
      formatBytes(change.bytes),
      change.reasons[0]?.after ?? '',
      placesOf(change),
    ])
  const rest = changes.length - rows.length
  const table = formatTable(['from', 'to', 'requests', 'bytes', 'now', 'most from'], rows)
  return `${title}\n\n${table}${rest > 0 ? `\n  and ${formatCount(rest, 'way')} more, which --json has` : ''}`
}

function placesOf({ places, requests }: Change): string {
  return places
    .slice(0, 3)
    .map((place) => `${place.place ?? 'somewhere'} ${percent(place.requests, requests)} %`)
    .join(', ')
}

/** What stood in the logs, one line each, and the lines that could not be read. */
export function formatLogs(logs: readonly LogReport[]): string[] {
  return logs.flatMap(({ file, format, lines, requests, asides, duplicates, unknown, unknownLines }) => {
    const name = file === '-' ? 'standard input' : file
    const parts = [
      `${grouped(lines)} lines${format === undefined ? '' : ` (${format})`}: ${countOfRequests(requests)}`,
      ...(asides > 0 ? [`${grouped(asides)} that are no pulls`] : []),
      ...(duplicates > 0 ? [`${grouped(duplicates)} shipped twice`] : []),
      ...(unknown > 0 ? [`${grouped(unknown)} that cannot be read`] : []),
    ]
    return [
      `${name}: ${parts.join(', ')}`,
      ...unknownLines.map(({ line, why, text }) => `  line ${line}: ${why}${text === '' ? '' : `: ${text}`}`),
    ]
  })
}
