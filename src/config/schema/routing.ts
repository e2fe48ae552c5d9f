import { z } from 'zod'
import { readPattern } from '../pattern.ts'
import { id, kilometres, oneOrMore, percentage, readPrefix, share } from './values.ts'

const SELECTORS = 'upstreams, stores, upstreams@CLOUD, stores@CLOUD, or the id of a backend'
const WEIGHT = { least: 0.001, most: 1_000_000 } as const
const WEIGHT_ERROR = `must be a number from ${WEIGHT.least} to ${WEIGHT.most}`
const ENTRY_ERROR = 'must be a selector, or a map { split: { SELECTOR: WEIGHT, … } }'

const weight = () =>
  z.preprocess(
    (value) => (typeof value === 'string' && /^[0-9]+(?:\.[0-9]+)?$/.test(value) ? Number(value) : value),
    z.number({ error: WEIGHT_ERROR }).min(WEIGHT.least, { error: WEIGHT_ERROR }).max(WEIGHT.most, {
      error: WEIGHT_ERROR,
    }),
  )

/** Whom clients are split between. */
const splitSchema = z.strictObject({
  split: z
    .record(z.string(), weight(), { error: 'must be a map of selectors to weights' })
    .refine((weights) => Object.keys(weights).length > 0, { error: 'must name at least one selector' })
    .describe(
      'Weights by selector. Each client is given one for all that it pulls of a repository, as often as the weights say; they need no particular sum.',
    ),
})

/** Conditions on a client and on what it asks for. */
export const conditionsSchema = z
  .strictObject({
    cloud: oneOrMore('the name of a cloud').optional().describe('Clouds that the client may be in.'),
    region: oneOrMore('the name of a region')
      .optional()
      .describe('Regions that the client may be in, without the cloud.'),
    country: oneOrMore('an ISO 3166-1 country code of two capital letters')
      .optional()
      .describe('Countries that the client may be in.'),
    prefix: oneOrMore('an address prefix such as 192.0.2.0/24', readPrefix)
      .optional()
      .describe('Prefixes, of which one must hold the address of the client.'),
    repository: oneOrMore('a pattern', readPattern)
      .optional()
      .describe('Patterns, of which one must match the repository that is asked for.'),
  })
  .prefault({})
  .describe('Conditions, all of which must hold; none at all always holds.')

/** Which backends are preferred for which clients. */
export const ruleSchema = z.strictObject({
  when: conditionsSchema,
  prefer: z
    .array(z.union([z.string(), splitSchema], { error: ENTRY_ERROR }), {
      error: 'must be a list of selectors and splits',
    })
    .min(1, { error: 'must name at least one selector' })
    .describe(
      `Selectors, the best first: ${SELECTORS}; or { split: { SELECTOR: WEIGHT, … } }, which each client has in an order of its own.`,
    ),
  within: kilometres()
    .optional()
    .describe(
      'How far a backend may be from the client to count as near. Without it, groups reach as far as the canonical upstream, and at least 1000km.',
    ),
})

/** Rules that a share of all clients goes by. */
export const policySchema = z.strictObject({
  id: id().optional().describe('How the log and the metrics call it; policy-1 and so on without.'),
  share: percentage().describe('Of all clients, how many go by it.'),
  routing: z.array(ruleSchema).describe('Rules that take the place of all of "routing" for these clients.'),
})

/** What moves when a backend is down. */
export const spillSchema = z.strictObject({
  maxShare: share().describe(
    'Of the requests that belong to a backend which is down, the share that may move to other backends, per minute.',
  ),
  over: z
    .enum(['canonical', 'refuse'])
    .prefault('canonical')
    .describe('What happens to the rest: the canonical upstream answers, or 429 with Retry-After.'),
})
