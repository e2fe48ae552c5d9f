import { SPLIT_MAX } from '../config/config.ts'
import { type DrawKey, textKey, waitingTime } from './draw.ts'
import { compileSelector, type Selector } from './selector.ts'

/** One entry of `prefer` that stands for several, which each client has in an order of its own. */
export interface Split {
  readonly between: readonly Alternative[]
}

/** One of them. */
export interface Alternative {
  readonly selector: Selector
  readonly weight: number
  readonly salt: DrawKey
}

/** The orders of the alternatives of all splits of a rule, packed into one number: it holds 13 positions. */
export type SplitOrder = number

/** More than the highest position. */
const RADIX = 16

/** Reads weights by selector, such as `{ cdn: 70, 'stores@gcp': 30 }`. */
export function compileSplit(weights: Readonly<Record<string, number>>): Split {
  return {
    between: Object.entries(weights).map(([text, weight]) => ({
      selector: compileSelector(text),
      weight,
      salt: textKey(text),
    })),
  }
}

/** The alternatives in the order of one client, which is given the first of them. */
export function drawSplit(split: Split, key: DrawKey): readonly Alternative[] {
  sortPositions(split, key)
  return split.between.map((_, rank) => split.between[positions[rank]!]!)
}

/** What a client draws for each alternative; the smallest is its first, and so on. */
export function drawsOf(split: Split, key: DrawKey): readonly { alternative: Alternative; draw: number }[] {
  return split.between.map((alternative) => ({ alternative, draw: drawOf(alternative, key) }))
}

function drawOf({ salt, weight }: Alternative, key: DrawKey): number {
  return waitingTime(key, salt) / weight
}

/** The orders that {@link drawSplit} gives for these splits, told apart without an allocation. */
export function orderOf(splits: readonly Split[], key: DrawKey): SplitOrder {
  let order = 0
  for (const split of splits) {
    sortPositions(split, key)
    for (let rank = 0; rank < split.between.length; rank++) order = order * RADIX + positions[rank]!
  }
  return order
}

/** What {@link sortPositions} leaves behind; kept between calls to spare the allocation. */
const positions = new Uint8Array(SPLIT_MAX)
const times = new Float64Array(SPLIT_MAX)

/** Sorts the positions of the alternatives by their waiting times: there are two or three of them, hardly ever more. */
function sortPositions({ between }: Split, key: DrawKey): void {
  for (let position = 0; position < between.length; position++) {
    const time = drawOf(between[position]!, key)
    let rank = position
    for (; rank > 0 && times[rank - 1]! > time; rank--) {
      times[rank] = times[rank - 1]!
      positions[rank] = positions[rank - 1]!
    }
    times[rank] = time
    positions[rank] = position
  }
}
