import { z } from 'zod'

const TEXT = z.string().min(1).max(200)

/** The places that traffic goes to, as far as prices look at them. */
export const PLACE = z.union([
  z.literal('somewhere'),
  z.object({
    name: TEXT,
    cloud: z.exactOptional(TEXT),
    region: z.exactOptional(TEXT),
    parent: z.exactOptional(TEXT),
    country: z.exactOptional(TEXT),
  }),
])
