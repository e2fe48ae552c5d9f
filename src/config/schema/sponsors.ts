import { z } from 'zod'
import { isTimeZone } from '../../internal/time-zone.ts'
import { readAmount } from '../amount.ts'
import { file, id, oneOrMore, share, text, textThat, wholeNumber } from './values.ts'

const LIST_MAX = 1000
const AMOUNT = 'money, such as 250000 USD, or bytes, such as 40TiB'

/** Money, or bytes. */
const amount = () => text(AMOUNT, readAmount)

/** A selector or a list of some, as a list, which may be empty. */
const selectors = () =>
  z
    .union([z.string(), z.array(z.string())], { error: 'must be a selector, or a list of them' })
    .transform((value) => (typeof value === 'string' ? [value] : value))

/** A day that there is. */
const day = () => {
  const message = 'must be a day, such as 2026-12-31'
  return z.iso.date({ error: ({ input }) => (input === undefined ? `is required, and ${message}` : message) })
}

const credit = z.strictObject({
  amount: amount().describe('What it pays for in all.'),
  from: day().describe('The first day on which it pays, in the time zone of the sponsor.'),
  until: day().describe('The last day on which it pays.'),
})

/** Who pays for backends, and how much. */
export const sponsorSchema = z.strictObject({
  id: id().describe('As the log, the metrics and the admin service name it.'),
  backends: oneOrMore('a selector').describe('What it pays for: selectors, as rules have them.'),
  budget: z
    .strictObject({
      amount: amount().describe('Money or bytes.'),
      per: z.enum(['month']).describe('In which time: month.'),
    })
    .optional()
    .describe('What it pays for in each month.'),
  credits: z
    .array(credit)
    .max(100)
    .prefault([])
    .describe('What it pays for once, within a time. Beside a budget, each pays its part.'),
  prices: textThat('the name of a price table, or the path of a file', (value) => value !== '')
    .optional()
    .describe(
      'What its traffic costs: aws, azure, cdn, gcp, or a file (./prices.yaml, relative to the folder of this one).',
    ),
  over: selectors()
    .prefault([])
    .describe('Where those go first for whom its budget does not last: selectors. Then the rules count.'),
  timezone: textThat('a time zone, such as America/Los_Angeles', isTimeZone)
    .prefault('UTC')
    .describe('Where its months and days end.'),
  floor: share().prefault(0).describe('The share of its traffic that it keeps, even when all is used up.'),
  ceiling: share().prefault(1).describe('The share of its traffic that it never has more of.'),
  spent: z
    .strictObject({ amount: amount().describe('Money or bytes.'), asOf: day().describe('Before this day.') })
    .optional()
    .describe('What was spent of this month before the door counted: for one that has no ledger yet.'),
})

/** All sponsors of a config. */
export const sponsorsSchema = z.array(sponsorSchema).max(LIST_MAX)

/** How budgets are kept to by several doors, and over restarts. */
export const pacingSchema = z.strictObject({
  replicas: wholeNumber(1, 100_000)
    .prefault(1)
    .describe('How many doors share the budgets: each goes by its part of them.'),
  ledger: file()
    .optional()
    .describe(
      'File in which the door keeps what was spent, so that it is known after a restart; relative to the folder of this one.',
    ),
})
