import type { Others, Throughput } from './measure.ts'

export type Figures = Throughput & Others

/** Prints a row for each server; the first is what the others are compared with. */
export function printRows(rows: readonly (readonly [name: string, figures: Figures])[]): void {
  const first = rows[0]![1]
  const cells = rows.map(([name, figures]) => [
    name,
    figures.wall.toFixed(2),
    figures.serverPerGigabyte.toFixed(3),
    figures.clientPerGigabyte.toFixed(3),
    `${(first.serverPerGigabyte / figures.serverPerGigabyte).toFixed(2)}×`,
    `${(bothOf(first) / bothOf(figures)).toFixed(2)}×`,
    figures.p50.toFixed(2),
    figures.p99.toFixed(2),
    figures.miss.toFixed(2),
    (figures.resident / 1e6).toFixed(0),
    `${figures.coldRatio.toFixed(3)}×`,
    `${figures.coldOne.toFixed(2)} / ${figures.coldMany.toFixed(2)}`,
  ])
  const table = [HEAD, ...cells]
  const widths = HEAD.map((_, column) => Math.max(...table.map((row) => row[column]!.length)))
  for (const row of table) {
    const padded = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!),
    )
    console.log(padded.join('  '))
  }
}

/** CPU time of the server and its client: over loopback, either may be charged for what the other sends or takes. */
function bothOf({ serverPerGigabyte, clientPerGigabyte }: Throughput): number {
  return serverPerGigabyte + clientPerGigabyte
}

const HEAD = [
  'server',
  'GB/s',
  'CPU s/GB',
  "client's",
  'GB/CPU s ÷ first',
  'with client',
  'first byte p50 ms',
  'p99',
  'miss adds ms',
  '50 readers MB',
  'upstream bytes of 100',
  's for 1 / 100',
]
