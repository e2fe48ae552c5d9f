import { describe, expect, it, test } from 'vitest'
import type { Place } from '../clouds/place.ts'
import { formatMicros } from '../config/money.ts'
import { startOfDay } from '../internal/time-zone.ts'
import { type Bill, cost } from './cost.ts'
import { settle } from './credits.ts'
import { toPriceTable } from './parse-prices.ts'
import type { Usage } from './usage.ts'

const place = (name: string, country?: string): Place => {
  const [cloud, region] = name.split('/')
  return { name, cloud: cloud!, ...(region && { region }), ...(country && { country }) }
}
const VIRGINIA = place('here/east', 'US')
const OREGON = place('here/west', 'US')
const client = (country: string): Place => ({ name: `country/${country}`, country })

const sent = (from: Place, to: Usage['to'], bytes: bigint, more: Partial<Usage> = {}): Usage => ({
  backend: from.region!,
  from,
  to,
  bytes,
  gets: 0n,
  heads: 0n,
  ...more,
})

/** Prices that are easy to reckon with: 1.00 for each of the first 10 units of a region, then 0.50, then 0.1. */
const file = (more: object = {}) => ({
  version: 1,
  name: 'here',
  source: 'https://prices.test/',
  asOf: '2026-09-30',
  currency: 'USD',
  unit: 'GB',
  cloud: 'here',
  transfer: [
    { to: 'same-region', price: 0 },
    { from: ['east'], to: 'same-cloud', price: 0.02 },
    { to: 'cdn', in: ['near'], price: '0.04' },
    { to: 'internet', in: ['country/AU'], price: 'unknown' },
    {
      to: 'internet',
      per: 'region',
      tiers: [{ upTo: 10, price: 1 }, { upTo: 50, price: '0.50' }, { price: 0.1 }],
    },
  ],
  requests: [
    { method: 'HEAD', per10000: 0 },
    { from: ['east'], per10000: 0.004 },
  ],
  ...more,
})
const TABLE = toPriceTable(file(), 'prices.yaml')
const GB = 10n ** 9n

const totalOf = (bill: Bill) => formatMicros(bill.total)

describe('each price is for what lies in its tier', () => {
  test.each([
    // bytes, what it costs: reckoned by hand.
    [0n, '0.00'],
    [1n, '0.00'],
    // 0.0005 and 0.0015 millionths: a half goes up.
    [500n, '0.000001'],
    [499n, '0.00'],
    [1n * GB, '1.00'],
    [10n * GB - 1_000_000n, '9.999'],
    [10n * GB, '10.00'],
    [10n * GB + 2_000_000n, '10.001'],
    [50n * GB - 2_000_000n, '29.999'],
    [50n * GB, '30.00'],
    [50n * GB + 10_000_000n, '30.001'],
    [1000n * GB, '125.00'],
    // 5 PB, and what no number of a float's kind holds any more.
    [5_000_000n * GB, '500025.00'],
    [90_071_992_547_409_930n, '9007224.254741'],
  ])('%d bytes cost %s', (bytes, expected) => {
    expect(totalOf(cost([sent(VIRGINIA, client('FR'), bytes)], TABLE))).toBe(expected)
  })

  it('in each region alone, or together where the provider counts so', () => {
    const usage = [
      sent(VIRGINIA, client('FR'), 8n * GB),
      sent(OREGON, client('FR'), 8n * GB),
      // Another country climbs the same tiers.
      sent(OREGON, client('JP'), 4n * GB),
    ]
    // 8 × 1.00, and 10 × 1.00 + 2 × 0.50.
    expect(totalOf(cost(usage, TABLE))).toBe('19.00')
    const { transfer } = file()
    const together = file({ transfer: [{ ...transfer[4], per: 'account' }] })
    // 10 × 1.00 + 10 × 0.50.
    expect(totalOf(cost(usage, toPriceTable(together, 'p')))).toBe('15.00')
  })

  it('counts a unit as the table does: 10^9 bytes or 2^30', () => {
    const bytes = 50n * 2n ** 30n
    // 50 GiB are 53.687091200 GB.
    expect(totalOf(cost([sent(VIRGINIA, client('FR'), bytes)], TABLE))).toBe('30.368709')
    const binary = toPriceTable(file({ unit: 'GiB' }), 'p')
    expect(totalOf(cost([sent(VIRGINIA, client('FR'), bytes)], binary))).toBe('30.00')
  })
})

describe('where it goes decides', () => {
  test.each<[string, Usage, string, bigint]>([
    ['its own region goes free', sent(VIRGINIA, VIRGINIA, 100n * GB), '0.00', 0n],
    [
      'a zone of its region too',
      sent(VIRGINIA, { ...place('here/east-bos-1'), parent: 'east' }, 100n * GB),
      '0.00',
      0n,
    ],
    ['another region does not', sent(VIRGINIA, OREGON, 100n * GB), '2.00', 0n],
    ['nor a region that nobody knows', sent(VIRGINIA, place('here'), 100n * GB), '2.00', 0n],
    ['a CDN has a price of its own', sent(VIRGINIA, { cdn: 'near' }, 100n * GB), '4.00', 0n],
    ['another CDN is a client like any', sent(VIRGINIA, { cdn: 'far' }, 10n * GB), '10.00', 0n],
    ['another cloud is the internet', sent(VIRGINIA, place('there/east', 'US'), 10n * GB), '10.00', 0n],
    ['so is somewhere', sent(VIRGINIA, 'somewhere', 10n * GB), '10.00', 0n],
    // Unknown is not free.
    ['a price that nobody knows is none', sent(VIRGINIA, client('AU'), 10n * GB), '0.00', 10n * GB],
    ['nor is one that the table leaves out', sent(OREGON, VIRGINIA, 10n * GB), '0.00', 10n * GB],
    ['nor that of another cloud', sent(place('there/east'), client('FR'), 10n * GB), '0.00', 10n * GB],
  ])('%s', (_, usage, expected, unknown) => {
    const bill = cost([usage], TABLE)
    expect(totalOf(bill)).toBe(expected)
    expect(bill.unknown.bytes).toBe(unknown)
    expect(bill.lines.some((line) => line.cost === undefined)).toBe(unknown > 0n)
  })
})

describe('requests', () => {
  it('cost by ten thousand, HEAD as the table says, and unknown where it says nothing', () => {
    const bill = cost(
      [
        sent(VIRGINIA, client('FR'), 0n, { gets: 12_345_678n, heads: 99n }),
        sent(OREGON, client('FR'), 0n, { gets: 7n, heads: 5n }),
      ],
      TABLE,
    )
    // 1234.5678 × 0.004 = 4.9382712.
    expect(totalOf(bill)).toBe('4.938271')
    expect(bill.unknown).toEqual({ bytes: 0n, requests: 7n })
  })
})

describe('an allowance', () => {
  const table = toPriceTable(
    file({
      allowances: { transfer: { monthly: 12 }, requests: { some: 10_000 } },
      transfer: [{ free: 'monthly', per: 'region', tiers: [{ upTo: 10, price: 1 }, { price: 0.5 }] }],
      requests: [{ free: 'some', per10000: 2 }],
    }),
    'p',
  )

  it('is used up once for all regions, and does not climb the tiers', () => {
    // East: 8 free. West: 4 free, 10 × 1.00 and 6 × 0.50.
    const usage = [sent(OREGON, client('FR'), 20n * GB), sent(VIRGINIA, client('FR'), 8n * GB)]
    const bill = cost(usage, table)
    expect(totalOf(bill)).toBe('13.00')
    expect(bill).toEqual(cost(usage.reverse(), table))
    expect(bill.lines.map(({ region, tier, quantity }) => [region, tier, quantity / GB])).toEqual([
      ['east', undefined, 8n],
      ['west', undefined, 4n],
      ['west', 0, 10n],
      ['west', 1, 6n],
    ])
  })

  it('holds for requests as well', () => {
    expect(totalOf(cost([sent(OREGON, client('FR'), 0n, { gets: 15_000n })], table))).toBe('1.00')
  })
})

it('is parted among the backends that caused it, to the last millionth', () => {
  const usage = ['a', 'b', 'c'].map((backend) => sent(VIRGINIA, client('FR'), GB / 30n, { backend }))
  const bill = cost(usage, TABLE)
  const parts = [...bill.backends.values()]
  expect(parts.reduce((one, other) => one + other)).toBe(bill.total)
  expect(parts).toEqual([33_334n, 33_333n, 33_333n])
})

describe('a credit', () => {
  const at = (text: string) => startOfDay(text, 'America/Los_Angeles')

  it('that starts in the middle of a month pays what is used from then on, at the tiers reached by then', () => {
    // One unit a day in September, of which each costs 1.00 up to the 10th, and 0.50 from then on.
    const days = Array.from({ length: 30 }, (_, day) => day)
    const billUpTo = (day: number) => cost([sent(VIRGINIA, client('FR'), BigInt(day) * GB)], TABLE).total
    const charges = days.map((day) => ({
      at: startOfDay('2026-09-01', 'America/Los_Angeles', day),
      amount: billUpTo(day + 1) - billUpTo(day),
    }))
    const credit = { amount: 7_250_000n, from: at('2026-09-09'), until: at('2026-10-01') }
    const { paid, owed, left } = settle(charges, [credit])
    // 8 × 1.00 come before it; 2 × 1.00 and 20 × 0.50 in it, of which it pays 7.25.
    expect([paid, owed, ...left].map(formatMicros)).toEqual(['7.25', '12.75', '0.00'])
  })

  it('that ends a day early leaves that day to be paid', () => {
    const charges = [
      { at: Date.parse('2026-12-31T20:00:00Z'), amount: 4_000_000n },
      { at: Date.parse('2027-01-01T07:59:59Z'), amount: 6_268_880_000n },
    ]
    const credit = (until: number) => ({ amount: 10_000_000_000n, from: at('2026-01-01'), until })
    expect(settle(charges, [credit(at('2027-01-01'))]).owed).toBe(0n)
    // The same day, where the year of those who gave it ends eight hours sooner.
    expect(formatMicros(settle(charges, [credit(startOfDay('2027-01-01', 'UTC'))]).owed)).toBe('6268.88')
  })

  it('that ends first pays first, and what it cannot pay the next one does', () => {
    const charges = [{ at: 5, amount: 100n }]
    const credits = [
      { amount: 80n, from: 0, until: 100 },
      { amount: 30n, from: 0, until: 10 },
      { amount: 99n, from: 6, until: 7 },
    ]
    expect(settle(charges, credits)).toEqual({ paid: 100n, owed: 0n, left: [10n, 0n, 99n] })
  })
})
