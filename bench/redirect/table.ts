import type { Round } from './measure.ts'
import type { Server } from './servers.ts'

/** Prints a row for each server, with its ratio to the first. */
export function print(rounds: ReadonlyMap<Server, readonly Round[]>): void {
  const [first] = rounds.keys()
  const base = quiet(rounds.get(first!)!)
  const rows = [...rounds].map(([{ name }, values]) => {
    const calm = values.toSorted((a, b) => a.microseconds - b.microseconds)[Math.floor(values.length / 4)]!
    return [
      name,
      quiet(values).toFixed(1),
      `${(quiet(values) / base).toFixed(2)}×`,
      median(values, ({ microseconds }) => microseconds).toFixed(1),
      Math.round(median(values, ({ perSecond }) => perSecond)).toString(),
      calm.p50,
      calm.p99,
    ]
  })
  const head = ['server', 'CPU µs/redirect', '÷ first', 'median µs', 'redirects/s', 'p50', 'p99']
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]!.length)))
  for (const row of [head, ...rows]) {
    console.log(
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
        .join('  '),
    )
  }
}

const quiet = (values: readonly Round[]) =>
  quantile(
    values.map(({ microseconds }) => microseconds),
    0.25,
  )

const median = (values: readonly Round[], of: (round: Round) => number) => quantile(values.map(of), 0.5)

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)]!
}
