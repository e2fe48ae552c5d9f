import { type Amount, addAmount } from '../tally.ts'
import { DRAWS, type Path } from './path.ts'

const MINUTE = 60_000
/** So many sums are kept; of more, minutes and draws are put together. */
const CELLS_MAX = 2 ** 17

/** What is asked for in one slot of time from one place by requests with one path. */
export interface LoadCell extends Amount {
  /** Of the first minute of its slot, counted from 1970. */
  readonly minute: number
  /** Absent for somewhere. */
  readonly place?: string
  /** Draws are the first of so many as {@link finenessOf} says. */
  readonly path: Path
}

/** What sponsors could be asked for, as data that can go to another thread. */
export interface LoadState {
  readonly level: number
  readonly cells: ReadonlyMap<string, LoadCell>
}

/** How many minutes are one slot, and how many draws are taken for one. */
export function finenessOf(level: number): { readonly minutes: number; readonly width: number } {
  return { minutes: 2 ** Math.floor(level / 2), width: Math.min(1024, 2 ** Math.ceil(level / 2)) }
}

/**
 * Adds up what sponsors would be asked for by minute and draw, which is all that pacing goes by. Where that is too much,
 * both are put together, as often as it takes: that depends on the requests alone, so that parts can be merged.
 */
export class SponsorLoad {
  #level = 0
  #cells = new Map<string, LoadCell>()
  readonly #max: number

  constructor(max = CELLS_MAX) {
    this.#max = max
  }

  /** Takes requests of a moment, in milliseconds since 1970. */
  add(at: number, place: string | undefined, path: Path, amount: Readonly<Amount>): void {
    this.#take({
      ...amount,
      minute: Math.floor(at / MINUTE),
      ...(place !== undefined && { place }),
      path,
    })
    this.#shrink()
  }

  merge({ level, cells }: LoadState): void {
    if (level > this.#level) this.#coarsen(level)
    for (const cell of cells.values()) this.#take(cell)
    this.#shrink()
  }

  get state(): LoadState {
    return { level: this.#level, cells: this.#cells }
  }

  #take(cell: LoadCell): void {
    const { minutes, width } = finenessOf(this.#level)
    const minute = Math.floor(cell.minute / minutes) * minutes
    let text = `${minute}\n${cell.place ?? ''}\n${cell.path.end ?? ''}`
    for (const { backend, draw } of cell.path.steps) text += `\n${backend}\n${Math.floor(draw / width)}`
    const found = this.#cells.get(text)
    if (found !== undefined) {
      addAmount(found, cell)
      return
    }
    const steps = cell.path.steps.map(({ backend, draw }) => ({ backend, draw: draw - (draw % width) }))
    this.#cells.set(text, { ...cell, minute, path: { ...cell.path, steps } })
  }

  #shrink(): void {
    while (this.#cells.size > this.#max) this.#coarsen(this.#level + 1)
  }

  #coarsen(level: number): void {
    const cells = this.#cells
    this.#level = level
    this.#cells = new Map()
    for (const cell of cells.values()) this.#take(cell)
  }
}

/** Of draws that are taken for one from `draw` on, how many are below a share: from 0 to 1. */
export function partWithin(share: number, draw: number, width: number): number {
  const until = Math.min(DRAWS, draw + width)
  // A share such as 0.29 is no exact multiple of a thousandth.
  const below = Math.round(share * DRAWS * 1e6) / 1e6
  return Math.min(1, Math.max(0, (below - draw) / (until - draw)))
}
