import type { PriceTable } from './price-table.ts'
import { findPrice, type Usage } from './usage.ts'

/** What traffic costs. Money is in millionths of the table's currency. */
export interface Bill {
  readonly currency: string
  /** By the order of the table, then by region, then by tier. */
  readonly lines: readonly BillLine[]
  /** Of all lines that have a price. */
  readonly total: bigint
  /** What nobody said a price of: it is not part of the total, and not free. */
  readonly unknown: { readonly bytes: bigint; readonly requests: bigint }
  /** The total, parted by what each backend sent at each price; the parts add up to it. */
  readonly backends: ReadonlyMap<string, bigint>
}

/** A part of a bill: one price, and in it one region, one tier. */
export interface BillLine {
  /** Where the price stands in the table: `transfer[3]`, `requests[0]`; absent for what no price is for. */
  readonly price?: string
  readonly kind: 'transfer' | 'requests'
  /** The region whose data climbs the tiers alone; absent where that of the whole account does. */
  readonly region?: string
  /** From 0; absent for what an allowance lets go free, and for requests. */
  readonly tier?: number
  /** Bytes, or requests. */
  readonly quantity: bigint
  /** Absent where there is no public price. */
  readonly cost?: bigint
}

const TEN_THOUSAND = 10_000n

/**
 * What the traffic of one account in one month of its provider costs. All arithmetic is exact; each line is rounded to
 * a millionth, a half up. Allowances are used up in the order of the table, and in it by the names of regions.
 */
export function cost(usage: Iterable<Usage>, table: PriceTable): Bill {
  const all = [...usage]
  const bill = new BillInMaking(table.currency)
  addTransfer(bill, all, table)
  addRequests(bill, all, table)
  return bill.end()
}

/** Traffic that is paid for as one. */
interface Pool {
  readonly index: number | undefined
  readonly region?: string
  readonly backends: Map<string, bigint>
}

function addTransfer(bill: BillInMaking, usage: readonly Usage[], table: PriceTable): void {
  const pools = new Pools()
  for (const each of usage) {
    const index = findPrice(table.transfer, each, table)
    const isAlone = index !== undefined && table.transfer[index]!.per === 'region'
    pools.add(index, isAlone ? (each.from.region ?? each.from.name) : undefined, each.backend, each.bytes)
  }
  const left = new Map(table.allowances.transfer.entries().map(([name, units]) => [name, units * table.unit]))
  for (const pool of pools.inOrder()) {
    const line = lineOf('transfer', pool)
    const price = pool.index === undefined ? undefined : table.transfer[pool.index]!
    const all = sum(pool.backends.values())
    const free = takeFrom(left, price?.free, all)
    if (free > 0n) bill.add({ ...line, quantity: free, cost: 0n })
    let total = 0n
    let begin = 0n
    for (const [tier, { upTo, price: micros }] of (price?.tiers ?? ([{}] as const)).entries()) {
      const end = upTo === undefined ? all - free : least(upTo * table.unit, all - free)
      const quantity = end - begin
      if (quantity <= 0n) break
      const paid = micros === undefined ? undefined : divide(quantity * micros, table.unit)
      total += paid ?? 0n
      bill.add({ ...line, ...(price && { tier }), quantity, ...(paid !== undefined && { cost: paid }) })
      begin = end
    }
    bill.share(total, pool.backends)
  }
}

function addRequests(bill: BillInMaking, usage: readonly Usage[], table: PriceTable): void {
  const pools = new Pools()
  for (const each of usage) {
    for (const [method, count] of [
      ['GET', each.gets],
      ['HEAD', each.heads],
    ] as const) {
      const index = findPrice(table.requests, each, table, (price) => (price.method ?? method) === method)
      pools.add(index, undefined, each.backend, count)
    }
  }
  const left = new Map(table.allowances.requests)
  for (const pool of pools.inOrder()) {
    const line = lineOf('requests', pool)
    const price = pool.index === undefined ? undefined : table.requests[pool.index]!
    const all = sum(pool.backends.values())
    const free = takeFrom(left, price?.free, all)
    if (free > 0n) bill.add({ ...line, quantity: free, cost: 0n })
    const quantity = all - free
    if (quantity === 0n) continue
    const paid = price?.per10000 === undefined ? undefined : divide(quantity * price.per10000, TEN_THOUSAND)
    bill.add({ ...line, quantity, ...(paid !== undefined && { cost: paid }) })
    bill.share(paid ?? 0n, pool.backends)
  }
}

function lineOf(
  kind: BillLine['kind'],
  { index, region }: Pool,
): Pick<BillLine, 'kind' | 'price' | 'region'> {
  return {
    kind,
    ...(index !== undefined && { price: `${kind}[${index}]` }),
    ...(region !== undefined && { region }),
  }
}

/** Traffic by what it is paid with. */
class Pools {
  readonly #pools = new Map<string, Pool>()

  add(index: number | undefined, region: string | undefined, backend: string, quantity: bigint): void {
    if (quantity === 0n) return
    const key = `${index} ${region ?? ''}`
    let pool = this.#pools.get(key)
    if (pool === undefined) {
      pool = { index, ...(region !== undefined && { region }), backends: new Map() }
      this.#pools.set(key, pool)
    }
    pool.backends.set(backend, (pool.backends.get(backend) ?? 0n) + quantity)
  }

  /** What has no price comes last. */
  inOrder(): Pool[] {
    const place = ({ index }: Pool) => index ?? Number.MAX_SAFE_INTEGER
    return [...this.#pools.values()].sort(
      (one, other) => place(one) - place(other) || compare(one.region ?? '', other.region ?? ''),
    )
  }
}

class BillInMaking {
  readonly #currency: string
  readonly #lines: BillLine[] = []
  readonly #backends = new Map<string, bigint>()

  constructor(currency: string) {
    this.#currency = currency
  }

  add(line: BillLine): void {
    this.#lines.push(line)
  }

  /**
   * Parts what a pool costs by what each backend sent: whole millionths, and those that are left over one each to the
   * first by name.
   */
  share(total: bigint, backends: ReadonlyMap<string, bigint>): void {
    const all = sum(backends.values())
    const ordered = [...backends].sort(([one], [other]) => compare(one, other))
    const parts = ordered.map(([, quantity]) => (total * quantity) / all)
    let rest = total - sum(parts)
    for (const [index, [id]] of ordered.entries()) {
      const part = parts[index]! + (rest > 0n ? 1n : 0n)
      if (rest > 0n) rest--
      this.#backends.set(id, (this.#backends.get(id) ?? 0n) + part)
    }
  }

  end(): Bill {
    const lines = this.#lines
    const unpriced = (kind: BillLine['kind']) =>
      sum(lines.filter((line) => line.kind === kind && line.cost === undefined).map((line) => line.quantity))
    return {
      currency: this.#currency,
      lines,
      total: sum(lines.map((line) => line.cost ?? 0n)),
      unknown: { bytes: unpriced('transfer'), requests: unpriced('requests') },
      backends: this.#backends,
    }
  }
}

function takeFrom(left: Map<string, bigint>, name: string | undefined, wanted: bigint): bigint {
  if (name === undefined) return 0n
  const taken = least(left.get(name)!, wanted)
  left.set(name, left.get(name)! - taken)
  return taken
}

/** Rounded to a whole, a half up; neither is negative. */
function divide(dividend: bigint, divisor: bigint): bigint {
  return (2n * dividend + divisor) / (2n * divisor)
}

function least(one: bigint, other: bigint): bigint {
  return one < other ? one : other
}

function sum(values: Iterable<bigint>): bigint {
  let total = 0n
  for (const value of values) total += value
  return total
}

/** By code units, as no locale changes it. */
function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}
