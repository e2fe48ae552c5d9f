import { expect, test } from 'vitest'
import { formatBytes, formatCount, formatTime } from './format-quantity.ts'

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1536, '1.5 KiB'],
  [1_048_575, '1.0 MiB'],
  [5 * 1024 ** 3, '5.0 GiB'],
  [4000 * 1024 ** 5, '4000.0 PiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})

test.each([
  [-1, '0s'],
  [400, '0s'],
  [59_600, '1m'],
  [200_000, '3m 20s'],
  [7_500_000, '2h 5m'],
  [3_605_000, '1h'],
  [273_600_000, '3d 4h'],
])('%d milliseconds are %s', (milliseconds, text) => {
  expect(formatTime(milliseconds)).toBe(text)
})

test('one of a thing is told from several', () => {
  expect([
    formatCount(0, 'blob'),
    formatCount(1, 'blob'),
    formatCount(1, 'repository', 'repositories'),
  ]).toEqual(['0 blobs', '1 blob', '1 repository'])
  expect(formatCount(2, 'repository', 'repositories')).toBe('2 repositories')
})
