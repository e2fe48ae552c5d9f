import { z } from 'zod'
import { parseMicros } from '../config/money.ts'
import { isTimeZone } from '../internal/time-zone.ts'
import { WAYS } from './price-table.ts'

/** Far more than any provider has, so that a file cannot keep us busy for long. */
const LIST_MAX = 1000
const TIERS_MAX = 50

const NAME = /^[a-z0-9][A-Za-z0-9-]{0,62}$/
const DESTINATION = /^(?:country\/[A-Z]{2}|[A-Za-z0-9][A-Za-z0-9-]{0,62})$/
const CURRENCY = /^[A-Z]{3}$/
const UNKNOWN = 'unknown'

const text = (expected: string, form: RegExp) =>
  z
    .string({
      error: ({ input }) => (input === undefined ? `is required: ${expected}` : `must be ${expected}`),
    })
    .regex(form, { error: `must be ${expected}` })

/** A name of a table, an allowance or a group. */
const name = () => text('a name of letters, digits and "-", at most 63', NAME)

const PRICE =
  'must be a price in the currency of the file, such as 0.085 (at most six digits after the point), or "unknown"'

/** Millionths, or `unknown`; never through a product of fractions, which would not be exact. */
const price = () =>
  z.union([z.number(), z.string()], { error: PRICE }).transform((value, { issues }) => {
    if (value === UNKNOWN) return UNKNOWN
    const micros = parseMicros(String(value))
    if (micros !== undefined) return BigInt(micros)
    issues.push({ code: 'custom', input: value, message: PRICE })
    return z.NEVER
  })

const COUNT = 'must be a whole number from 1 to 1000000000000'
const count = () =>
  z
    .int({ error: COUNT })
    .min(1, { error: COUNT })
    .max(1e12, { error: COUNT })
    .transform((value) => BigInt(value))

const names = (expected: string) => z.array(text(expected, DESTINATION)).min(1).max(LIST_MAX)

const scope = {
  from: names('the name of a region or a group').optional(),
  to: z.enum(WAYS).optional(),
  in: names('the name of a region, a group or a CDN, or country/FR').optional(),
  free: name().optional(),
}

const transfer = z.strictObject({
  ...scope,
  price: price().optional(),
  tiers: z
    .array(z.strictObject({ upTo: count().optional(), price: price() }))
    .min(1)
    .max(TIERS_MAX)
    .optional(),
  per: z.enum(['region', 'account']).optional(),
})

const requests = z.strictObject({ ...scope, method: z.enum(['GET', 'HEAD']).optional(), per10000: price() })

const allowances = z.record(name(), count()).prefault({})

/** What a file of prices may hold, before the checks that need more than one key. */
export const priceFileSchema = z.strictObject({
  version: z.literal(1),
  name: name(),
  source: text('the address of the page that the prices were read from', /^https?:\/\/[^\s]{1,500}$/),
  asOf: z.iso.date({ error: 'must be the day on which the prices were read, such as "2026-09-30"' }),
  currency: text('a currency by ISO 4217, such as USD', CURRENCY),
  unit: z.enum(['GB', 'GiB']),
  cloud: name().optional(),
  timezone: z
    .string()
    .refine(isTimeZone, { error: 'must be a time zone, such as America/Los_Angeles' })
    .prefault('UTC'),
  note: z.string().max(10_000).optional(),
  groups: z.record(name(), names('the name of a region, or country/FR')).prefault({}),
  allowances: z.strictObject({ transfer: allowances, requests: allowances }).prefault({}),
  transfer: z.array(transfer).min(1).max(LIST_MAX),
  requests: z.array(requests).max(LIST_MAX).prefault([]),
})

/** A file of prices as it is written. */
export type PriceFile = z.output<typeof priceFileSchema>
