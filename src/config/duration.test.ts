import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatDuration, parseDuration } from './duration.ts'

test.each([
  ['0s', 0],
  ['300ms', 300],
  ['5s', 5000],
  ['10m', 600_000],
  ['12h', 43_200_000],
  ['7d', 604_800_000],
])('%s is %i ms', (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds)
})

test.each([
  '',
  '5',
  's',
  '1.5h',
  '-1s',
  '+1s',
  ' 1s',
  '1 s',
  '1S',
  '1w',
  '1m30s',
  '1e3s',
  '0x1s',
  '9999999999ms',
])('%j is none', (text) => {
  expect(parseDuration(text)).toBeUndefined()
})

test('what is written is read back', () => {
  fc.assert(
    fc.property(fc.nat({ max: 999_999_999 }), (milliseconds) => {
      expect(parseDuration(formatDuration(milliseconds))).toBe(milliseconds)
    }),
  )
  expect(formatDuration(90_000)).toBe('90s')
})
