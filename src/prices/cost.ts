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
  const account = new Account(table)
  for (const each of usage) {
    const flow = account.flow(each)
    flow.add(each)
  }
  return account.bill()
}

/** Traffic of one account in one month that goes on: what it costs so far can be asked at any time. */
export class Account {
  readonly #table: PriceTable
  readonly #transfer = new Pools()
  readonly #requests = new Pools()

  constructor(table: PriceTable) {
    this.#table = table
  }

  /** Where traffic of a backend for one destination is counted: its prices are found but once. */
  flow(usage: Pick<Usage, 'backend' | 'from' | 'to'>): Flow {
    const { transfer, requests } = this.#table
    const { backend, from } = usage
    const index = findPrice(transfer, usage, this.#table)
    const isAlone = index !== undefined && transfer[index]!.per === 'region'
    const region = isAlone ? (from.region ?? from.name) : undefined
    const poolOf = (asked: 'GET' | 'HEAD') =>
      this.#requests.at(findPrice(requests, usage, this.#table, ({ method }) => (method ?? asked) === asked))
    return new Flow(backend, this.#transfer.at(index, region), poolOf('GET'), poolOf('HEAD'))
  }

  /** What all of it costs. */
  bill(): Bill {
    const bill = new BillInMaking(this.#table.currency)
    addTransfer(bill, this.#transfer.inOrder(), this.#table)
    addRequests(bill, this.#requests.inOrder(), this.#table)
    return bill.end()
  }
}

/** Counts the traffic of a backend for one destination. */
export class Flow {
  readonly #backend: string
  readonly #transfer: Pool
  readonly #gets: Pool
  readonly #heads: Pool

  constructor(backend: string, transfer: Pool, gets: Pool, heads: Pool) {
    this.#backend = backend
    this.#transfer = transfer
    this.#gets = gets
    this.#heads = heads
  }

  add({ bytes, gets, heads }: Pick<Usage, 'bytes' | 'gets' | 'heads'>): void {
    count(this.#transfer, this.#backend, bytes)
    count(this.#gets, this.#backend, gets)
    count(this.#heads, this.#backend, heads)
  }
}

/** Traffic that is paid for as one. */
interface Pool {
  readonly index: number | undefined
  readonly region?: string
  readonly backends: Map<string, bigint>
}

function count({ backends }: Pool, backend: string, quantity: bigint): void {
  if (quantity > 0n) backends.set(backend, (backends.get(backend) ?? 0n) + quantity)
}

function addTransfer(bill: BillInMaking, pools: readonly Pool[], table: PriceTable): void {
  const left = new Map(table.allowances.transfer.entries().map(([name, units]) => [name, units * table.unit]))
  for (const pool of pools) {
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

function addRequests(bill: BillInMaking, pools: readonly Pool[], table: PriceTable): void {
  const left = new Map(table.allowances.requests)
  for (const pool of pools) {
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

  at(index: number | undefined, region?: string): Pool {
    const key = `${index} ${region ?? ''}`
    let pool = this.#pools.get(key)
    if (pool === undefined) {
      pool = { index, ...(region !== undefined && { region }), backends: new Map() }
      this.#pools.set(key, pool)
    }
    return pool
  }

  /** Those with traffic; what has no price comes last. */
  inOrder(): Pool[] {
    const place = ({ index }: Pool) => index ?? Number.MAX_SAFE_INTEGER
    return [...this.#pools.values()]
      .filter(({ backends }) => backends.size > 0)
      .sort((one, other) => place(one) - place(other) || compare(one.region ?? '', other.region ?? ''))
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
