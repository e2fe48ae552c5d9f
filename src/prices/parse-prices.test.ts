import { expect, it, test } from 'vitest'
import { knownPlaces } from '../clouds/regions.ts'
import { formatMicros } from '../config/money.ts'
import { PortolanError } from '../errors.ts'
import { cost } from './cost.ts'
import { parsePrices } from './parse-prices.ts'
import { readShippedPrices, shippedPrices } from './shipped.ts'

const VIRGINIA = knownPlaces.get('aws/us-east-1')!

const GOOD = `
version: 1
name: aws
source: https://prices.test/
asOf: 2026-09-30
currency: USD
unit: GB
cloud: aws
groups: { near: [us-east-1, country/FR] }
transfer:
  - { from: [near], to: internet, per: region, tiers: [{ upTo: 10, price: 0.085 }, { price: 0 }] }
  - { price: unknown }
`

const refusalOf = (text: string) => {
  try {
    parsePrices(text, 'p.yaml')
  } catch (error) {
    if (error instanceof PortolanError) return error.message
  }
  return 'accepted'
}

it('is read', () => {
  const { transfer, ...table } = parsePrices(GOOD, 'p.yaml')
  expect(table).toMatchObject({ currency: 'USD', unit: 10n ** 9n, timezone: 'UTC', asOf: '2026-09-30' })
  expect(transfer[0]!.tiers).toEqual([{ upTo: 10n, price: 85_000n }, { price: 0n }])
  // Nobody said what that costs, which is not nothing.
  expect(transfer[1]!.tiers).toEqual([{}])
})

test.each([
  ['asOf: 2026-09-30\n', '', 'p.yaml:2:1 asOf: must be the day on which the prices were read'],
  ['asOf: 2026-09-30', 'asOf: 2026-02-30', 'asOf: "2026-02-30": must be the day'],
  ['currency: USD\n', '', 'currency: is required: a currency by ISO 4217, such as USD'],
  ['currency: USD', 'currency: dollars', 'currency: "dollars": must be a currency'],
  ['source: https://prices.test/\n', '', 'source: is required: the address of the page'],
  ['unit: GB', 'unit: gigabytes', 'unit: "gigabytes": must be "GB" or "GiB"'],
  ['cloud: aws', 'cluod: aws', 'cluod: unknown key (did you mean "cloud"?)'],
  ['price: 0.085', 'price: -0.085', 'transfer[0].tiers[0].price: -0.085: must be a price'],
  ['price: 0.085', 'price: 0.0850001', 'price: 0.0850001: must be a price'],
  ['price: 0.085', 'price: 8.5e-9', 'price: 8.5e-9: must be a price'],
  ['price: 0.085', 'price: .inf', 'tiers[0].price: null: must be a price'],
  ['price: 0.085', 'price: free', 'tiers[0].price: "free": must be a price'],
  // A gap, an overlap, and tiers upside down.
  ['{ price: 0 }', '{ upTo: 20, price: 0 }', 'tiers[1].upTo: 20: leaves open what more than 20 costs'],
  ['{ price: 0 }', '{ upTo: 10, price: 0 }, { price: 1 }', 'tiers[1].upTo: 10: must be more than 10'],
  ['{ price: 0 }', '{ upTo: 9, price: 0 }, { price: 1 }', 'tiers[1].upTo: 9: must be more than 10'],
  ['upTo: 10, ', '', 'transfer[0].tiers[0]: needs upTo: only the last tier has no end'],
  ['upTo: 10,', 'upTo: 0,', 'tiers[0].upTo: 0: must be a whole number from 1'],
  ['upTo: 10,', 'upTo: 1.5,', 'tiers[0].upTo: 1.5: must be a whole number from 1'],
  ['per: region, ', '', 'transfer[0].per: must say whether'],
  ['to: internet', 'to: internet, price: 1', 'transfer[0]: needs either price or tiers'],
  ['to: internet', 'to: intranet', 'transfer[0].to: "intranet": must be "same-region", '],
  ['to: internet', 'to: internet, free: monthly', 'transfer[0].free: "monthly": must be an allowance'],
  [
    'from: [near]',
    'from: [naer]',
    'transfer[0].from[0]: "naer": must be a region of aws, a group or country/FR',
  ],
  ['us-east-1', 'us-esat-1', 'groups.near[0]: "us-esat-1": must be a region of aws'],
  [
    'unknown }',
    'unknown }\n  - { to: cdn, price: 1 }',
    'transfer[2]: can never count: transfer[1] before it',
  ],
  ['version: 1', 'version: 2', 'version: 2: must be 1'],
  ['name: aws', 'name: aws\nname: gcp', 'this key stands here a second time'],
  ['unit: GB', 'timezone: Mars/Olympus\nunit: GB', 'timezone: "Mars/Olympus": must be a time zone'],
])('%s → %s is refused', (text, instead, message) => {
  expect(GOOD).toContain(text)
  expect(refusalOf(GOOD.replace(text, instead))).toContain(message)
})

it('says all that is wrong at once', () => {
  const lines = refusalOf(GOOD.replace('asOf: 2026-09-30\n', '').replace('currency: USD\n', '')).split('\n')
  expect(lines).toHaveLength(2)
})

test.each(shippedPrices)('the shipped %s is a table, of that name, and says that it is a sample', (name) => {
  const table = readShippedPrices(name)!
  expect(table).toMatchObject({ name, currency: 'USD' })
  expect(table.note).toMatch(/sample/i)
})

it('ships nothing by another name', () => {
  expect(['constructor', 'oracle', ''].map(readShippedPrices)).toEqual([undefined, undefined, undefined])
})

it('reckons with a shipped table as with any other', () => {
  const usage = (bytes: bigint) => [
    { backend: 's3', from: VIRGINIA, to: 'somewhere' as const, bytes, gets: 25_000n, heads: 0n },
  ]
  const bill = cost(usage(100n * 2n ** 30n + 10n * 2n ** 40n + 2n ** 40n), readShippedPrices('aws')!)
  // 100 free, 10,240 × 0.09, 1,024 × 0.085, and 2.5 × 0.004.
  expect(formatMicros(bill.total)).toBe('1008.65')
})
