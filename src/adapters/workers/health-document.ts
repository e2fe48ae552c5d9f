import { z } from 'zod'
import { ANSWERED, type CheckResult, failed, failedHard, PASSED } from '../../backends/health/check-result.ts'
import type { HealthState } from '../../backends/health/health-state.ts'
import type { OwnershipStatus } from '../../backends/ownership/ownership-status.ts'
import { type Digest, parseDigest } from '../../oci/digest.ts'
import type { HealthRecord } from '../../server/check-backends.ts'

/** What is written to KV: one small JSON with all backends, and how often it was written on the day. */
export interface HealthDocument {
  readonly version: 1
  /** Milliseconds since 1970. */
  readonly at: number
  /** The day in UTC, as `2026-11-27`, and the writes of that day, this one included. */
  readonly day: string
  readonly writes: number
  readonly backends: readonly HealthRecord[]
}

const HEALTH = z.object({
  status: z.enum(['pending', 'healthy', 'degraded', 'ejected']),
  since: z.number(),
  passes: z.int().min(0),
  failures: z.int().min(0),
  ejections: z.int().min(0),
  notBefore: z.number(),
  lastFailure: z.string().exactOptional(),
}) satisfies z.ZodType<HealthState>

const OWNERSHIP = z.object({
  status: z.enum(['unchecked', 'proven', 'refused']),
  issued: z.number().exactOptional(),
  expires: z.number().exactOptional(),
  inventory: z
    .union([
      z.literal('none'),
      z.custom<Digest>((text) => typeof text === 'string' && parseDigest(text) !== undefined),
    ])
    .exactOptional(),
  because: z
    .enum(['malformed', 'bad-signature', 'other-store', 'other-url', 'too-old', 'from-the-future', 'missing'])
    .exactOptional(),
  why: z.string().exactOptional(),
  recheckAt: z.number(),
}) satisfies z.ZodType<OwnershipStatus>

const DOCUMENT = z.object({
  version: z.literal(1),
  at: z.number(),
  day: z.string(),
  writes: z.int().min(0),
  backends: z.array(z.object({ fingerprint: z.string(), health: HEALTH, ownership: OWNERSHIP })),
}) satisfies z.ZodType<HealthDocument>

/** Text beyond this is nothing that a worker wrote, in characters. */
const LENGTH_MAX = 2_000_000

/** Reads what `JSON.stringify` made of a document; `undefined` for anything else, of another version too. */
export function readHealthDocument(text: string): HealthDocument | undefined {
  if (text.length > LENGTH_MAX) return undefined
  try {
    return DOCUMENT.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

/** What the last check of a backend came to, as a record has it. */
export function resultOf({ health }: Pick<HealthRecord, 'health'>): CheckResult {
  const why = health.lastFailure ?? 'another isolate of the worker took it out of traffic'
  switch (health.status) {
    case 'healthy':
      return PASSED
    case 'degraded':
      return ANSWERED
    case 'ejected':
      return failedHard(why)
    case 'pending':
      return failed(why)
  }
}

/** Whether two documents say the same of all backends, whenever that was found out. */
export function saysTheSame(one: readonly HealthRecord[], other: readonly HealthRecord[]): boolean {
  return summaryOf(one) === summaryOf(other)
}

function summaryOf(records: readonly HealthRecord[]): string {
  return JSON.stringify(
    records.map(({ fingerprint, health, ownership: { status, issued, why } }) => {
      const { since: _, notBefore: __, ...counted } = health
      return [fingerprint, counted, status, issued, why]
    }),
  )
}
