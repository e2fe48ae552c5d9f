import { expect, test } from 'vitest'
import { expiryState } from './expiry-state.ts'

const DAY = 24 * 3_600_000

test.each([
  ['of a year, new', 365, 0, 'valid'],
  ['of a year, 15 days before its end', 365, 350, 'valid'],
  ['of a year, 13 days before its end', 365, 352, 'ending'],
  ['of 6 days, 2 days before its end', 6, 4, 'valid'],
  ['of 6 days, half a day before its end', 6, 5.5, 'ending'],
  ['of a year, a day after its end', 365, 366, 'ended'],
  ['of a year, a day before its beginning', 365, -1, 'early'],
] as const)('a certificate %s', (_, days, age, state) => {
  expect(expiryState({ notBefore: 1e12, notAfter: 1e12 + days * DAY }, 1e12 + age * DAY)).toBe(state)
})
