import type { LogReport } from '../../simulate/log-report.ts'
import type { BackendReport, PolicyReport } from '../../simulate/report.ts'
import { formatBytes } from '../format-quantity.ts'
import { formatMoney, grouped, percent } from '../simulate-quantities.ts'
import { letterOf } from '../simulate-report.ts'
import { formatAlarms, formatMonth, formatPaces } from '../simulate-sponsors.ts'
import { barChart, type ChartRow } from './chart.ts'
import { html, type Markup, table } from './markup.ts'

/** What a page tells of. */
export interface SimulationPage {
  readonly logs: readonly LogReport[]
  readonly policies: readonly PolicyReport[]
  readonly assumptions: readonly string[]
  /** As `2026-11-27T10:00:00.000Z`; absent where there was no request. */
  readonly from?: string
  readonly until?: string
}

const CHANGES_MAX = 100

const STYLE = `:root { color-scheme: light dark; --line: #ccc; --soft: #666; --p0: #1f6fb2; --p1: #c4621b; --p2: #3a8a3f; --p3: #8d4bab; --p4: #a8323e; --p5: #6a6a1e }
@media (prefers-color-scheme: dark) { :root { --line: #444; --soft: #aaa; --p0: #69b0e6; --p1: #f0a060; --p2: #7cc982; --p3: #c795e0; --p4: #ea8790; --p5: #c9c96a } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem }
h1, h2 { line-height: 1.2 } h2 { margin-top: 2.5rem }
figure { margin: 1.5rem 0 } figcaption, caption { font-weight: 600; text-align: left; margin-bottom: .4rem }
figure { overflow-x: auto } svg { width: 100%; min-width: 40rem; height: auto } svg text { fill: currentColor; font-size: 11px; dominant-baseline: central } svg .name { text-anchor: end } svg .value { fill: var(--soft) }
.p0 { fill: var(--p0); color: var(--p0) } .p1 { fill: var(--p1); color: var(--p1) } .p2 { fill: var(--p2); color: var(--p2) } .p3 { fill: var(--p3); color: var(--p3) } .p4 { fill: var(--p4); color: var(--p4) } .p5 { fill: var(--p5); color: var(--p5) }
.wide { overflow-x: auto; margin: 1rem 0 } table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums } th, td { border-bottom: 1px solid var(--line); padding: .2rem .6rem; text-align: left; font-weight: 400; vertical-align: top } thead th { font-weight: 600 } .number { text-align: right; white-space: nowrap }
code { overflow-wrap: anywhere }`

/** One page with all of a simulation and nothing from elsewhere: no script, no request; light or dark as the reader is. */
export function simulationPage({ logs, policies, assumptions, from, until }: SimulationPage): string {
  const legend = policies.map(
    ({ config, down = [] }, index) =>
      html`<li><strong class="p${index % 6}">${letterOf(index)}</strong> ${config}${down.length > 0 ? `, as if ${down.join(', ')} were down` : ''}</li>
`,
  )
  const hasCost = policies.some(({ cost }) => cost.length > 0)
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>portolan simulate</title><style>
${STYLE_MARKUP}
</style></head><body>
<h1>Who would answer what</h1>
<p>${period(from, until)}</p>
<ul>${legend}</ul>
${barChart(
  'Bytes',
  rowsOf(policies, ({ bytes }) => bytes),
  formatBytes,
)}
${
  hasCost
    ? [
        barChart(
          'Money',
          rowsOf(policies, ({ cost }) => Number(cost?.amount ?? 0)),
          currencyFormat(policies),
        ),
      ]
    : []
}
${barChart(
  'Requests',
  rowsOf(policies, ({ requests }) => requests),
  grouped,
)}
${policies.map(policySection)}
<h2>The logs</h2>
${table('What stood in them', ['file', 'form', 'lines', 'requests', 'no pulls', 'shipped twice', 'not read'], logs.map(logRow), [1])}
${logs.flatMap(({ unknownLines }) => unknownLines.map(({ line, why, text }) => html`<p>line ${line}: ${why}: <code>${text}</code></p>`))}
<h2>Assumed</h2>
<ul>${assumptions.map(
    (sentence) => html`<li>${sentence}</li>
`,
  )}</ul>
</body></html>
`.text
}

const STYLE_MARKUP: Markup = html([STYLE] as unknown as TemplateStringsArray)

function period(from: string | undefined, until: string | undefined): string {
  return from === undefined ? 'There was no request.' : `Requests from ${from} to ${until}.`
}

/** A backend may be in some policies alone. */
function rowsOf(policies: readonly PolicyReport[], of: (backend: BackendReport) => number): ChartRow[] {
  const names = new Set(policies.flatMap(({ backends }) => backends.map(({ id }) => id)))
  return [...names].map((name) => ({
    name,
    values: policies.map(({ backends }) => {
      const found = backends.find(({ id }) => id === name)
      return found === undefined ? 0 : of(found)
    }),
  }))
}

function currencyFormat(policies: readonly PolicyReport[]): (value: number) => string {
  const currency = policies.flatMap(({ cost }) => cost)[0]?.currency ?? ''
  return (value) => formatMoney({ amount: value.toFixed(2), currency })
}

function policySection(policy: PolicyReport, index: number): Markup {
  const { backends, requests, bills, changes, sponsors } = policy
  const used = backends.filter((backend) => backend.requests > 0)
  const rows = used.map((backend) => [
    ...[backend.id, backend.place, grouped(backend.requests), percent(backend.requests, requests)],
    ...[formatBytes(backend.bytes), backend.cost === undefined ? '' : formatMoney(backend.cost)],
    ...[backend.distance.median, backend.distance.p95].map((each) =>
      each === undefined ? '?' : grouped(each),
    ),
    backend.fills === undefined
      ? ''
      : `${grouped(backend.fills.requests)}, ${formatBytes(backend.fills.bytes)}`,
    backend.probes === undefined ? '' : grouped(backend.probes.requests),
  ])
  const head = ['backend', 'place', 'requests', '%', 'bytes', 'cost', 'km', 'p95', 'fills', 'asked']
  const letter = letterOf(index)
  return html`<h2>${letter}</h2>
${table('Backends', head, rows, [1])}
${sponsors.length === 0 ? [] : [sponsorsTable(sponsors)]}
${bills.map(({ account, month, cost, lines }) =>
  table(
    `${account} in ${month}: ${formatMoney(cost)}`,
    ['price', 'region', 'tier', 'quantity', 'cost'],
    lines.map(({ price, kind, region = '', tier, quantity, amount }) => [
      ...[price ?? `${kind} without a price`, region, tier === undefined ? '' : String(tier + 1)],
      kind === 'transfer' ? formatBytes(quantity) : grouped(quantity),
      amount === undefined ? '?' : formatMoney({ amount, currency: cost.currency }),
    ]),
    [1],
  ),
)}
${changes === undefined || changes.length === 0 ? [] : [changesTable(changes, letter)]}`
}

function sponsorsTable(sponsors: PolicyReport['sponsors']): Markup {
  const rows = sponsors.map((sponsor) => [
    ...[sponsor.id, grouped(sponsor.requests), formatBytes(sponsor.bytes)],
    sponsor.budget.months
      .map((month) => `${month.month}: ${formatMonth(month, sponsor.budget.unit)}`)
      .join('; '),
    formatPaces(sponsor),
    formatAlarms(sponsor).join('; '),
  ])
  return table('Sponsors', ['', 'requests', 'bytes', 'budget', 'pace', 'told'], rows, [3, 4, 5])
}

function changesTable(changes: NonNullable<PolicyReport['changes']>, letter: string): Markup {
  const rows = changes
    .slice(0, CHANGES_MAX)
    .map(({ from = 'the door', to = 'the door', requests, bytes, reasons, places }) => [
      `${from} → ${to}`,
      grouped(requests),
      formatBytes(bytes),
      reasons
        .map(({ before, after }) => (before === after ? after : `${after}; before: ${before}`))
        .join('; '),
      places
        .map(({ place = 'somewhere', requests: own }) => `${place} ${percent(own, requests)} %`)
        .join(', '),
    ])
  return table(
    `What ${letter} answers from elsewhere than A`,
    ['', 'requests', 'bytes', 'why', 'most from'],
    rows,
    [3, 4],
  )
}

function logRow({ file, format, lines, requests, asides, duplicates, unknown }: LogReport): string[] {
  return [file, format ?? '', ...[lines, requests, asides, duplicates, unknown].map(grouped)]
}
