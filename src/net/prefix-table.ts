import type { Address } from './address.ts'
import { firstAddress, type Prefix } from './prefix.ts'

/** The low byte of a code that leads to a node, which divides the next digit. */
export const NODE = 255
/** The low byte of a code that leads to a run, which divides a slot of its node. */
export const RUN = 254
/** Cells of a node before its slots. */
export const NODE_HEADER = 4
/** How many digits of 16 bits the addresses of a family have. */
export const DIGITS = { 4: 2, 6: 8 } as const

/** What the most specific prefix that holds an address says, and which prefix it is. */
export interface PrefixMatch<V> {
  readonly value: V
  readonly prefix: Prefix
}

/**
 * An immutable longest-prefix-match table from addresses to values.
 *
 * It is flattened when built: for each address it keeps only the most specific prefix, as intervals in one array of
 * 32-bit cells that loads without being copied. An address is read as digits of 16 bits, and one digit after the other
 * leads to a *code*, `position << 8 | kind`:
 *
 * - kind 0 to 128 is the answer: the length of the most specific prefix, with the position of its value. The prefix is
 *   not stored, since the address and the length give it back. Code 0 says that no prefix holds the address.
 * - kind {@link NODE}: the position is that of a node, which divides the next digit: `base`, `shift`, `count`, the code
 *   of digits below `base`, then the codes of `count` slots that begin at `base` and are `1 << shift` digits wide, the
 *   last one without end.
 * - kind {@link RUN}, in a slot where more than one interval lies: the position is that of a run: the number of keys;
 *   the keys, which are the first digits of its intervals but the first, ascending; the codes, one more than keys.
 *
 * Cells 0 and 1 are the codes of the nodes at which IPv4 and IPv6 begin. All nodes follow in the order in which codes
 * lead to them, each with its runs behind it in the order of their slots.
 */
export class PrefixTable<V> {
  readonly cells: Uint32Array
  /** The value for each position; position 0 is that of code 0. */
  readonly values: readonly [undefined, ...V[]]

  constructor(cells: Uint32Array, values: readonly V[]) {
    this.cells = cells
    this.values = [undefined, ...values]
  }

  /** The value of the most specific prefix that holds the address. */
  lookup(address: Address): V | undefined {
    return this.values[codeOf(this.cells, address) >>> 8]
  }

  /** {@link lookup}, and the prefix that decided. */
  match(address: Address): PrefixMatch<V> | undefined {
    const code = codeOf(this.cells, address)
    if (code === 0) return undefined
    const length = code & 255
    return { value: this.values[code >>> 8] as V, prefix: { address: firstAddress(address, length), length } }
  }
}

/** The digit of an address that a node at this depth divides, from 0 for the first 16 bits. */
export function digitOf({ word0, word1, word2, word3 }: Address, depth: number): number {
  const word = depth < 2 ? word0 : depth < 4 ? word1 : depth < 6 ? word2 : word3
  return (depth & 1) === 0 ? word >>> 16 : word & 0xffff
}

function codeOf(cells: Uint32Array, address: Address): number {
  let code = cells[address.family === 4 ? 0 : 1]!
  for (let depth = 0; (code & 255) === NODE; depth++) {
    const digit = digitOf(address, depth)
    code = codeInNode(cells, code >>> 8, digit)
    if ((code & 255) === RUN) code = codeInRun(cells, code >>> 8, digit)
  }
  return code
}

function codeInNode(cells: Uint32Array, node: number, digit: number): number {
  const base = cells[node]!
  if (digit < base) return cells[node + 3]!
  const slot = Math.min((digit - base) >>> cells[node + 1]!, cells[node + 2]! - 1)
  return cells[node + NODE_HEADER + slot]!
}

function codeInRun(cells: Uint32Array, run: number, digit: number): number {
  const count = cells[run]!
  let low = run
  let high = run + count
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if (cells[middle]! <= digit) low = middle
    else high = middle - 1
  }
  return cells[low + count + 1]!
}
