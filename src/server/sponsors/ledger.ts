import { z } from 'zod'
import { PortolanError } from '../../errors.ts'
import type { SponsorRecord } from '../../routing/budget/sponsor-account.ts'
import type { LedgerStorage } from './ledger-storage.ts'
import { PLACE } from './place-schema.ts'

const WHOLE = z.string().regex(/^[0-9]{1,30}$/)
const COUNT = z.int().min(0)
const SHARE = z.number().min(0).max(1)
const MONTH = z.string().regex(/^[0-9]{4,6}-[0-9]{2}$/)
const TEXT = z.string().min(1).max(200)

const TRAFFIC = z.object({ backend: TEXT, place: PLACE, bytes: COUNT, gets: COUNT, heads: COUNT })
const AMOUNT = z.union([z.object({ bytes: COUNT }), z.object({ currency: TEXT, micros: COUNT })])

const RECORD: z.ZodType<SponsorRecord> = z.object({
  id: TEXT,
  unit: TEXT,
  funds: z.object({
    month: MONTH,
    spent: WHOLE,
    owed: WHOLE,
    budget: WHOLE,
    credits: z.array(
      z.object({
        credit: z.object({ amount: AMOUNT, from: z.iso.date(), until: z.iso.date() }),
        used: WHOLE,
      }),
    ),
  }),
  billed: z.object({ month: MONTH, traffic: z.array(TRAFFIC) }),
  pacing: z.object({
    pace: SHARE,
    changedAt: z.exactOptional(z.number()),
    demand: z.exactOptional(z.number().min(0)),
    grain: z.exactOptional(z.number().min(0)),
    samples: z.array(z.object({ at: z.number(), spent: z.number(), open: z.number() })).max(1000),
  }),
  total: WHOLE,
})

const FILE = z.object({ version: z.literal(1), at: z.iso.datetime(), sponsors: z.array(RECORD) })

/** Reads a ledger; `undefined` where there is none yet. Throws `CONFIG_INVALID` for anything else than one. */
export async function readLedger(
  file: string,
  storage: LedgerStorage,
): Promise<readonly SponsorRecord[] | undefined> {
  const bytes = await storage.read(file)
  if (bytes === undefined) return undefined
  let content: unknown
  try {
    content = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw noLedger(file, 'it is no JSON', error)
  }
  const parsed = FILE.safeParse(content)
  if (!parsed.success) throw noLedger(file, z.prettifyError(parsed.error).replace(/\s+/g, ' '))
  return parsed.data.sponsors
}

/** Writes a ledger, as of a date. */
export function encodeLedger(sponsors: readonly SponsorRecord[], at: Date): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify({ version: 1, at: at.toISOString(), sponsors })}\n`)
}

function noLedger(file: string, why: string, cause?: unknown): PortolanError {
  const message = `pacing.ledger: ${JSON.stringify(file)}: is no ledger of sponsors (${why}); mend it, or move it away to begin from nothing`
  return new PortolanError('CONFIG_INVALID', message, { file }, cause)
}
