import { DIGITS, NODE, NODE_HEADER, RUN } from './prefix-table.ts'

/** A node that a code leads to: it divides the digit of this depth, in addresses of this family. */
interface LinkedNode {
  readonly node: number
  readonly depth: number
  readonly family: 4 | 6
}

/**
 * What is wrong with cells that came from outside, in words; `undefined` when they are laid out as a prefix table's are.
 * A lookup then never leaves them, always ends, and finds one of the `valueCount` values or none.
 */
export function faultInCells(cells: Uint32Array, valueCount: number): string | undefined {
  if (cells.length < 2 || (cells[0]! & cells[1]! & 255) !== NODE) return 'it has no roots'
  const linked: LinkedNode[] = [
    { node: cells[0]! >>> 8, depth: 0, family: 4 },
    { node: cells[1]! >>> 8, depth: 0, family: 6 },
  ]
  // Whatever lies beyond the cells is undefined, which makes a sum NaN, and no comparison with that holds.
  /** Parts lie in the order in which codes lead to them, so the next one must begin here. */
  let end = 2
  for (const { node, depth, family } of linked) {
    const slots = node + NODE_HEADER
    const slotsEnd = slots + cells[node + 2]!
    if (node !== end || !(slotsEnd <= cells.length)) return `no node is at ${node}`
    end = slotsEnd
    const longest = DIGITS[family] * 16
    const follow = (code: number): boolean => {
      const leads = (code & 255) === NODE && depth + 1 < DIGITS[family]
      if (leads) linked.push({ node: code >>> 8, depth: depth + 1, family })
      return leads
    }
    const answersEnd = (from: number, to: number) => skipAnswers(cells, from, to, longest, valueCount)

    for (let cell = answersEnd(slots - 1, slotsEnd); cell < slotsEnd; cell = answersEnd(cell + 1, slotsEnd)) {
      const code = cells[cell]!
      if (follow(code)) continue
      if ((code & 255) !== RUN || cell < slots) return `there is no such code at ${cell}`
      const run = code >>> 8
      const codes = run + 1 + cells[run]!
      if (run !== end || !(codes + cells[run]! < cells.length)) return `no run is at ${run}`
      end = codes + cells[run]! + 1
      for (let key = run + 2; key < codes; key++) {
        if (cells[key]! <= cells[key - 1]!) return `the run at ${run} is not in order`
      }
      for (let cell = answersEnd(codes, end); cell < end; cell = answersEnd(cell + 1, end)) {
        if (!follow(cells[cell]!)) return `there is no such code at ${cell}`
      }
    }
  }
  return end === cells.length ? undefined : `nothing leads to ${end}`
}

/** The first cell whose code is no answer, or `to`. Most are, so this loop is all that a start waits for. */
function skipAnswers(
  cells: Uint32Array,
  from: number,
  to: number,
  longest: number,
  valueCount: number,
): number {
  for (let cell = from; cell < to; cell++) {
    const code = cells[cell]!
    if (code === 0) continue
    if ((code & 255) > longest || code < 256 || code >>> 8 > valueCount) return cell
  }
  return to
}
