import { z } from 'zod'
import { PortolanError } from '../errors.ts'
import { readTimestamp } from '../internal/timestamp.ts'
import { type Digest, parseDigest } from '../oci/digest.ts'
import { INVENTORY_MAX_BYTES, isMoment } from './format.ts'
import { inventoryFile } from './paths.ts'

/** Which inventory a store has now: written after its file, so that whoever reads this finds that. */
export interface InventoryPointer {
  /** When the inventory was made, in milliseconds since 1970. */
  readonly at: number
  /** The sha256 digest of its file, which lies at `inventoryPath(digest)`. */
  readonly digest: Digest
  /** Number of contents. */
  readonly count: number
  /** Of its file. */
  readonly bytes: number
  /** Of the file of the inventory before: it stays for those who have just read its pointer. */
  readonly previous?: Digest
  /** That the operator of the store says so; absent where there is no signing key. */
  readonly proof?: PointerProof
}

/** A signature of a pointer together with whose store it lies in: in another store it is worth nothing. */
export interface PointerProof {
  /** The id that the config gives the store. */
  readonly store: string
  /** When it was signed, in milliseconds since 1970. */
  readonly issued: number
  /** Ed25519, of what {@link pointerStatement} gives, in base64. */
  readonly signature: string
}

/** A pointer that is larger is refused. */
export const POINTER_MAX_BYTES = 4096

const VERSION = 2

const MOMENT = z.string().refine((text) => isMoment(readTimestamp(text) ?? -1))
const DIGEST = z.string().refine((text) => text.startsWith('sha256:') && parseDigest(text) !== undefined)

const COMMON = {
  at: MOMENT,
  file: z.string(),
  digest: DIGEST,
  count: z.int().min(0),
  bytes: z.int().min(0).max(INVENTORY_MAX_BYTES),
}

/** What was written before a pointer could be signed is read too. */
const POINTER = z.discriminatedUnion('version', [
  z.strictObject({ version: z.literal(1), ...COMMON }),
  z.strictObject({
    version: z.literal(VERSION),
    ...COMMON,
    previous: DIGEST.optional(),
    proof: z
      .strictObject({
        /** Nothing that could be taken for another line of what is signed. */
        store: z.string().regex(/^[!-~]{1,255}$/),
        issued: MOMENT,
        signature: z.base64().length(88),
      })
      .optional(),
  }),
])

/** What is signed of a pointer: lines, of which the first keeps the signature from being one of anything else. */
export function pointerStatement(
  { at, digest, count, bytes }: InventoryPointer,
  { store, issued }: Pick<PointerProof, 'store' | 'issued'>,
): Uint8Array<ArrayBuffer> {
  const lines = [store, toDate(issued), toDate(at), digest, count, bytes]
  return new TextEncoder().encode(`portolan inventory ${VERSION}\n${lines.join('\n')}\n`)
}

/** Writes a pointer as JSON. */
export function formatInventoryPointer(pointer: InventoryPointer): Uint8Array<ArrayBuffer> {
  const { at, digest, count, bytes, previous, proof } = pointer
  const document = {
    ...{ version: VERSION, at: toDate(at), file: inventoryFile(digest), digest, count, bytes },
    ...(previous !== undefined && { previous }),
    ...(proof !== undefined && { proof: { ...proof, issued: toDate(proof.issued) } }),
  }
  return new TextEncoder().encode(`${JSON.stringify(document, undefined, 2)}\n`)
}

function toDate(moment: number): string {
  return new Date(moment).toISOString()
}

/** Reads what {@link formatInventoryPointer} wrote, also when that was an earlier version. Throws `CONTENT_INVALID` for anything else, saying what is wrong. */
export function parseInventoryPointer(bytes: Uint8Array): InventoryPointer {
  if (bytes.length > POINTER_MAX_BYTES) throw invalid(`it is larger than ${POINTER_MAX_BYTES} bytes`)
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw invalid('it is not JSON in UTF-8', cause)
  }
  const read = POINTER.safeParse(json)
  if (!read.success) {
    const { path, message } = read.error.issues[0]!
    throw invalid(path.length === 0 ? message : `${path.join('.')}: ${message}`)
  }
  const { at, file, count, bytes: size } = read.data
  const digest = read.data.digest as Digest
  // Not followed: where the file lies follows from its digest alone.
  if (file !== inventoryFile(digest)) throw invalid(`file is not ${inventoryFile(digest)}`)
  const pointer = { at: Date.parse(at), digest, count, bytes: size }
  if (read.data.version === 1) return pointer
  const { previous, proof } = read.data
  return {
    ...pointer,
    ...(previous !== undefined && { previous: previous as Digest }),
    ...(proof !== undefined && { proof: { ...proof, issued: Date.parse(proof.issued) } }),
  }
}

function invalid(fault: string, cause?: unknown): PortolanError {
  return new PortolanError(
    'CONTENT_INVALID',
    `this is not a usable pointer to an inventory: ${fault}`,
    { fault },
    cause,
  )
}
