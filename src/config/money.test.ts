import { expect, test } from 'vitest'
import { formatMicros, formatMoney, parseMicros, parseMoney } from './money.ts'

test.each([
  ['0', 0, '0.00'],
  ['0.09', 90_000, '0.09'],
  ['0.000085', 85, '0.000085'],
  ['0.1234', 123_400, '0.1234'],
  ['250000', 250_000_000_000, '250000.00'],
  ['999999999.999999', 999_999_999_999_999, '999999999.999999'],
])('%s is %d millionths, written %s', (text, micros, written) => {
  expect(parseMicros(text)).toBe(micros)
  expect(formatMicros(micros)).toBe(written)
})

test.each(['', '.5', '1.', '-1', '1e3', '1,5', '1.0000001', '1000000000', 'NaN', '0x10', ' 1'])(
  '"%s" is no amount',
  (text) => {
    expect(parseMicros(text)).toBeUndefined()
  },
)

test('an amount has its currency behind it', () => {
  expect(parseMoney('250000 USD')).toEqual({ currency: 'USD', micros: 250_000_000_000 })
  expect(formatMoney(parseMoney('6268.88 EUR')!)).toBe('6268.88 EUR')
  for (const text of ['250000', 'USD 5', '5 usd', '5  USD', '5 DOLLAR', '5USD']) {
    expect(parseMoney(text)).toBeUndefined()
  }
})

test('what is owed back has a sign', () => {
  expect(formatMicros(-1n)).toBe('-0.000001')
  expect(formatMicros(-1_500_000n)).toBe('-1.50')
})
