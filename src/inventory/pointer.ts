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
}

/** A pointer that is larger is refused. */
export const POINTER_MAX_BYTES = 4096

const VERSION = 1

const POINTER = z.strictObject({
  version: z.literal(VERSION),
  at: z.string().refine((text) => isMoment(readTimestamp(text) ?? -1)),
  file: z.string(),
  digest: z.string().refine((text) => text.startsWith('sha256:') && parseDigest(text) !== undefined),
  count: z.int().min(0),
  bytes: z.int().min(0).max(INVENTORY_MAX_BYTES),
})

/** Writes a pointer as JSON. */
export function formatInventoryPointer({
  at,
  digest,
  count,
  bytes,
}: InventoryPointer): Uint8Array<ArrayBuffer> {
  const document = {
    version: VERSION,
    at: new Date(at).toISOString(),
    file: inventoryFile(digest),
    digest,
    count,
    bytes,
  }
  return new TextEncoder().encode(`${JSON.stringify(document, undefined, 2)}\n`)
}

/** Reads what {@link formatInventoryPointer} wrote. Throws `CONTENT_INVALID` for anything else, saying what is wrong. */
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
  return { at: Date.parse(at), digest, count, bytes: size }
}

function invalid(fault: string, cause?: unknown): PortolanError {
  return new PortolanError(
    'CONTENT_INVALID',
    `this is not a usable pointer to an inventory: ${fault}`,
    { fault },
    cause,
  )
}
