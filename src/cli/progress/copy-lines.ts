import { formatBytes, formatTime } from '../format-quantity.ts'
import type { CopyTally, StoreTally } from './copy-tally.ts'

/** How a terminal is drawn on. */
export interface Canvas {
  /** Characters in a line. */
  readonly width: number
  readonly colour: boolean
}

/** Bytes a second, by store; absent where it is not known yet. */
export type Rates = ReadonlyMap<string, number | undefined>

const BAR = 20

/** Draws how far a run is: one line while repositories are read, then one for each store. */
export function drawTally(tally: CopyTally, rates: Rates, { width, colour }: Canvas): string[] {
  const { repositories, downloaded, download, stores } = tally
  if (stores.length === 0) {
    return [cut(describeWalk(repositories), width)]
  }
  const rows = stores.map((store) => cellsOf(store, rates.get(store.store)))
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const columns = (row: readonly string[]) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
  return [
    ...stores.map((store, index) => {
      const [name = '', ...cells] = columns(rows[index]!)
      const rest = cells.join('  ')
      const space = width - name.length - rest.length - 4
      // A narrow terminal loses the bar before it loses a number.
      if (space < BAR) return cut(`${name}  ${rest}`, width)
      return `${name}  ${bar(store, colour)}  ${rest}`.trimEnd()
    }),
    cut(`downloaded ${formatBytes(downloaded)} of ${formatBytes(download)}`, width),
  ]
}

/** How far the reading of the upstream is. */
export function describeWalk({ done, total }: CopyTally['repositories']): string {
  return total === 0 ? 'reading the upstream' : `reading the upstream: repository ${done} of ${total}`
}

function cellsOf({ store, sent, bytes, stored, total }: StoreTally, rate: number | undefined): string[] {
  const left = bytes - sent
  return [
    store,
    `${stored}/${total}`,
    `${formatBytes(sent)} of ${formatBytes(bytes)}`,
    rate === undefined ? '' : `${formatBytes(Math.round(rate))}/s`,
    stored >= total
      ? 'done'
      : rate === undefined || rate <= 0
        ? ''
        : `${formatTime((left / rate) * 1000)} left`,
  ]
}

function bar({ sent, bytes, stored, total }: StoreTally, colour: boolean): string {
  const share = stored >= total ? 1 : bytes === 0 ? 0 : Math.min(1, Math.max(0, sent / bytes))
  const full = Math.floor(share * BAR)
  const done = '#'.repeat(full)
  return `${colour && full > 0 ? `\x1b[32m${done}\x1b[0m` : done}${'-'.repeat(BAR - full)}`
}

/** A line that fits: an ellipsis stands for what does not. */
export function cut(line: string, width: number): string {
  const text = line.trimEnd()
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
}
