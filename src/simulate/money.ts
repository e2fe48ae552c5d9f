import type { Place } from '../clouds/place.ts'
import { type Bill, cost } from '../prices/cost.ts'
import type { PriceTable } from '../prices/price-table.ts'
import type { Usage } from '../prices/usage.ts'
import type { Cell } from './tally.ts'

/** Backends that are paid for together, and so climb the tiers of a month together. */
export interface Account {
  /** The name of its price table, or of who pays. */
  readonly name: string
  readonly table: PriceTable
  readonly backends: ReadonlyMap<string, Place>
}

/** What an account costs in one month of its provider. */
export interface MonthlyBill {
  readonly account: string
  /** As `2026-11`. */
  readonly month: string
  readonly bill: Bill
}

/** What CDNs fetched from a backend, all of it in the month of one moment. */
export interface CdnFill {
  readonly from: string
  readonly cdn: string
  readonly requests: number
  readonly bytes: number
  readonly slot: number
}

/** What a policy costs: each request stands for `times` of them. */
export function billsOf(
  accounts: readonly Account[],
  cells: Iterable<Cell>,
  fills: readonly CdnFill[],
  { times, placeOf }: { readonly times: number; readonly placeOf: (name: string) => Place },
): readonly MonthlyBill[] {
  const all = [...cells]
  return accounts.flatMap(({ name, table, backends }) => {
    const months = new Map<string, Usage[]>()
    const usageIn = (slot: number) => {
      const month = monthOf(slot, table.timezone)
      const found = months.get(month) ?? []
      months.set(month, found)
      return found
    }
    for (const { backend, place, slot, gets, heads, bytes } of all) {
      const from = backend === undefined ? undefined : backends.get(backend)
      if (backend === undefined || from === undefined) continue
      const to = place === undefined ? 'somewhere' : placeOf(place)
      usageIn(slot).push({ backend, from, to, ...timesOf({ bytes, gets, heads }, times) })
    }
    for (const { from: id, cdn, requests, bytes, slot } of fills) {
      const from = backends.get(id)
      if (from === undefined) continue
      // A content is fetched once, however many requests each of the log's stands for.
      usageIn(slot).push({
        backend: id,
        from,
        to: { cdn },
        ...timesOf({ bytes, gets: requests, heads: 0 }, 1),
      })
    }
    return [...months]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([month, usage]) => ({ account: name, month, bill: cost(usage, table) }))
  })
}

function timesOf(
  { bytes, gets, heads }: { readonly bytes: number; readonly gets: number; readonly heads: number },
  times: number,
): Pick<Usage, 'bytes' | 'gets' | 'heads'> {
  const factor = BigInt(times)
  return { bytes: BigInt(bytes) * factor, gets: BigInt(gets) * factor, heads: BigInt(heads) * factor }
}

const formats = new Map<string, Intl.DateTimeFormat>()

/** The month of a moment, in milliseconds since 1970, where this is the time: `2026-11`. */
export function monthOf(at: number, timeZone: string): string {
  let format = formats.get(timeZone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      year: 'numeric',
      month: '2-digit',
    })
    formats.set(timeZone, format)
  }
  const parts = format.formatToParts(at)
  const part = (type: 'year' | 'month') => parts.find((each) => each.type === type)!.value
  return `${part('year')}-${part('month')}`
}

const MILLION = 1_000_000n

/** Writes millionths of a currency exactly: `1234.5`, `0.000001`. */
export function formatMicros(micros: bigint): string {
  const whole = micros / MILLION
  const rest = (micros % MILLION).toString().padStart(6, '0').replace(/0+$/, '')
  return rest === '' ? String(whole) : `${whole}.${rest}`
}
