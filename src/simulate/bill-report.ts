import { type Account, formatMicros, type MonthlyBill } from './money.ts'

/** An amount of money, exact to a millionth: `1234.5`. */
export interface Money {
  readonly amount: string
  readonly currency: string
}

/** What an account costs in a month, price by price and tier by tier. */
export interface BillReport {
  readonly account: string
  /** As `2026-11`, where the provider's months end. */
  readonly month: string
  readonly cost: Money
  /** What has no price: it is not part of the cost, and not free. */
  readonly unpriced: { readonly bytes: number; readonly requests: number }
  readonly lines: readonly BillLineReport[]
}

interface BillLineReport {
  readonly price?: string
  readonly kind: 'transfer' | 'requests'
  readonly region?: string
  readonly tier?: number
  /** Bytes, or requests. */
  readonly quantity: number
  /** Absent where there is no price. */
  readonly amount?: string
}

/** What each backend of an account costs, in all its months. */
export function costsOf(
  { name, table, backends }: Account,
  bills: readonly MonthlyBill[],
): [string, Money][] {
  const own = bills.filter(({ account }) => account === name)
  return [...backends.keys()].map((id) => {
    const micros = own.reduce((sum, { bill }) => sum + (bill.backends.get(id) ?? 0n), 0n)
    return [id, { amount: formatMicros(micros), currency: table.currency }]
  })
}

/** What bills come to, by currency. */
export function sumsOf(bills: readonly MonthlyBill[]): readonly Money[] {
  const sums = new Map<string, bigint>()
  for (const { bill } of bills) sums.set(bill.currency, (sums.get(bill.currency) ?? 0n) + bill.total)
  return [...sums].map(([currency, micros]) => ({ amount: formatMicros(micros), currency }))
}

/** A bill as it is reported. */
export function reportBill({ account, month, bill }: MonthlyBill): BillReport {
  const { total, currency, unknown, lines } = bill
  return {
    account,
    month,
    cost: { amount: formatMicros(total), currency },
    unpriced: { bytes: Number(unknown.bytes), requests: Number(unknown.requests) },
    lines: lines.map(({ quantity, cost, ...line }) => ({
      ...line,
      quantity: Number(quantity),
      ...(cost !== undefined && { amount: formatMicros(cost) }),
    })),
  }
}
