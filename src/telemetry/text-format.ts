import type { Count, Description, Distribution, GaugeFamily } from './family.ts'

/** What Prometheus scrapes. */
export interface Exposition {
  readonly contentType: string
  readonly text: string
}

/** Each series with one value for each label. */
type Series<Value> = Iterable<readonly [values: readonly string[], value: Value]>

/** A family as it is read, whatever its labels. */
export type AnyFamily =
  | GaugeFamily
  | (Description & { readonly type: 'counter'; series(): Series<Readonly<Count>> })
  | (Description & {
      readonly type: 'histogram'
      readonly bounds: readonly number[]
      series(): Series<Pick<Distribution, 'sum'> & { readonly counts: readonly number[] }>
    })

/**
 * Writes families in Prometheus' text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats). They are
 * counted in place, and written only when somebody asks.
 */
export function formatFamilies(families: readonly AnyFamily[]): string {
  return families.map(formatFamily).join('\n')
}

function formatFamily(family: AnyFamily): string {
  const { name, help, type } = family
  const lines = [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`]
  switch (family.type) {
    case 'gauge':
      for (const [values, value] of family.series()) lines.push(line(name, labelsOf(family, values), value))
      break
    case 'counter':
      for (const [values, { value }] of family.series())
        lines.push(line(name, labelsOf(family, values), value))
      break
    case 'histogram':
      for (const [values, distribution] of family.series())
        addDistribution(lines, name, family.bounds, labelsOf(family, values), distribution)
  }
  return `${lines.join('\n')}\n`
}

/** Buckets are cumulative in the text format: each counts what does not exceed its bound. */
function addDistribution(
  lines: string[],
  name: string,
  bounds: readonly number[],
  labels: readonly string[],
  { counts, sum }: { readonly counts: readonly number[]; readonly sum: number },
): void {
  let count = 0
  for (const [index, inBucket] of counts.entries()) {
    count += inBucket
    const bound = index < bounds.length ? String(bounds[index]) : '+Inf'
    lines.push(line(`${name}_bucket`, [...labels, `le="${bound}"`], count))
  }
  lines.push(line(`${name}_sum`, labels, sum), line(`${name}_count`, labels, count))
}

function line(name: string, labels: readonly string[], value: number): string {
  return `${name}${labels.length === 0 ? '' : `{${labels.join(',')}}`} ${formatValue(value)}`
}

function labelsOf({ labels }: Description, values: readonly string[]): string[] {
  return labels.map((label, index) => `${label}="${escapeLabel(values[index] ?? '')}"`)
}

/** As Go's ParseFloat takes it. */
function formatValue(value: number): string {
  if (Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}

function escapeHelp(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')
}

function escapeLabel(text: string): string {
  return /["\\\n]/.test(text) ? escapeHelp(text).replace(/"/g, '\\"') : text
}
