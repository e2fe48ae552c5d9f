import { describe, expect, it } from 'vitest'
import { storeAt } from '../../../test/support/view.ts'
import { readAmount } from '../../config/amount.ts'
import type { SponsorConfig } from '../../config/config.ts'
import { formatMicros } from '../../config/money.ts'
import { toPriceTable } from '../../prices/parse-prices.ts'
import type { SponsorParts } from './sponsor-account.ts'
import { Sponsors } from './sponsors.ts'

const PARIS = storeAt('paris', { name: 'here/paris', cloud: 'here', region: 'paris' })
const MILAN = storeAt('milan', { name: 'here/milan', cloud: 'here', region: 'milan' })
/** A unit of a thousand million bytes costs 1.00. */
const TABLE = toPriceTable(
  {
    version: 1,
    name: 'here',
    source: 'https://prices.test/',
    asOf: '2026-09-30',
    currency: 'USD',
    unit: 'GB',
    cloud: 'here',
    timezone: 'UTC',
    transfer: [{ to: 'internet', in: ['country/AU'], price: 'unknown' }, { price: 1 }],
    requests: [{ per10000: 0 }],
  },
  'prices.yaml',
)
const GB = 1_000_000_000
const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const at = (text: string) => Date.parse(text)

const sponsor = (more: Partial<SponsorConfig> = {}): SponsorConfig => ({
  id: 'acme',
  backends: ['paris'],
  budget: { amount: readAmount('100 USD')!, per: 'month' },
  credits: [],
  over: [],
  timezone: 'UTC',
  floor: 0,
  ceiling: 1,
  ...more,
})
const parts = (config: SponsorConfig, replicas = 1): SponsorParts => ({
  config,
  backends: [PARIS],
  table: TABLE,
  replicas,
})
const sent = (bytes: number, country = 'FR', backend = 'paris') => ({
  backend,
  place: { name: `country/${country}`, country },
  bytes,
  gets: 1,
  heads: 0,
})
const moneyOf = (sponsors: Sponsors) => {
  const { month, spent, left, owed } = sponsors.status[0]!
  return { month, spent: formatMicros(spent), left: formatMicros(left), owed: formatMicros(owed) }
}

describe('a month', () => {
  it('ends where the sponsor is, and not in UTC', () => {
    const start = at('2026-12-31T20:00:00Z')
    const sponsors = new Sponsors([parts(sponsor({ timezone: 'America/Los_Angeles' }))], start)
    sponsors.note(sent(5 * GB))
    sponsors.tick(at('2027-01-01T07:59:00Z'))
    expect(moneyOf(sponsors)).toEqual({ month: '2026-12', spent: '5.00', left: '95.00', owed: '0.00' })
    // Asked for before the month ended, paid for after it.
    sponsors.note(sent(2 * GB))
    sponsors.tick(at('2027-01-01T08:00:00Z'))
    expect(moneyOf(sponsors)).toEqual({ month: '2027-01', spent: '0.00', left: '100.00', owed: '0.00' })
    sponsors.note(sent(3 * GB))
    sponsors.tick(at('2027-01-01T08:01:00Z'))
    expect(moneyOf(sponsors)).toMatchObject({ spent: '3.00', left: '97.00' })
  })

  it('begins with what was spent before, as far as that was in it', () => {
    const spent = { amount: readAmount('30 USD')!, asOf: '2026-11-12' }
    const begin = (now: string) => moneyOf(new Sponsors([parts(sponsor({ spent }))], at(now)))
    expect(begin('2026-11-12T09:00:00Z')).toMatchObject({ spent: '30.00', left: '70.00' })
    expect(begin('2026-12-01T00:00:00Z')).toMatchObject({ spent: '0.00', left: '100.00' })
  })
})

describe('a credit', () => {
  const credit = { amount: readAmount('10 USD')!, from: '2026-11-12', until: '2026-12-31' }

  it('pays its part beside the budget while it holds, and nothing on the days around', () => {
    const sponsors = new Sponsors([parts(sponsor({ credits: [credit] }))], at('2026-11-11T23:58:00Z'))
    const leftOfBoth = () => {
      const { left, credits } = sponsors.status[0]!
      return [formatMicros(left), formatMicros(credits[0]!.left)]
    }
    sponsors.note(sent(4 * GB))
    sponsors.tick(at('2026-11-11T23:59:00Z'))
    expect(leftOfBoth()).toEqual(['96.00', '10.00'])
    sponsors.note(sent(4 * GB))
    sponsors.tick(at('2026-11-12T00:00:00Z'))
    // That was asked for on the day before.
    expect(leftOfBoth()).toEqual(['102.00', '10.00'])
    sponsors.note(sent(11 * GB))
    sponsors.tick(at('2026-11-12T00:01:00Z'))
    // 92 for 19 days are 4.84 a day, and 10 for 50 days are 0.2: the credit pays a 25th of it.
    expect(leftOfBoth()[0]).toBe('91.00')
    expect(Number(leftOfBoth()[1])).toBeCloseTo(10 - 11 / 25.2, 2)
    // What the budget cannot pay, it does, and it is not there anew in another month.
    sponsors.note(sent(90 * GB))
    sponsors.tick(at('2026-11-12T00:02:00Z'))
    expect(leftOfBoth()[0]).toBe('1.00')
    sponsors.note(sent(3 * GB))
    sponsors.tick(at('2026-11-12T00:03:00Z'))
    expect(leftOfBoth()).toEqual(['0.00', '0.00'])
    expect(moneyOf(sponsors)).toMatchObject({ owed: '2.00' })
    sponsors.tick(at('2026-12-01T00:00:00Z'))
    expect(leftOfBoth()).toEqual(['100.00', '0.00'])
  })

  it('alone makes a sponsor, whose money is spread over its time', () => {
    const { budget: _, ...rest } = sponsor({ credits: [{ ...credit, amount: readAmount('100 USD')! }] })
    let now = at('2026-11-12T00:00:00Z')
    const sponsors = new Sponsors([parts(rest)], now)
    // 50 days, and a unit in every hour from those that are let in.
    for (const end = now + 20 * DAY; now < end; now += MINUTE) {
      sponsors.tick(now)
      if (now % (10 * MINUTE) === 0) sponsors.note(sent(Math.round((sponsors.of('paris')!.pace * GB) / 6)))
    }
    expect(Number(moneyOf(sponsors).left)).toBeCloseTo(60, -1)
  })
})

it('is owed what a floor costs beyond the budget, and says that it is used up', () => {
  const sponsors = new Sponsors([parts(sponsor({ floor: 0.5 }))], at('2026-11-01T00:00:00Z'))
  sponsors.note(sent(130 * GB))
  sponsors.tick(at('2026-11-01T00:01:00Z'))
  expect(moneyOf(sponsors)).toMatchObject({ spent: '130.00', left: '0.00', owed: '30.00' })
  expect(sponsors.status[0]).toMatchObject({ alarm: 'used-up', pace: 0.5 })
})

it('tells of what has no price, and does not take it for free', () => {
  const sponsors = new Sponsors([parts(sponsor())], at('2026-11-01T00:00:00Z'))
  sponsors.note(sent(7 * GB, 'AU'))
  sponsors.tick(at('2026-11-01T00:01:00Z'))
  expect(moneyOf(sponsors)).toMatchObject({ spent: '0.00' })
  expect(sponsors.status[0]).toMatchObject({
    alarm: 'unpriced',
    unpriced: { bytes: BigInt(7 * GB), requests: 0n },
  })
})

it('takes its part of what several doors share', () => {
  const sponsors = new Sponsors([parts(sponsor(), 3)], at('2026-11-01T00:00:00Z'))
  expect(moneyOf(sponsors)).toMatchObject({ left: '33.333333' })
})

it('steers one sponsor at a time', () => {
  const start = at('2026-11-01T00:00:00Z')
  const both = ['acme', 'beta'].map((id, index) => ({
    ...parts(sponsor({ id })),
    backends: [index === 0 ? PARIS : MILAN],
  }))
  const sponsors = new Sponsors(both, start)
  const steered: string[][] = []
  for (let minute = 0; minute < 10; minute++) {
    const moved = sponsors.tick(start + minute * MINUTE).map((account) => account.parts.config.id)
    if (moved.length > 0) steered.push(moved)
    for (const { id } of [PARIS, MILAN]) sponsors.note(sent(GB, 'FR', id))
  }
  expect(steered).toEqual([['acme'], ['beta']])
})

describe('a record', () => {
  const start = at('2026-11-10T00:00:00Z')
  const run = () => {
    const sponsors = new Sponsors([parts(sponsor())], start)
    for (let minute = 1; minute < 200; minute++) {
      sponsors.note(sent(0.05 * GB))
      sponsors.tick(start + minute * MINUTE)
    }
    return sponsors
  }

  it('brings an account back as it was', () => {
    const before = run()
    const records = JSON.parse(JSON.stringify(before.records))
    const after = new Sponsors([parts(sponsor())], start + 200 * MINUTE, records)
    expect(moneyOf(after)).toEqual(moneyOf(before))
    expect(after.records).toEqual(before.records)
    // What comes next is paid for once.
    after.note(sent(GB))
    after.tick(start + 201 * MINUTE)
    expect(Number(moneyOf(after).spent)).toBeCloseTo(Number(moneyOf(before).spent) + 1, 6)
  })

  it('counts what was spent against another budget', () => {
    const before = run()
    const smaller = sponsor({ budget: { amount: readAmount('5 USD')!, per: 'month' } })
    const after = new Sponsors([parts(smaller)], start + 200 * MINUTE, before.records)
    expect(moneyOf(after)).toMatchObject({ spent: moneyOf(before).spent, left: '0.00' })
  })

  it('of another month keeps the pace, and of another currency nothing', () => {
    const { records, status } = run()
    const later = new Sponsors([parts(sponsor())], at('2026-12-02T00:00:00Z'), records)
    expect(moneyOf(later)).toMatchObject({ spent: '0.00', left: '100.00' })
    expect(later.of('paris')!.pace).toBe(status[0]!.pace)
    const bytes = sponsor({ budget: { amount: { bytes: GB }, per: 'month' } })
    const other = new Sponsors([parts(bytes)], start + 200 * MINUTE, records)
    expect(other.status[0]).toMatchObject({ unit: 'bytes', spent: 0n, pace: 1 })
  })
})

it('counts nothing of a backend that nobody pays for', () => {
  const sponsors = new Sponsors([parts(sponsor())], 0)
  sponsors.note(sent(GB, 'FR', 'milan'))
  sponsors.tick(MINUTE)
  expect(moneyOf(sponsors)).toMatchObject({ spent: '0.00' })
})
