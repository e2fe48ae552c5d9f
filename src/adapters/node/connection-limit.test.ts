import { expect, it } from 'vitest'
import { connectionLimit, openFilesLimit } from './connection-limit.ts'

it.each([
  [32, 16],
  [256, 96],
  [1024, 480],
  [65_536, 32_736],
  [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
])('of %d open files leaves %d for connections, each with a file, and a reserve', (files, connections) => {
  expect(connectionLimit(files)).toBe(connections)
})

it('knows how many files may be open', () => {
  expect(openFilesLimit()).toBeGreaterThan(64)
})
