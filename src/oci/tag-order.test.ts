import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareTags } from './tag-order.ts'

test('orders tags byte by byte, capitals before small letters', () => {
  const tags = ['v10', 'b', '1.0', 'V2', 'A', 'a', 'latest', '_x', 'B']
  expect(tags.sort(compareTags)).toEqual(['1.0', 'A', 'B', 'V2', '_x', 'a', 'b', 'latest', 'v10'])
})

test('is a total order', () => {
  const tag = fc.stringMatching(/^[a-cA-C_.-]{1,3}$/)
  fc.assert(
    fc.property(tag, tag, tag, (a, b, c) => {
      expect(Math.sign(compareTags(a, b))).toBe(0 - Math.sign(compareTags(b, a)))
      expect(compareTags(a, b) === 0).toBe(a === b)
      if (compareTags(a, b) <= 0 && compareTags(b, c) <= 0) expect(compareTags(a, c)).toBeLessThanOrEqual(0)
    }),
  )
})
