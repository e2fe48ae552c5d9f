import { PortolanError } from '../errors.ts'
import type { RequestClass } from '../routing/request-class.ts'

/** What is added up apart: where requests of one kind went, from where, why and when. */
export interface CellKey {
  /** The backend that answers; absent where the door itself does. */
  readonly backend?: string
  /** Name of the client's place; absent for somewhere. */
  readonly place?: string
  readonly class: RequestClass
  /** The reason of the decision, and what gave the backend its rank. */
  readonly why: string
  /** A moment in the month in which it was: see {@link timeSlot}. */
  readonly slot: number
}

/** How many requests there were, and what they made someone send. */
export interface Amount {
  gets: number
  heads: number
  bytes: number
  /** Those among the bytes that are reckoned, and not known. */
  estimated: number
}

export interface Cell extends CellKey, Amount {}

/** Requests that one policy answers from somewhere else than the first one. */
export interface Move extends Amount {
  readonly from: string | undefined
  readonly to: string | undefined
  readonly whyFrom: string
  readonly whyTo: string
  readonly place?: string
}

/** More sums than these, and a log spans too much to be one. */
const CELLS_MAX = 500_000

/** Sums by key, in bounded memory; parts that were added up elsewhere can be merged in any order. */
export class Sums<Key extends object> {
  readonly #cells = new Map<string, Key & Amount>()

  /** The sum of this key, to add to. Throws `CONTENT_INVALID` when there are too many. */
  at(text: string, make: () => Key): Amount {
    let cell = this.#cells.get(text)
    if (cell === undefined) {
      if (this.#cells.size >= CELLS_MAX) {
        const message = `the log spans too many months and places to be added up at once (${CELLS_MAX} sums): split it`
        throw new PortolanError('CONTENT_INVALID', message)
      }
      cell = { ...make(), gets: 0, heads: 0, bytes: 0, estimated: 0 }
      this.#cells.set(text, cell)
    }
    return cell
  }

  merge(others: ReadonlyMap<string, Key & Amount>): void {
    for (const [text, other] of others)
      addAmount(
        this.at(text, () => other),
        other,
      )
  }

  get cells(): ReadonlyMap<string, Key & Amount> {
    return this.#cells
  }
}

/** Adds one amount to another. */
export function addAmount(sum: Amount, { gets, heads, bytes, estimated }: Readonly<Amount>): void {
  sum.gets += gets
  sum.heads += heads
  sum.bytes += bytes
  sum.estimated += estimated
}

/** What it is when each request stands for so many. */
export function scaled({ gets, heads, bytes, estimated }: Readonly<Amount>, times: number): Amount {
  return { gets: gets * times, heads: heads * times, bytes: bytes * times, estimated: estimated * times }
}
