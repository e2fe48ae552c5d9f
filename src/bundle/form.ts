import { z } from 'zod'
import { PortolanError } from '../errors.ts'
import { checkJsonBounds } from '../internal/json-bounds.ts'
import { type Digest, parseDigest } from '../oci/digest.ts'

/** The entries of a bundle that are no content, in their order; the signature need not be there. */
export const BUNDLE_ENTRIES = {
  layout: 'oci-layout',
  index: 'index.json',
  bundle: 'bundle.json',
  signature: 'bundle.json.sig',
} as const

/** An index that is larger is refused: a hundred thousand contents fit several times. */
export const BUNDLE_INDEX_MAX_BYTES: number = 256 * 1024 * 1024
/** Parts of one bundle: their names have four digits. */
export const PARTS_MAX = 9999

const SIZE = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER)
const DIGEST = z.string().transform((text, context) => {
  const digest = parseDigest(text)
  if (digest !== undefined) return digest
  context.addIssue({ code: 'custom', message: 'expected a digest' })
  return z.NEVER
})
const NAMES = z.array(z.string().min(1).max(1024))

const IMAGE = z.object({
  name: z.string().min(1).max(1024),
  digest: DIGEST,
  mediaType: z.string(),
  size: SIZE,
})
const CONTENT = z.object({
  digest: DIGEST,
  size: SIZE,
  offset: SIZE,
  mediaType: z.string().optional(),
  repositories: NAMES,
})
const ASSUMED = z.object({ digest: DIGEST, size: SIZE, repositories: NAMES })
const MISSING = z.object({
  digest: DIGEST.optional(),
  name: z.string().optional(),
  why: z.enum(['missing', 'unknown', 'refused']),
  message: z.string(),
})
const INDEX = z.object({
  version: z.literal(1),
  created: z.null(),
  partSize: SIZE.positive().nullable(),
  length: SIZE,
  images: z.array(IMAGE),
  contents: z.array(CONTENT),
  assumed: z.array(ASSUMED),
  lenders: NAMES.optional(),
  missing: z.array(MISSING),
})
const RECEIPT = z.object({
  version: z.literal(1),
  target: z.string().max(1024),
  bundle: DIGEST,
  images: z.array(IMAGE),
  contents: z.array(DIGEST),
  signature: z.string().optional(),
})
const LEDGER = z.object({ version: z.literal(1), ledger: z.literal(true), contents: z.array(DIGEST) })

/**
 * What `bundle.json` says: all that is in a bundle and where, what it counts on, which repositories of the other side may
 * lend that, and what it lacks.
 */
export type BundleIndex = DeepReadonly<z.infer<typeof INDEX>>
/** An image under its name, `HOST/NAME:TAG` or `HOST/NAME@DIGEST`. */
export type BundleImage = BundleIndex['images'][number]
/** Content, and at which byte of the stream of all parts its own bytes begin; one with a media type is a manifest. */
export type BundleContent = BundleIndex['contents'][number]
/** Content that was left out since the target has it. */
export type AssumedContent = BundleIndex['assumed'][number]
/** Content, or an image, that should be in a bundle and is not. */
export type MissingContent = BundleIndex['missing'][number]
/** What an import says is at its target. */
export type Receipt = DeepReadonly<z.infer<typeof RECEIPT>>
/** All that one side has ever sent. */
export type Ledger = DeepReadonly<z.infer<typeof LEDGER>>

type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends string | number | null | undefined
    ? T
    : { readonly [Key in keyof T]: DeepReadonly<T[Key]> }

/** Reads `bundle.json`; `source` names it in errors. Throws `CONTENT_INVALID`. */
export function parseBundleIndex(bytes: Uint8Array, source = 'bundle.json'): BundleIndex {
  return read(INDEX, bytes, source, 'the index of a bundle')
}

/** Writes `bundle.json`, its keys in a fixed order, without blanks. */
export function formatBundleIndex(index: BundleIndex): Uint8Array<ArrayBuffer> {
  // The schema gives the keys their order.
  return written(INDEX.parse(index))
}

/** Reads a receipt. Throws `CONTENT_INVALID`. */
export function parseReceipt(bytes: Uint8Array, source = 'the receipt'): Receipt {
  return read(RECEIPT, bytes, source, 'a receipt')
}

/** Writes a receipt, its keys in a fixed order. */
export function formatReceipt(receipt: Receipt): Uint8Array<ArrayBuffer> {
  return written(RECEIPT.parse(receipt))
}

/** Reads a ledger. Throws `CONTENT_INVALID`. */
export function parseLedger(bytes: Uint8Array, source = 'the ledger'): Ledger {
  return read(LEDGER, bytes, source, 'a ledger')
}

/** Writes a ledger of these contents, each once and sorted. */
export function formatLedger(contents: Iterable<Digest>): Uint8Array<ArrayBuffer> {
  return written({ version: 1, ledger: true, contents: [...new Set(contents)].sort() })
}

/** Whether a file says of itself that it is a ledger; what is neither that nor a receipt is found out when it is read. */
export function isLedger(bytes: Uint8Array, source: string): boolean {
  const marked = z.object({ ledger: z.unknown().optional() })
  return read(marked, bytes, source, 'a receipt or a ledger').ledger !== undefined
}

/** How the file of a part is called, from 1 on. */
export function partName(number: number): string {
  return `bundle.${`${number}`.padStart(4, '0')}.tar`
}

/** The number of the part that a file is by its name; `undefined` for any other file. */
export function partNumber(name: string): number | undefined {
  const [, digits] = /^bundle\.(\d{4})\.tar$/.exec(name) ?? []
  return digits === undefined || Number(digits) === 0 ? undefined : Number(digits)
}

function read<T>(schema: z.ZodType<T>, bytes: Uint8Array, source: string, what: string): T {
  try {
    if (bytes.length > BUNDLE_INDEX_MAX_BYTES)
      throw new Error(`it has ${bytes.length} bytes; expected at most ${BUNDLE_INDEX_MAX_BYTES}`)
    checkJsonBounds(bytes, { values: BUNDLE_INDEX_MAX_BYTES / 16 })
    const parsed = schema.safeParse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)))
    if (parsed.success) return parsed.data
    const [issue] = parsed.error.issues
    throw new Error(`${issue?.path.join('.') || 'it'}: ${issue?.message}`)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new PortolanError('CONTENT_INVALID', `${source} is not ${what}: ${why}`, { source }, error)
  }
}

function written(value: object): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${JSON.stringify(value)}\n`)
}
