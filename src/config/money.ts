/** An amount in a currency. */
export interface Money {
  /** ISO 4217, such as `USD`. */
  readonly currency: string
  /** Millionths of the currency's unit, a safe integer. */
  readonly micros: number
}

/** Millionths: a price per GB has more digits than cents. */
const DIGITS = 6
const MICROS = 10 ** DIGITS
/** A thousand million of a currency is beyond every budget and every price, and far from where numbers lose exactness. */
const DECIMAL = /^([0-9]{1,9})(?:\.([0-9]{1,6}))?$/
const MONEY = /^([0-9.]+) ([A-Z]{3})$/

/** Reads `0.085` as 85000 millionths; `undefined` for anything else, and for more than six digits after the point. */
export function parseMicros(text: string): number | undefined {
  const match = DECIMAL.exec(text)
  return match === null ? undefined : Number(match[1]) * MICROS + Number((match[2] ?? '').padEnd(DIGITS, '0'))
}

/** Reads `250000 USD` or `0.50 EUR`; `undefined` for anything else. */
export function parseMoney(text: string): Money | undefined {
  const match = MONEY.exec(text)
  const micros = match === null ? undefined : parseMicros(match[1]!)
  return micros === undefined ? undefined : { currency: match![2]!, micros }
}

/** Writes millionths as a decimal number with at least two digits after the point: `6268.88`, `0.000085`. */
export function formatMicros(micros: number | bigint): string {
  const all = BigInt(micros)
  const sign = all < 0n ? '-' : ''
  const digits = String(all < 0n ? -all : all).padStart(DIGITS + 1, '0')
  const fraction = digits.slice(-DIGITS).replace(/0{1,4}$/, '')
  return `${sign}${digits.slice(0, -DIGITS)}.${fraction}`
}

/** Writes `250000.00 USD`. */
export function formatMoney({ micros, currency }: { micros: number | bigint; currency: string }): string {
  return `${formatMicros(micros)} ${currency}`
}
