import { z } from 'zod'
import { isBlobTemplate } from '../blob-template.ts'
import { fillSchema } from './fill.ts'
import { backendPlace, backendUrl, flag, id, isVerifiableDigest, textThat } from './values.ts'

/** An untrusted place that holds bytes by digest. */
export const storeSchema = z.strictObject({
  id: id().describe('Its name in rules, logs and metrics; unique among upstreams and stores.'),
  url: backendUrl().describe('Where it is served, without credentials: clients fetch from it.'),
  blobs: textThat(
    'a path with {digest}, or with both {algorithm} and {encoded}, without "..", "?" and "#" and without "/" at the ends',
    isBlobTemplate,
  )
    .prefault('containers/images/{digest}')
    .describe('Path of a blob below the URL, with {digest}, or {algorithm} and {encoded}.'),
  manifests: textThat(
    'a path with {digest}, or with both {algorithm} and {encoded}, without "..", "?" and "#" and without "/" at the ends',
    isBlobTemplate,
  )
    .optional()
    .describe(
      'Path of a manifest by digest below the URL, in the same form. Without it, the store keeps none.',
    ),
  canary: textThat('a sha256 or sha512 digest', isVerifiableDigest)
    .optional()
    .describe('Digest of a small blob that it must have, by which its health is tried.'),
  at: backendPlace(),
  inventory: flag()
    .prefault(false)
    .describe('Whether the door goes by the inventory that "portolan sync" leaves in it.'),
  proof: z
    .string()
    .optional()
    .describe(
      'The store whose proof of ownership it serves, or off. With ownership, its own id unless this says otherwise.',
    ),
  proofUrl: backendUrl()
    .optional()
    .describe(
      'The URL that this proof must name, where "sync" knows the store by another than the config of the door.',
    ),
  fill: fillSchema.optional().describe('How "portolan sync" writes to it: exactly one kind.'),
})
