import type { Address } from '../../net/address.ts'
import type { Digest } from '../../oci/digest.ts'
import { type Attempt, DIGEST_TAIL } from './attempt.ts'

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
  | { readonly kind: 'manifest'; readonly repository: string; readonly reference: string }
)

/** What is gathered at most, in bytes: some 7,000 blobs. */
const CAPACITY = 512 * 1024
/** Bits of a record's first byte. */
const IS_MANIFEST = 1
const IS_OPEN = 2
const IS_IPV6 = 4
/** That byte, the lengths of two texts, the store's number, and the milliseconds since the first record. */
const HEAD = 12
const ADDRESS = 16
/** Of a blob: the end of its digest, the first byte asked for, and its size; not a number where that is not known. */
const BLOB = DIGEST_TAIL + 16

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
  addBlob(attempt: Attempt, bytes: number | undefined, now: number): boolean {
    const { address, store, repository, digest, start, open } = attempt
    if (!this.#fits(BLOB + repository.length)) return false
    const view = this.#view
    this.#head(address, open ? IS_OPEN : 0, now)
    view.setUint8(this.#length + 1, repository.length)
    view.setUint16(this.#length + 4, this.#numberOf(store))
    let at = this.#length + HEAD + ADDRESS
    writeText(view, at, digest.slice(-DIGEST_TAIL))
    view.setFloat64(at + DIGEST_TAIL, start)
    view.setFloat64(at + DIGEST_TAIL + 8, bytes ?? Number.NaN)
    at += BLOB
    writeText(view, at, repository)
    this.#length = at + repository.length
    return true
  }

  /** Adds a manifest that was handed out. */
  addManifest(address: Address, repository: string, reference: string, now: number): boolean {
    if (!this.#fits(repository.length + reference.length)) return false
    const view = this.#view
    this.#head(address, IS_MANIFEST, now)
    view.setUint8(this.#length + 1, repository.length)
    view.setUint8(this.#length + 2, reference.length)
    const at = this.#length + HEAD + ADDRESS
    writeText(view, at, repository)
    writeText(view, at + repository.length, reference)
    this.#length = at + repository.length + reference.length
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

  #fits(more: number): boolean {
    return this.#length + HEAD + ADDRESS + more <= CAPACITY
  }

  #head({ family, word0, word1, word2, word3 }: Address, flags: number, now: number): void {
    const at = this.#length
    if (at === 0) this.#begunAt = now
    const view = this.#view
    view.setUint8(at, flags | (family === 6 ? IS_IPV6 : 0))
    view.setUint32(at + 8, now - this.#begunAt)
    view.setInt32(at + HEAD, word0)
    view.setInt32(at + HEAD + 4, word1)
    view.setInt32(at + HEAD + 8, word2)
    view.setInt32(at + HEAD + 12, word3)
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
  while (at + HEAD + ADDRESS <= records.length) {
    const flags = view.getUint8(at)
    const isManifest = (flags & IS_MANIFEST) !== 0
    const texts = [view.getUint8(at + 1), isManifest ? view.getUint8(at + 2) : 0] as const
    const bodyAt = at + HEAD + ADDRESS
    const textAt = bodyAt + (isManifest ? 0 : BLOB)
    const end = textAt + texts[0] + texts[1]
    if (end > records.length) return
    const address = readAddress(view, at + HEAD, flags & IS_IPV6 ? 6 : 4)
    const age = Math.max(0, span - view.getUint32(at + 8))
    const repository = readText(view, textAt, texts[0])
    if (isManifest) {
      const reference = readText(view, textAt + texts[0], texts[1])
      yield { kind: 'manifest', address, age, repository, reference }
    } else {
      const store = stores[view.getUint16(at + 4)]
      if (store === undefined) return
      const asked = { address, store, repository, open: (flags & IS_OPEN) !== 0 }
      yield { kind: 'blob', address, age, attempt: { ...asked, ...readBlob(view, bodyAt) } }
    }
    at = end
  }
}

function readBlob(view: DataView, at: number): Pick<Attempt, 'digest' | 'start' | 'bytes'> {
  const bytes = view.getFloat64(at + DIGEST_TAIL + 8)
  return {
    // Its end, which is all that is gone by.
    digest: readText(view, at, DIGEST_TAIL) as Digest,
    start: view.getFloat64(at + DIGEST_TAIL),
    bytes: () => (Number.isNaN(bytes) ? undefined : bytes),
  }
}

function readAddress(view: DataView, at: number, family: 4 | 6): Address {
  return {
    family,
    word0: view.getInt32(at),
    word1: view.getInt32(at + 4),
    word2: view.getInt32(at + 8),
    word3: view.getInt32(at + 12),
  }
}

/** Names, references and digests are ASCII. */
function writeText(view: DataView, at: number, text: string): void {
  for (let index = 0; index < text.length; index++) view.setUint8(at + index, text.charCodeAt(index))
}

function readText(view: DataView, at: number, length: number): string {
  let text = ''
  for (let index = 0; index < length; index++) text += String.fromCharCode(view.getUint8(at + index))
  return text
}
