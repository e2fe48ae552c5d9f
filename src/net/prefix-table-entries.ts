import type { Address } from './address.ts'
import { firstAddress, formatPrefix, lastAddress } from './prefix.ts'
import { addressAfter, compareAddresses } from './prefix-boundaries.ts'
import { DIGITS, NODE, NODE_HEADER, type PrefixTable, RUN } from './prefix-table.ts'
import type { PrefixEntry } from './prefix-table-builder.ts'

/**
 * The entries that a table answers with and whose value `accepts` takes, each once: those that it was built from, less
 * those of which every address lies in a longer prefix.
 */
export function entriesOf<V>(table: PrefixTable<V>, accepts: (value: V) => boolean): PrefixEntry<V>[] {
  const { cells, values } = table
  const accepted = values.map((value, position) => position > 0 && accepts(value as V))
  const found = new Map<string, PrefixEntry<V>>()
  for (const family of [4, 6] as const) {
    walk(cells, cells[family === 4 ? 0 : 1]! >>> 8, family, [], (code, first, last) => {
      if (!accepted[code >>> 8]) return
      const length = code & 255
      // Neighbours of one length and value are one interval: each block of that length in it was an entry.
      for (let at: Address | undefined = first; at !== undefined && compareAddresses(at, last) <= 0; ) {
        const prefix = { address: firstAddress(at, length), length }
        found.set(formatPrefix(prefix), { prefix, value: values[code >>> 8] as V })
        at = addressAfter(lastAddress(prefix))
      }
    })
  }
  return [...found.values()]
}

/** Calls `visit` with the code and the bounds of each interval below a node, which lies behind these digits. */
function walk(
  cells: Uint32Array,
  node: number,
  family: 4 | 6,
  digits: readonly number[],
  visit: (code: number, first: Address, last: Address) => void,
): void {
  const base = cells[node]!
  const width = 2 ** cells[node + 1]!
  const count = cells[node + 2]!
  const interval = (first: number, last: number, code: number) => {
    if (code === 0 || last < first) return
    if ((code & 255) === NODE) walk(cells, code >>> 8, family, [...digits, first], visit)
    else visit(code, addressOf(family, [...digits, first], 0), addressOf(family, [...digits, last], 0xffff))
  }
  interval(0, count === 0 ? 0xffff : base - 1, cells[node + 3]!)
  for (let slot = 0; slot < count; slot++) {
    const first = base + slot * width
    const last = slot === count - 1 ? 0xffff : first + width - 1
    const code = cells[node + NODE_HEADER + slot]!
    if ((code & 255) !== RUN) {
      interval(first, last, code)
      continue
    }
    const run = code >>> 8
    const keys = cells[run]!
    for (let at = 0; at <= keys; at++) {
      const from = at === 0 ? first : cells[run + at]!
      const to = at === keys ? last : cells[run + at + 1]! - 1
      interval(from, to, cells[run + keys + 1 + at]!)
    }
  }
}

/** The address with these first digits, and this one for all that are missing. */
function addressOf(family: 4 | 6, digits: readonly number[], rest: number): Address {
  const word = (at: number) =>
    at < DIGITS[family] / 2 ? ((digits[2 * at] ?? rest) << 16) | (digits[2 * at + 1] ?? rest) : 0
  return { family, word0: word(0), word1: word(1), word2: word(2), word3: word(3) }
}
