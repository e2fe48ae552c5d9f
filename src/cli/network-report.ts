import type { Difference } from '../doctor/network/compare.ts'
import type { NetworkReport } from '../doctor/network/report.ts'
import { printable } from './print.ts'
import { formatFields, formatTable } from './table.ts'

/** What was found, for people: the sentence, whose it is and what to type; then check by check. */
export function formatNetworkReport(report: NetworkReport): string {
  const { summary, view, checks } = report
  const { owner, try: steps } = summary
  const rows = checks.map(({ verdict, check, at, family, says }) =>
    [verdict, check, at, family === undefined ? '' : `IPv${family}`, says].map(printable),
  )
  const { proxies, authorities } = view
  const set = [
    ...(proxies.https ? [`https ${proxies.https}`] : []),
    ...(proxies.http ? [`http ${proxies.http}`] : []),
    ...(proxies.none ? [`none for ${proxies.none}`] : []),
  ]
  return [
    formatSummary(report),
    formatFields([
      ...(owner === undefined ? [] : [['mended by', [`who owns ${owner}`]] as const]),
      ['try', steps.map(printable)],
      ['as', [view.runtime]],
      ['from', view.endpoints.map(printable)],
      ['proxy', [printable(`${set.join(', ') || 'none'} (${proxies.from})`)]],
      [
        'trusts',
        [printable(`${authorities.count} authorities (${authorities.files.join(', ') || 'no file'})`)],
      ],
    ]),
    '',
    formatTable(['', 'what', 'where', '', 'found'], rows),
  ].join('\n')
}

/** The verdict in one line, with its cause. */
export function formatSummary({ summary: { verdict, sentence, cause } }: NetworkReport): string {
  return printable(`${verdict}: ${sentence}${cause === undefined ? '' : `  [${cause}]`}`)
}

/** What the network has to let through, and whether that is all of it. */
export function formatAllowList({ allow, summary }: NetworkReport): string {
  const rows = allow.map(({ host, port, why }) => [host, String(port), why.join('; ')].map(printable))
  const rest =
    summary.verdict === 'pass' || summary.verdict === 'warn'
      ? []
      : [`not all: ${printable(summary.sentence)}`]
  return [formatTable(['host', 'port', 'why'], rows), ...rest].join('\n')
}

/** What is otherwise here than there. */
export function formatDifferences(differences: readonly Difference[]): string {
  if (differences.length === 0) return 'nothing is otherwise than there'
  const rows = differences.map(({ what, there = '', here = '' }) => [what, there, here].map(printable))
  return formatTable(['otherwise than there', 'there', 'here'], rows)
}
