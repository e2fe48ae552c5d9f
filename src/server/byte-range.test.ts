import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseRange } from './byte-range.ts'

test.each([
  ['bytes=0-0', { start: 0, end: 1 }],
  ['bytes=2-5', { start: 2, end: 6 }],
  ['bytes=0-9', { start: 0, end: 10 }],
  ['bytes=5-999', { start: 5, end: 10 }],
  ['bytes=5-', { start: 5, end: 10 }],
  ['bytes=-3', { start: 7, end: 10 }],
  ['bytes=-999', { start: 0, end: 10 }],
  ['Bytes= 1-2 ', { start: 1, end: 3 }],
  [`bytes=0-${'9'.repeat(400)}`, { start: 0, end: 10 }],
  ['bytes=10-', 'unsatisfiable'],
  ['bytes=10-20', 'unsatisfiable'],
  [`bytes=${'9'.repeat(400)}-`, 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=5-2', undefined],
  ['bytes=0-1,3-4', undefined],
  ['bytes=-', undefined],
  ['bytes=', undefined],
  ['bytes=a-b', undefined],
  ['bytes=+1-2', undefined],
  ['bytes=1-2-3', undefined],
  ['lines=0-1', undefined],
  ['', undefined],
  [undefined, undefined],
] as const)('reads %j for 10 bytes', (header, range) => {
  expect(parseRange(header, 10)).toEqual(range)
})

test.each(['bytes=0-', 'bytes=-5', 'bytes=0-0'])('finds no byte of an empty blob in %s', (header) => {
  expect(parseRange(header, 0)).toBe('unsatisfiable')
})

test('asks for exactly the bytes that RFC 9110 selects one by one', () => {
  const position = fc.integer({ min: 0, max: 12 })
  const last = fc.option(position, { nil: undefined })
  fc.assert(
    fc.property(position, last, position, (first, final, size) => {
      fc.pre(final === undefined || first <= final)
      const range = parseRange(`bytes=${first}-${final ?? ''}`, size)
      const selected = [...Array(size).keys()].filter((at) => at >= first && at <= (final ?? size))
      if (selected.length === 0) expect(range).toBe('unsatisfiable')
      else expect(range).toEqual({ start: selected[0], end: selected.at(-1)! + 1 })
    }),
  )
})
