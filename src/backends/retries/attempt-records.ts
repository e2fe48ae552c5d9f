import type { Address } from '../../net/address.ts'
import type { Digest } from '../../oci/digest.ts'
import { type Attempt, DIGEST_TAIL, MANIFEST_TAIL } from './attempt.ts'

/** Attempts and manifests as bytes, in the order in which they came, and the stores that they name by number. */
export interface AttemptBatch {
  readonly stores: readonly string[]
  readonly records: Uint8Array
  /** From the first record to the moment when they were taken, in milliseconds. */
  readonly span: number
}

/** What one record says; `age` is how long ago it was when its batch was taken, in milliseconds. */
export type AttemptRecord = { readonly address: Address; readonly age: number } & (
  | { readonly kind: 'blob'; readonly attempt: Attempt }
  /** By digest or `name:tag`. */
  | { readonly kind: 'manifest'; readonly manifest: string }
)

/** What is gathered at most, in bytes: some 9,000 blobs. */
const CAPACITY = 512 * 1024
/** Bits of a record's first byte. */
const IS_MANIFEST = 1
const IS_OPEN = 2
const IS_IPV6 = 4
/** That byte, one for the length of a manifest's name, the store's number, and the milliseconds since the first record. */
const HEAD = 8
const ADDRESS = 16
/** The first byte asked for, and the size of what is asked for; not a number where that is not known. */
const BLOB = HEAD + ADDRESS + DIGEST_TAIL + 16
const MANIFEST = HEAD + ADDRESS

/** Gathers what clients ask for, for the other processes of this service. Bounded: what does not fit is for the next batch. */
export class AttemptRecords {
  readonly #view = new DataView(new ArrayBuffer(CAPACITY))
  readonly #numbers = new Map<string, number>()
  #length = 0
  #begunAt = 0

  get isEmpty(): boolean {
    return this.#length === 0
  }

  /** Adds an attempt; `bytes` is what it would cost to send it elsewhere. False where it has to wait for the next batch. */
  addBlob({ address, store, digest, start, open }: Attempt, bytes: number | undefined, now: number): boolean {
    if (this.#length + BLOB > CAPACITY) return false
    const at = this.#head(address, open ? IS_OPEN : 0, now)
    const view = this.#view
    view.setUint16(at + 2, this.#numberOf(store))
    writeText(view, at + HEAD + ADDRESS, digest.slice(-DIGEST_TAIL))
    view.setFloat64(at + HEAD + ADDRESS + DIGEST_TAIL, start)
    view.setFloat64(at + HEAD + ADDRESS + DIGEST_TAIL + 8, bytes ?? Number.NaN)
    this.#length += BLOB
    return true
  }

  /** Adds a manifest that was handed out. */
  addManifest(address: Address, manifest: string, now: number): boolean {
    const name = manifest.slice(-MANIFEST_TAIL)
    if (this.#length + MANIFEST + name.length > CAPACITY) return false
    const at = this.#head(address, IS_MANIFEST, now)
    this.#view.setUint8(at + 1, name.length)
    writeText(this.#view, at + MANIFEST, name)
    this.#length += MANIFEST + name.length
    return true
  }

  /** All that was gathered, and begins anew. */
  take(now: number): AttemptBatch {
    const batch = {
      stores: [...this.#numbers.keys()],
      records: new Uint8Array(this.#view.buffer).slice(0, this.#length),
      span: Math.round(now - this.#begunAt),
    }
    this.#numbers.clear()
    this.#length = 0
    return batch
  }

  #head({ family, word0, word1, word2, word3 }: Address, flags: number, now: number): number {
    const at = this.#length
    if (at === 0) this.#begunAt = now
    const view = this.#view
    view.setUint8(at, flags | (family === 6 ? IS_IPV6 : 0))
    view.setUint32(at + 4, now - this.#begunAt)
    view.setUint32(at + HEAD, word0)
    view.setUint32(at + HEAD + 4, word1)
    view.setUint32(at + HEAD + 8, word2)
    view.setUint32(at + HEAD + 12, word3)
    return at
  }

  #numberOf(store: string): number {
    const known = this.#numbers.get(store)
    if (known !== undefined) return known
    const number = this.#numbers.size
    this.#numbers.set(store, number)
    return number
  }
}

/** Reads a batch back; ends where it is cut off, or names a store by a number that it does not have. */
export function* readAttempts({ stores, records, span }: AttemptBatch): Generator<AttemptRecord> {
  const view = new DataView(records.buffer, records.byteOffset, records.length)
  let at = 0
  while (at + MANIFEST <= records.length) {
    const flags = view.getUint8(at)
    const length = flags & IS_MANIFEST ? MANIFEST + view.getUint8(at + 1) : BLOB
    if (at + length > records.length) return
    const address = readAddress(view, at + HEAD, flags & IS_IPV6 ? 6 : 4)
    const age = Math.max(0, span - view.getUint32(at + 4))
    if (flags & IS_MANIFEST) {
      yield { kind: 'manifest', address, age, manifest: readText(view, at + MANIFEST, length - MANIFEST) }
    } else {
      const store = stores[view.getUint16(at + 2)]
      if (store === undefined) return
      yield { kind: 'blob', address, age, attempt: readAttempt(view, at, address, store, flags) }
    }
    at += length
  }
}

function readAttempt(view: DataView, at: number, address: Address, store: string, flags: number): Attempt {
  const tailAt = at + HEAD + ADDRESS
  const bytes = view.getFloat64(tailAt + DIGEST_TAIL + 8)
  return {
    ...{ address, store, open: (flags & IS_OPEN) !== 0 },
    // Its end, which is all that the detector goes by.
    digest: readText(view, tailAt, DIGEST_TAIL) as Digest,
    start: view.getFloat64(tailAt + DIGEST_TAIL),
    bytes: () => (Number.isNaN(bytes) ? undefined : bytes),
  }
}

function readAddress(view: DataView, at: number, family: 4 | 6): Address {
  return {
    family,
    word0: view.getUint32(at),
    word1: view.getUint32(at + 4),
    word2: view.getUint32(at + 8),
    word3: view.getUint32(at + 12),
  }
}

/** Names and digests are ASCII. */
function writeText(view: DataView, at: number, text: string): void {
  for (let index = 0; index < text.length; index++) view.setUint8(at + index, text.charCodeAt(index))
}

function readText(view: DataView, at: number, length: number): string {
  let text = ''
  for (let index = 0; index < length; index++) text += String.fromCharCode(view.getUint8(at + index))
  return text
}
