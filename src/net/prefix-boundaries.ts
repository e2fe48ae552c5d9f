import { forEachInSteps, type Steps, sortInSteps } from '../internal/steps.ts'
import type { Address } from './address.ts'
import { lastAddress, type Prefix, prefixContains } from './prefix.ts'

/** A prefix with its code in a prefix table. */
export interface CodedPrefix extends Prefix {
  readonly code: number
}

/** Where an interval begins, which reaches to the next boundary; code 0 where no prefix holds its addresses. */
export interface Boundary {
  readonly at: Address
  readonly code: number
}

/**
 * Cuts the addresses of one family where the most specific prefix changes, in ascending order. Neighbours that share a
 * code stay one interval. `refuse` is called with a prefix that comes with two codes.
 */
export function* boundariesOf(
  prefixes: readonly CodedPrefix[],
  refuse: (prefix: Prefix, codes: readonly number[]) => never,
): Steps<Boundary[]> {
  const sorted = yield* sortInSteps(
    prefixes,
    (left, right) => compareAddresses(left.address, right.address) || left.length - right.length,
  )
  const boundaries: Boundary[] = []
  const begin = (at: Address, code: number) => {
    const last = boundaries.at(-1)
    if (last !== undefined && compareAddresses(last.at, at) === 0) boundaries.pop()
    if ((boundaries.at(-1)?.code ?? 0) !== code) boundaries.push({ at, code })
  }
  const open: CodedPrefix[] = []
  const close = () => {
    const after = addressAfter(lastAddress(open.pop()!))
    if (after !== undefined) begin(after, open.at(-1)?.code ?? 0)
  }
  const add = (prefix: CodedPrefix) => {
    while (open.length > 0 && !prefixContains(open.at(-1)!, prefix.address)) close()
    const outer = open.at(-1)
    if (outer?.length === prefix.length) {
      if (outer.code !== prefix.code) refuse(prefix, [outer.code, prefix.code])
      return
    }
    open.push(prefix)
    begin(prefix.address, prefix.code)
  }
  yield* forEachInSteps(sorted, add)
  while (open.length > 0) close()
  return boundaries
}

/** The order of addresses of one family. */
export function compareAddresses(left: Address, right: Address): number {
  return (
    (left.word0 >>> 0) - (right.word0 >>> 0) ||
    (left.word1 >>> 0) - (right.word1 >>> 0) ||
    (left.word2 >>> 0) - (right.word2 >>> 0) ||
    (left.word3 >>> 0) - (right.word3 >>> 0)
  )
}

/** The address after this one; `undefined` after the last of its family. */
export function addressAfter({ family, word0, word1, word2, word3 }: Address): Address | undefined {
  if (family === 6 && word3 !== -1) return { family, word0, word1, word2, word3: (word3 + 1) | 0 }
  if (family === 6 && word2 !== -1) return { family, word0, word1, word2: (word2 + 1) | 0, word3: 0 }
  if (family === 6 && word1 !== -1) return { family, word0, word1: (word1 + 1) | 0, word2: 0, word3: 0 }
  return word0 === -1 ? undefined : { family, word0: (word0 + 1) | 0, word1: 0, word2: 0, word3: 0 }
}
