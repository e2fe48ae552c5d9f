import { expect, it } from 'vitest'
import { createByteBudget } from './byte-budget.ts'

/** Which of these sizes are let in when nobody leaves. */
async function admitted(sizes: readonly number[]): Promise<number[]> {
  const budget = createByteBudget({ things: 4, bytes: 100 })
  const inside: number[] = []
  for (const size of sizes) budget(size).then(() => inside.push(size))
  await new Promise((resolve) => setImmediate(resolve))
  return inside
}

it.each([
  ['so many bytes', [50, 40, 30], [50, 40]],
  ['so many things, however small', [0, 1, 2, 3, 4], [0, 1, 2, 3]],
  ['one thing alone, however large', [1000, 0], [1000]],
  ['nobody past one that waits', [60, 60, 1], [60]],
])('lets in %s', async (_, sizes, expected) => {
  expect(await admitted(sizes)).toEqual(expected)
})

it('lets in the next when there is place again', async () => {
  const budget = createByteBudget({ things: 4, bytes: 100 })
  const leave = await budget(80)
  const next = budget(80)
  leave()
  await next
})
