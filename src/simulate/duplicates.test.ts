import { expect, it } from 'vitest'
import { Duplicates } from './duplicates.ts'

it('knows what it was given, also when it has grown', () => {
  const duplicates = new Duplicates()
  const hashes = Array.from({ length: 20_000 }, (_, index) => (index * 7_919_999_983) % 2 ** 52)
  expect(hashes.filter((hash) => duplicates.has(hash))).toEqual([])
  expect(hashes.every((hash) => duplicates.has(hash))).toBe(true)
})

it('takes no more than so many, and still knows those', () => {
  const duplicates = new Duplicates(3)
  for (const hash of [5, 6]) duplicates.has(hash)
  expect(duplicates.isFull).toBe(false)
  duplicates.has(7)
  expect(duplicates.isFull).toBe(true)
  expect([8, 8, 5, 6, 7].map((hash) => duplicates.has(hash))).toEqual([false, false, true, true, true])
})

it('takes 0 for a hash like any other', () => {
  const duplicates = new Duplicates()
  expect([duplicates.has(0), duplicates.has(0)]).toEqual([false, true])
})
