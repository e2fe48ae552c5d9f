import { z } from 'zod'
import type { Fact } from '../../backends/facts.ts'
import type { CheckResult } from '../../backends/health/check-result.ts'
import { type RetryReason, VERDICTS } from '../../backends/retries/attempt.ts'
import type { AttemptBatch } from '../../backends/retries/attempt-records.ts'
import type { RetryStatus } from '../../backends/retries/detector.ts'
import type { Config } from '../../config/config.ts'
import { type Digest, parseDigest } from '../../oci/digest.ts'
import { type Name, parseName, parseTag, type Tag } from '../../oci/name.ts'
import type { MetricsSnapshot } from '../../telemetry/exposition.ts'
import type { ProcessCounts } from '../../telemetry/process-metrics.ts'
import { PLACE } from '../sponsors/place-schema.ts'

/**
 * What the processes of one service tell each other: plain data, which both ends check. A backend is named by its key,
 * which is another one when its config is another.
 */

/** How many facts, or what backends were found to hold, one message has at most. */
export const BATCH_MAX = 256
/** How many bytes of a content one message has at most. */
export const PIECE_BYTES = 256 * 1024

const NAME = z.custom<Name>((value) => typeof value === 'string' && parseName(value) !== undefined)
const TAG = z.custom<Tag>((value) => typeof value === 'string' && parseTag(value) !== undefined)
const DIGEST = z.custom<Digest>((value) => typeof value === 'string' && parseDigest(value) !== undefined)
const BYTES = z.custom<Uint8Array>((value) => value instanceof Uint8Array)
const COUNT = z.number().min(0)
const WHOLE = z.int().min(0)
const KEY = z.string().min(1).max(64)

const REQUEST = z.union([
  z.object({ kind: z.literal('blob'), name: NAME, digest: DIGEST }),
  z.object({ kind: z.literal('manifest'), name: NAME, byDigest: z.literal(true), reference: DIGEST }),
  z.object({ kind: z.literal('manifest'), name: NAME, byDigest: z.literal(false), reference: TAG }),
])
const PRESENCE = z.enum(['present', 'absent', 'unknown'])

const CHECK_RESULT: z.ZodType<CheckResult> = z.union([
  z.object({ kind: z.literal('passed'), proof: z.enum(['full', 'provisional']) }),
  z.object({
    kind: z.literal('failed'),
    hard: z.boolean(),
    why: z.string(),
    ofObject: z.exactOptional(z.literal(true)),
    ofUs: z.exactOptional(z.literal(true)),
  }),
])

const REASONS = Object.keys(VERDICTS) as RetryReason[]

/** What a process learns that checks nothing itself. */
export type LearntFact =
  | Extract<Fact, { kind: 'undelivered' | 'delivered' | 'retried' | 'outlier' }>
  | (Extract<Fact, { kind: 'probed' }> & { readonly request: z.infer<typeof REQUEST> })

const LEARNT: readonly Fact['kind'][] = ['undelivered', 'delivered', 'retried', 'outlier']

export function isLearnt(fact: Fact): fact is LearntFact {
  if (fact.kind !== 'probed') return LEARNT.includes(fact.kind)
  return fact.request.kind === 'blob' || fact.request.kind === 'manifest'
}

const FACT: z.ZodType<LearntFact> = z.union([
  z.object({
    kind: z.literal('probed'),
    request: REQUEST,
    finding: z.object({
      presence: PRESENCE,
      size: z.exactOptional(COUNT),
      failure: z.exactOptional(CHECK_RESULT),
    }),
    milliseconds: COUNT,
    expectation: z.enum(['listed', 'possible', 'unlisted']),
  }),
  z.object({ kind: z.enum(['undelivered', 'delivered']), digest: DIGEST }),
  z.object({ kind: z.literal('retried'), reason: z.enum(REASONS) }),
  z.object({
    kind: z.literal('outlier'),
    outlier: z.object({
      ...{ clients: COUNT, cameBack: COUNT, usual: COUNT, networks: COUNT },
      needsCheck: z.boolean(),
    }),
  }),
])

const STANDING = z.object({
  status: z.enum(['pending', 'healthy', 'degraded', 'ejected']),
  believed: z.boolean(),
  manifests: z
    .union([z.object({ works: z.literal(true) }), z.object({ works: z.literal(false), why: z.string() })])
    .or(z.undefined()),
  forgotten: COUNT,
})

const ATTEMPTS = z.object({
  kind: z.literal('attempts'),
  batch: z.object({
    stores: z.array(z.string()).max(65_536).readonly(),
    records: BYTES,
    span: COUNT,
  }) satisfies z.ZodType<AttemptBatch>,
})

const SNAPSHOT: z.ZodType<MetricsSnapshot> = z.object({
  families: z.array(
    z.object({
      name: z.string(),
      type: z.enum(['counter', 'histogram', 'gauge']),
      series: z.array(
        z.object({
          values: z.array(z.string()),
          value: z.number(),
          counts: z.exactOptional(z.array(z.number())),
        }),
      ),
    }),
  ),
  process: z.custom<ProcessCounts>((value) => Array.isArray(value)),
})

const RETRY_COUNTS = { clients: COUNT, cameBack: COUNT, usual: COUNT, networks: COUNT }
const RETRIES: z.ZodType<RetryStatus> = z.object({
  mutedShare: z.number().or(z.undefined()),
  stores: z.array(z.object({ store: z.string(), ...RETRY_COUNTS, movedBytes: COUNT })),
})

const IDENTITY = z.object({
  ...{ certificate: z.string(), key: z.string() },
  clientCA: z.string().optional(),
})

/** What clients were sent to the backends of sponsors for, by backend and place. */
const TRAFFIC = z.object({
  kind: z.literal('traffic'),
  traffic: z
    .array(z.object({ backend: KEY, place: PLACE, bytes: WHOLE, gets: WHOLE, heads: WHOLE }))
    .max(BATCH_MAX),
})

/** Requests by an old name, by the phase that was in force for them, and how many failed. */
const OUTCOMES = z.object({
  kind: z.literal('outcomes'),
  outcomes: z.array(z.object({ phase: z.string().max(64), asked: WHOLE, failed: WHOLE })).max(BATCH_MAX + 1),
})

/** From the process that checks, to one that answers clients. */
const TO_WORKER = z.discriminatedUnion('kind', [
  /** The config to go by: the first one, or another that is in force now. It was read and checked by the sender. */
  z.object({ kind: z.literal('config'), config: z.custom<Config>((value) => typeof value === 'object') }),
  /** How a backend stands. */
  z.object({ kind: z.literal('standing'), backend: KEY, standing: STANDING }),
  /** Which inventory a store is gone by: a content that can be asked for, or none. */
  z.object({ kind: z.literal('inventory'), backend: KEY, digest: DIGEST.nullable() }),
  /** Which range snapshot is in use, likewise. */
  z.object({ kind: z.literal('ranges'), content: z.string().nullable() }),
  /** A part of a content that was asked for; of no bytes where it is not there any more. */
  z.object({ kind: z.literal('piece'), content: z.string(), offset: COUNT, total: COUNT, bytes: BYTES }),
  /** What others have found out. */
  z.object({
    kind: z.literal('presence'),
    found: z.array(z.object({ backend: KEY, request: REQUEST, presence: PRESENCE })).max(BATCH_MAX),
  }),
  /** How much of what would go to the backends of sponsors does. */
  z.object({ kind: z.literal('paces'), paces: z.array(z.tuple([KEY, z.number().min(0).max(1)])) }),
  /** Which phases of an old name have begun, and which have ended by themselves. */
  z.object({ kind: z.literal('fates'), begun: z.array(z.string()), ended: z.array(z.string()) }),
  /** Whether a store delivers a blob for which a client came back. */
  z.object({ kind: z.literal('delivery'), backend: KEY, digest: DIGEST, isDelivered: z.boolean() }),
  ATTEMPTS,
  /** The check that was asked for under this number has had its consequences. */
  z.object({ kind: z.literal('checked'), check: COUNT }),
  /** Take requests there, together with others, and nowhere else any more. */
  z.object({
    kind: z.literal('open'),
    ...{ host: z.string(), port: COUNT },
    reader: z.enum(['plain', 'node-http']),
    tls: IDENTITY.optional(),
  }),
  /** Show this over TLS from now on. */
  z.object({ kind: z.literal('identity'), identity: IDENTITY }),
  /** Say at each answer that it is the last one of its connection. */
  z.object({ kind: z.literal('announceEnd') }),
  /** Take no more, finish what runs within so many milliseconds, and end. */
  z.object({ kind: z.literal('drain'), milliseconds: COUNT }),
  /** Say what was counted. */
  z.object({ kind: z.literal('count') }),
])

/** From a process that answers clients to the one that checks. */
const TO_PRIMARY = z.discriminatedUnion('kind', [
  /** It is there, and waits for its config. */
  z.object({ kind: z.literal('hello'), version: z.string() }),
  z.object({ kind: z.literal('listening') }),
  /** It cannot do what it is there for. */
  z.object({ kind: z.literal('failed'), message: z.string() }),
  /** It could not put a config in force, and goes on with the one before. */
  z.object({ kind: z.literal('refused'), message: z.string() }),
  z.object({
    kind: z.literal('facts'),
    facts: z.array(z.object({ backend: KEY, fact: FACT })).max(BATCH_MAX),
  }),
  ATTEMPTS,
  TRAFFIC,
  OUTCOMES,
  z.object({ kind: z.literal('want'), content: z.string(), offset: COUNT }),
  z.object({ kind: z.literal('check'), check: COUNT, backend: KEY }),
  z.object({ kind: z.literal('counted'), snapshot: SNAPSHOT, retries: RETRIES }),
  /** It runs; said every second. */
  z.object({ kind: z.literal('alive') }),
])

export type ToWorker = z.infer<typeof TO_WORKER>
export type ToPrimary = z.infer<typeof TO_PRIMARY>

/** Reads what a worker is told; `undefined` for anything else. */
export function readToWorker(value: unknown): ToWorker | undefined {
  return TO_WORKER.safeParse(value).data
}

/** Reads what a worker tells; `undefined` for anything else. */
export function readToPrimary(value: unknown): ToPrimary | undefined {
  return TO_PRIMARY.safeParse(value).data
}
