import { expect, test } from 'vitest'
import { formatSize, parseSize } from './byte-size.ts'

test.each([
  ['0B', 0],
  ['1B', 1],
  ['4KiB', 4096],
  ['500MiB', 524_288_000],
  ['200GiB', 214_748_364_800],
  ['2TiB', 2_199_023_255_552],
])('%s is %d bytes, both ways', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes)
  expect(formatSize(bytes)).toBe(text)
})

test.each(['', '10', '10GB', '1.5GiB', '-1GiB', '10 GiB', '1234567890B', '10gib'])(
  '"%s" is no size',
  (text) => {
    expect(parseSize(text)).toBeUndefined()
  },
)

test('what no unit divides is in bytes', () => {
  expect(formatSize(1025)).toBe('1025B')
})
