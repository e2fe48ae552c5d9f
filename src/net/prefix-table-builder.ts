import { PortolanError } from '../errors.ts'
import { finish, forEachInSteps, ITEMS_PER_STEP, type Steps } from '../internal/steps.ts'
import type { Address } from './address.ts'
import { formatPrefix, type Prefix } from './prefix.ts'
import { type Boundary, boundariesOf, type CodedPrefix } from './prefix-boundaries.ts'
import { DIGITS, digitOf, NODE, NODE_HEADER, PrefixTable, RUN } from './prefix-table.ts'

/** One line of what a table is built from. */
export interface PrefixEntry<V> {
  readonly prefix: Prefix
  readonly value: V
}

/** An interval of one digit: `code`, unless there are boundaries inside, before the first of which `code` holds. */
interface Interval {
  readonly key: number
  readonly code: number
  readonly inside: readonly Boundary[]
}

/** A node that is not yet written: what it divides, and the cell that leads to it. */
interface PendingNode {
  readonly cell: number
  readonly depth: number
  readonly code: number
  readonly inside: readonly Boundary[]
}

/** One more than the last value of a digit. */
const DIGIT_END = 2 ** 16
/** More of them make runs shorter and the table larger. */
const SLOTS_PER_INTERVAL = 2

/**
 * Builds the table of these prefixes, in any order; where they overlap the longer one counts. `describe` says in words
 * what a value is, and values with the same description are taken for the same.
 *
 * Throws `PREFIX_CONFLICT` when a prefix comes with two values.
 */
export function buildPrefixTable<V>(
  entries: Iterable<PrefixEntry<V>>,
  describe: (value: V) => string = JSON.stringify,
): PrefixTable<V> {
  return finish(prefixTableInSteps(entries, describe))
}

/** The same in steps, for whoever builds a large one while others wait. */
export function* prefixTableInSteps<V>(
  entries: Iterable<PrefixEntry<V>>,
  describe: (value: V) => string,
): Steps<PrefixTable<V>> {
  const values: V[] = []
  const positions = new Map<string, number>()
  const prefixes4: CodedPrefix[] = []
  const prefixes6: CodedPrefix[] = []
  yield* forEachInSteps(entries, ({ prefix, value }) => {
    const description = describe(value)
    let position = positions.get(description)
    if (position === undefined) {
      position = values.push(value)
      positions.set(description, position)
    }
    const { address, length } = prefix
    const prefixes = address.family === 4 ? prefixes4 : prefixes6
    prefixes.push({ address, length, code: toCode(position, length) })
  })
  const refuse = (prefix: Prefix, codes: readonly number[]): never => {
    const text = formatPrefix(prefix)
    const found = codes.map((code) => describe(values[(code >>> 8) - 1] as V))
    throw new PortolanError('PREFIX_CONFLICT', `${text} is listed with two values: ${found.join(' and ')}`, {
      prefix: text,
      values: found,
    })
  }
  const boundaries4 = yield* boundariesOf(prefixes4, refuse)
  const boundaries6 = yield* boundariesOf(prefixes6, refuse)
  return new PrefixTable(yield* toCells(boundaries4, boundaries6), values)
}

function* toCells(boundaries4: readonly Boundary[], boundaries6: readonly Boundary[]): Steps<Uint32Array> {
  const cells = [0, 0]
  const pending: PendingNode[] = [
    { cell: 0, depth: 0, code: 0, inside: boundaries4 },
    { cell: 1, depth: 0, code: 0, inside: boundaries6 },
  ]
  let written = 0
  for (const item of pending) {
    if (cells.length - written > ITEMS_PER_STEP) {
      written = cells.length
      yield
    }
    const node = cells.length
    cells[item.cell] = toCode(node, NODE)
    const intervals = intervalsOf(item)
    const { base, shift, count } = slotsOf(intervals, item.depth)
    const put = (cell: number, { code, inside }: Interval) => {
      cells[cell] = code // for now, where a node follows
      if (inside.length > 0) pending.push({ cell, depth: item.depth + 1, code, inside })
    }
    cells.push(base, shift, count)
    put(node + 3, intervals[0]!)
    for (let slot = 0; slot < count; slot++) cells.push(0)
    for (let slot = 0, first = 0, last = 0; slot < count; slot++) {
      const start = base + (slot << shift)
      const end = start + (1 << shift)
      while (first + 1 < intervals.length && intervals[first + 1]!.key <= start) first++
      last = Math.max(first, last)
      while (last + 1 < intervals.length && intervals[last + 1]!.key < end) last++
      if (first === last) {
        put(node + NODE_HEADER + slot, intervals[first]!)
      } else {
        cells[node + NODE_HEADER + slot] = toCode(cells.length, RUN)
        cells.push(last - first)
        for (let at = first + 1; at <= last; at++) cells.push(intervals[at]!.key)
        for (let at = first; at <= last; at++) put(cells.length, intervals[at]!)
      }
    }
  }
  return Uint32Array.from(cells)
}

/** The intervals of one digit that these boundaries make, from 0 on; `code` holds before the first boundary. */
function intervalsOf({ inside: boundaries, depth, code }: PendingNode): Interval[] {
  const intervals: Interval[] = []
  /** Where the interval of `code` has yet to begin. */
  let due = 0
  for (let from = 0, to = 0; from < boundaries.length; from = to) {
    const first = boundaries[from]!
    const key = digitOf(first.at, depth)
    while (to < boundaries.length && digitOf(boundaries[to]!.at, depth) === key) to++
    if (due < key) intervals.push({ key: due, code, inside: [] })
    if (to === from + 1 && endsAt(first.at, depth)) {
      intervals.push({ key, code: first.code, inside: [] })
      due = DIGIT_END
    } else {
      intervals.push({ key, code, inside: boundaries.slice(from, to) })
      due = key + 1
    }
    code = boundaries[to - 1]!.code
  }
  if (due < DIGIT_END) intervals.push({ key: due, code, inside: [] })
  return intervals
}

/** The slots of a node, as narrow as its share of cells allows, but no narrower than its intervals are. */
function slotsOf(
  [, ...intervals]: readonly Interval[],
  depth: number,
): { base: number; shift: number; count: number } {
  if (intervals.length === 0) return { base: 0, shift: 0, count: 0 }
  const base = intervals[0]!.key
  const range = intervals.at(-1)!.key - base
  const bits = intervals.reduce((bits, { key }) => bits | (key - base), 0)
  let shift = Math.max(0, 31 - Math.clz32(bits & -bits))
  const most = depth === 0 ? DIGIT_END : intervals.length * SLOTS_PER_INTERVAL
  while (range >>> shift >= most) shift++
  return { base, shift, count: (range >>> shift) + 1 }
}

/** A code keeps 24 bits for a position. */
function toCode(position: number, kind: number): number {
  if (position >= 2 ** 24) throw new RangeError('a prefix table holds fewer than 16,777,216 values and cells')
  return position * 256 + kind
}

/** Whether the digits of an address below this depth are zero. */
function endsAt(address: Address, depth: number): boolean {
  for (let below = depth + 1; below < DIGITS[6]; below++) if (digitOf(address, below) !== 0) return false
  return true
}
