import { expect, it } from 'vitest'
import { chooseRows, chooseTurns, randomOf } from './sample.ts'

const rows = Array.from({ length: 30 }, (_, index) => ({ index, group: `g${index % 5}` }))
const choose = (count: number, seed: string) => chooseRows(rows, count, ({ group }) => group, randomOf(seed))

it('takes as many rows as are said, in their order, the same by the same seed', () => {
  const chosen = choose(12, 'a')
  expect(chosen).toHaveLength(12)
  expect(chosen).toEqual(chosen.toSorted((one, other) => one.index - other.index))
  expect(new Set(chosen).size).toBe(12)
  expect(choose(12, 'a')).toEqual(chosen)
  expect(choose(12, 'b')).not.toEqual(chosen)
})

it('takes one of every group before it takes a second', () => {
  expect(new Set(choose(5, 'a').map(({ group }) => group)).size).toBe(5)
  expect(choose(99, 'a')).toEqual(rows)
})

it('takes every row in time', () => {
  const seen = new Set(Array.from({ length: 60 }, (_, day) => choose(5, String(day))).flat())
  expect(seen.size).toBe(rows.length)
})

it('gives every row to one of two runtimes, and in time to both', () => {
  const turnsOf = (runtime: 'node' | 'bun', seed: string) => chooseTurns(rows, runtime, randomOf(seed))
  const [node, bun] = [turnsOf('node', 'a'), turnsOf('bun', 'a')]
  expect([...node, ...bun].toSorted((one, other) => one.index - other.index)).toEqual(rows)
  const onNode = new Set(Array.from({ length: 60 }, (_, day) => turnsOf('node', String(day))).flat())
  expect(onNode.size).toBe(rows.length)
})
