import { expect, it } from 'vitest'
import { turnOf } from './turns.ts'

const names = Array.from({ length: 40 }, (_, index) => `test ${index}`)

it('gives each test to one of two runtimes, the same by the same seed, and in time to both', () => {
  const turns = (seed: string) => names.map((name) => turnOf('suite', name, seed))
  expect(turns('a')).toEqual(turns('a'))
  expect(new Set(turns('a'))).toEqual(new Set(['node', 'bun']))
  const days = Array.from({ length: 30 }, (_, day) => turns(String(day)))
  for (const index of names.keys())
    expect(new Set(days.map((day) => day[index]))).toEqual(new Set(['node', 'bun']))
})

it('does not leave out a test that is called by its runtime', () => {
  for (const seed of ['a', 'b', 'c']) {
    expect(turnOf('suite', 'a door on node ends', seed)).toBe(turnOf('suite', 'a door on bun ends', seed))
  }
})
