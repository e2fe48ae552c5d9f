import type { Money } from '../simulate/bill-report.ts'

/** As people write money, in cents. */
export function formatMoney({ amount, currency }: Money): string {
  const [whole = '', fraction = ''] = amount.split('.')
  // Cents, cut and not rounded: the exact amount is in the JSON.
  return `${grouped(whole)}.${fraction.padEnd(2, '0').slice(0, 2)} ${currency}`
}

/** As people write large numbers. */
export function grouped(count: number | string): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',')
}

export function percent(part: number, whole: number): string {
  return whole === 0 ? '0.0' : ((100 * part) / whole).toFixed(1)
}

export function countOfRequests(count: number): string {
  return `${grouped(count)} ${count === 1 ? 'request' : 'requests'}`
}
