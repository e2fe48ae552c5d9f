import { z } from 'zod'
import { kilometres, oneOrMore, share } from './values.ts'

/** Which backends are preferred for which clients. */
export const ruleSchema = z.strictObject({
  when: z
    .strictObject({
      cloud: oneOrMore('the name of a cloud').optional().describe('Clouds that the client may be in.'),
      region: oneOrMore('the name of a region')
        .optional()
        .describe('Regions that the client may be in, without the cloud.'),
      country: oneOrMore('an ISO 3166-1 country code of two capital letters')
        .optional()
        .describe('Countries that the client may be in.'),
    })
    .prefault({})
    .describe('Conditions, all of which must hold; none at all always holds.'),
  prefer: z
    .array(z.string(), { error: 'must be a list of selectors' })
    .min(1, { error: 'must name at least one selector' })
    .describe(
      'Selectors, the best first: upstreams, stores, upstreams@CLOUD, stores@CLOUD, or the id of a backend.',
    ),
  within: kilometres()
    .optional()
    .describe(
      'How far a backend may be from the client to count as near. Without it, groups reach as far as the canonical upstream, and at least 1000km.',
    ),
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
