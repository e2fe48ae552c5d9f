import { expect, it } from 'vitest'
import { MoveBudget } from './move-budget.ts'

const HOUR = 60 * 60_000

it('bounds the bytes of an hour, and of one network to a quarter', () => {
  const budget = new MoveBudget(1000)
  expect(budget.spend(250, 1, 0)).toBe(true)
  expect(budget.spend(1, 1, 1)).toBe(false)
  for (const network of [2, 3, 4]) expect(budget.spend(250, network, 2)).toBe(true)
  expect(budget.spend(1, 5, 3)).toBe(false)
  expect(budget.spent(4)).toBe(1000)
})

it('begins anew each hour', () => {
  const budget = new MoveBudget(1000)
  expect(budget.spend(250, 1, 0)).toBe(true)
  expect(budget.spent(HOUR)).toBe(0)
  expect(budget.spend(250, 1, HOUR)).toBe(true)
})
