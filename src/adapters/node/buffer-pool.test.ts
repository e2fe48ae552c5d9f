import { expect, test } from 'vitest'
import { BufferPool } from './buffer-pool.ts'

test('lends no more than it may, and gives what came back to the next', () => {
  const pool = new BufferPool({ bytes: 10, most: 2, kept: 2 })
  const [first, second] = [pool.take()!, pool.take()!]
  expect([first.length, second.length]).toEqual([10, 10])
  expect(first).not.toBe(second)
  expect(pool.take()).toBeUndefined()
  pool.give(first)
  expect(pool.take()).toBe(first)
  expect(pool.take()).toBeUndefined()
})

test('keeps no more than it should of what nobody needs', () => {
  const pool = new BufferPool({ bytes: 10, most: 3, kept: 1 })
  const taken = [pool.take()!, pool.take()!, pool.take()!]
  for (const buffer of taken) pool.give(buffer)
  const again = [pool.take()!, pool.take()!, pool.take()!]
  expect(again.filter((buffer) => taken.includes(buffer))).toHaveLength(1)
})
