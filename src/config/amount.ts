import { formatSize, parseSize } from './byte-size.ts'
import { formatMicros, formatMoney, type Money, parseMoney } from './money.ts'

/** Money, or bytes. */
export type Amount = Money | { readonly bytes: number }

/** Reads `250000 USD` or `40TiB`; `undefined` for anything else, and for bytes beyond a safe integer. */
export function readAmount(text: string): Amount | undefined {
  const bytes = parseSize(text)
  return bytes !== undefined && Number.isSafeInteger(bytes) ? { bytes } : parseMoney(text)
}

/** Writes it, the inverse of {@link readAmount}. */
export function formatAmount(amount: Amount): string {
  return 'bytes' in amount ? formatSize(amount.bytes) : formatMoney(amount)
}

/** What an amount is counted in: a currency, or `bytes`. */
export function unitOf(amount: Amount): string {
  return 'bytes' in amount ? 'bytes' : amount.currency
}

/** How many of its unit it is: millionths of a currency, or bytes. */
export function quantityOf(amount: Amount): number {
  return 'bytes' in amount ? amount.bytes : amount.micros
}

/** Writes a quantity of a unit without it: `250000.00` of a currency, or whole bytes. */
export function formatQuantity(quantity: bigint, unit: string): string {
  return unit === 'bytes' ? String(quantity) : formatMicros(quantity)
}
