import { expect, it } from 'vitest'
import { withinBuffer } from './kept-fill.ts'

const MIB = 1024 * 1024

it.each([
  ['no more than fits into what is lent', new Uint8Array(1000), 1000],
  ['all where that fits', new Uint8Array(2 * MIB), MIB],
  // With a megabyte each, a thousand clients that follow one download would take a gigabyte.
  ['little for who lends nothing', undefined, 128 * 1024],
])('reads %s', async (_, lent, expected) => {
  const read = async (start: number, end: number, into?: Uint8Array) =>
    (into ?? new Uint8Array(MIB)).subarray(0, end - start)
  expect(await withinBuffer({ read }).read(5, 5 + MIB, lent)).toHaveLength(expected)
})
