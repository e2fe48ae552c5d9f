import { html, type Markup } from './markup.ts'

/** What several policies have of one thing. */
export interface ChartRow {
  readonly name: string
  /** One of each policy, in their order. */
  readonly values: readonly number[]
}

const WIDTH = 860
const NAMES = 190
const VALUES = 120
const BAR = 13
const GAP = 9
/** Rows that are drawn one by one; the rest is one. */
const ROWS_MAX = 20

/** Bars beside each other: a row for each thing, and in it a bar for each policy, in the order of the first policy's values. */
export function barChart(
  title: string,
  rows: readonly ChartRow[],
  format: (value: number) => string,
): Markup {
  const drawn = largestFirst(rows)
  const most = Math.max(1, ...drawn.flatMap(({ values }) => values))
  const perRow = (drawn[0]?.values.length ?? 1) * BAR + GAP
  const height = drawn.length * perRow
  const scale = (WIDTH - NAMES - VALUES) / most
  return html`<figure><figcaption>${title}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}">
${drawn.map(({ name, values }, row) => {
  const top = row * perRow
  const middle = top + (values.length * BAR) / 2
  return html`<text x="${NAMES - 8}" y="${middle}" class="name">${shortened(name)}<title>${name}</title></text>
${values.map((value, policy) => {
  const y = top + policy * BAR
  const length = Math.max(value > 0 ? 1 : 0, Math.round(value * scale))
  return html`<rect x="${NAMES}" y="${y + 1}" width="${length}" height="${BAR - 2}" class="p${policy % 6}"/><text x="${NAMES + length + 6}" y="${y + BAR / 2}" class="value">${format(value)}</text>
`
})}`
})}</svg></figure>
`
}

function largestFirst(rows: readonly ChartRow[]): ChartRow[] {
  const sum = ({ values }: ChartRow) => values.reduce((total, value) => total + value, 0)
  const some = rows
    .filter((row) => sum(row) > 0)
    .toSorted((one, other) => Math.max(...other.values) - Math.max(...one.values))
  if (some.length <= ROWS_MAX) return some
  const rest = some.slice(ROWS_MAX - 1)
  const values = rest[0]!.values.map((_, policy) =>
    rest.reduce((total, row) => total + row.values[policy]!, 0),
  )
  return [...some.slice(0, ROWS_MAX - 1), { name: `${rest.length} others`, values }]
}

/** As much of a name as there is space for. */
function shortened(name: string): string {
  return name.length > 26 ? `${name.slice(0, 25)}…` : name
}
