import { z } from 'zod'
import { parseAddress } from '../net/address.ts'
import { daysAfter, isDay } from './day.ts'
import { type EndpointsStatement, NOTICE_MAX } from './statement.ts'

/** Longest statement in bytes. */
export const STATEMENT_MAX_BYTES = 1024 * 1024
const ENDPOINTS_MAX = 2000
const HOST = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/

const day = z.string().refine(isDay, { error: 'must be a day such as 2026-12-01' })
const words = z.string().min(1).max(300)
const host = z
  .string()
  .max(253)
  .refine((text) => HOST.test(text) || parseAddress(text.replace(/^\[|\]$/g, '')) !== undefined, {
    error: 'must be the name of a host in lower case, or an address',
  })
const endpointSchema = z.strictObject({
  host,
  port: z.int().min(1).max(65_535),
  why: z.array(words).max(50),
  announced: day,
  serial: z.int().min(1),
  from: day,
  until: day.optional(),
  emergency: words.optional(),
})
const statementSchema = z.strictObject({
  version: z.literal(1),
  registry: host,
  serial: z.int().min(1),
  issued: day,
  since: day,
  notice: z.int().min(0).max(NOTICE_MAX),
  endpoints: z.array(endpointSchema).min(1).max(ENDPOINTS_MAX),
})

/** Reads a statement, or says all that is wrong with it; one that breaks its own promise of notice is wrong. */
export function readStatement(text: string): EndpointsStatement | { readonly faults: readonly string[] } {
  if (text.length > STATEMENT_MAX_BYTES) return { faults: [`is longer than ${STATEMENT_MAX_BYTES} bytes`] }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // The parser's own words repeat the text, and somebody may have named the wrong file.
    return { faults: ['is no JSON'] }
  }
  const parsed = statementSchema.safeParse(value)
  if (!parsed.success) {
    return { faults: parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) }
  }
  const statement = parsed.data as EndpointsStatement
  const faults = [...faultsBetween(statement)]
  return faults.length > 0 ? { faults } : statement
}

function* faultsBetween(statement: EndpointsStatement): Iterable<string> {
  const { endpoints, notice, since, issued, serial } = statement
  if (since > issued) yield `since: must not come after issued, ${issued}`
  const seen = new Set<string>()
  for (const [index, endpoint] of endpoints.entries()) {
    const { host, port, announced, from, until, emergency } = endpoint
    const at = `endpoints.${index} (${host}:${port})`
    if (seen.has(`${host}:${port}`)) yield `${at}: stands twice`
    seen.add(`${host}:${port}`)
    if (announced > issued) yield `${at}: announced must not come after issued, ${issued}`
    if (announced < since) yield `${at}: announced must not come before since, ${since}`
    if (endpoint.serial > serial) yield `${at}: serial must not be above ${serial}, which is that of the list`
    if (until !== undefined && until < from) yield `${at}: until must not come before from, ${from}`
    // Earlier lists may have had another notice; the first one tells of what is used already.
    const isNew = endpoint.serial === serial && serial > 1
    const least = daysAfter(issued, notice)
    if (isNew && emergency === undefined && from < least) {
      yield `${at}: from must be ${least} or later: it is new, and the notice is ${notice} days; an emergency says why in "emergency"`
    }
  }
}
