import fc from 'fast-check'
import { expect, it } from 'vitest'
import { readTimestamp } from './timestamp.ts'

it('reads what Date writes', () => {
  fc.assert(
    fc.property(fc.date({ noInvalidDate: true }), (date) => {
      expect(readTimestamp(date.toISOString())).toBe(date.getTime())
    }),
  )
})

it.each([
  '',
  'now',
  '2026-11-22',
  '2026-11-22T20:00:00Z',
  '2026-11-22T20:00:00.000+00:00',
  '0',
  '2026-02-30T00:00:00.000Z',
])('does not take %j', (text) => {
  expect(readTimestamp(text)).toBeUndefined()
})
