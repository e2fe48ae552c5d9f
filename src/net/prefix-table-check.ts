import { DIGITS, NODE, NODE_HEADER, RUN } from './prefix-table.ts'

/** A node that a code leads to; it divides the digit `depth` of an address of that family. */
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
  if (cells.length < 2) return 'it has no roots'
  const linked: LinkedNode[] = [
    { node: cells[0]! >>> 8, depth: 0, family: 4 },
    { node: cells[1]! >>> 8, depth: 0, family: 6 },
  ]
  if ((cells[0]! & cells[1]! & 255) !== NODE) return 'it has no roots'
  /** Parts lie in the order in which codes lead to them, so the next one must begin here. */
  let end = 2
  for (const { node, depth, family } of linked) {
    const slots = node + NODE_HEADER
    const slotsEnd = slots + cells[node + 2]!
    if (node !== end || !(slotsEnd <= cells.length)) return `no node is at ${node}`
    end = slotsEnd
    const longest = DIGITS[family] * 16
    const isLink = (code: number) => (code & 255) === NODE && depth + 1 < DIGITS[family]
    let at = node + 3
    while ((at = plainEnd(cells, at, slotsEnd, longest, valueCount)) < slotsEnd) {
      const code = cells[at++]!
      if (isLink(code)) {
        linked.push({ node: code >>> 8, depth: depth + 1, family })
        continue
      }
      const run = code >>> 8
      const codes = run + 1 + cells[run]!
      if ((code & 255) !== RUN || at <= slots) return `there is no such code at ${at - 1}`
      if (run !== end || !(codes + cells[run]! < cells.length)) return `no run is at ${run}`
      end = codes + cells[run]! + 1
      for (let key = run + 2; key < codes; key++) {
        if (cells[key]! <= cells[key - 1]!) return `the run at ${run} is not in order`
      }
      let inRun = codes
      while ((inRun = plainEnd(cells, inRun, end, longest, valueCount)) < end) {
        const code = cells[inRun++]!
        if (!isLink(code)) return `there is no such code at ${inRun - 1}`
        linked.push({ node: code >>> 8, depth: depth + 1, family })
      }
    }
  }
  return end === cells.length ? undefined : `nothing leads to ${end}`
}

/** Where the first code stands that is neither 0 nor a prefix length with a value. */
function plainEnd(cells: Uint32Array, from: number, to: number, longest: number, valueCount: number): number {
  for (let at = from; at < to; at++) {
    const code = cells[at]!
    if (code === 0) continue
    if ((code & 255) > longest || code < 256 || code >>> 8 > valueCount) return at
  }
  return to
}
