import type { Digest } from '../../oci/digest.ts'
import { matchesDigest } from '../../oci/verify.ts'
import { blobLocation, type Store } from '../../routing/backend.ts'
import type { Fetch, Runtime } from '../../runtime.ts'
import { readBody } from '../../transport/read-body.ts'

/** How much of a blob is fetched to see that it comes. */
const SAMPLE_BYTES = 1_048_576

/** Up to this size a blob is fetched whole and compared with its digest, in bytes. */
const WHOLE_BYTES = 8 * SAMPLE_BYTES
/** How much is fetched of the end, and of a place in between, of a larger one. */
const PIECE_BYTES = 65_536

/**
 * Whether a store delivers a blob: its beginning by `Range`, to the last byte that was promised, and then the rest, which
 * is checked against the digest; of a large one, its end and a place in between, chosen by chance. Never rejects; ends
 * when `fetch` does.
 */
export async function deliversBlob(
  store: Store,
  digest: Digest,
  fetch: Fetch,
  { random }: Pick<Runtime, 'random'>,
): Promise<boolean> {
  const url = blobLocation(store, digest)
  try {
    const beginning = await fetchPiece(url, 0, SAMPLE_BYTES, fetch)
    if (beginning === undefined) return false
    const { bytes, size } = beginning
    if (bytes.length === size) return await matchesDigest(bytes, digest)
    if (size <= WHOLE_BYTES) return await isWhole(url, beginning, digest, fetch)
    const between = SAMPLE_BYTES + Math.floor(random() * (size - SAMPLE_BYTES - PIECE_BYTES))
    for (const start of [size - PIECE_BYTES, between]) {
      if ((await fetchPiece(url, start, PIECE_BYTES, fetch)) === undefined) return false
    }
    return true
  } catch {
    return false
  }
}

interface Piece {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Of the whole blob. */
  readonly size: number
}

const EMPTY: Piece = { bytes: new Uint8Array(), size: 0 }

/** A part of a blob; `undefined` when it does not come as it should. */
async function fetchPiece(
  url: string,
  start: number,
  bytes: number,
  fetch: Fetch,
): Promise<Piece | undefined> {
  const response = await fetch(url, {
    redirect: 'manual',
    headers: { Range: `bytes=${start}-${start + bytes - 1}`, 'Accept-Encoding': 'identity' },
  })
  // Nothing of an empty blob satisfies a range (RFC 9110, section 14.1.2): object stores say so, nginx sends all of it.
  if (start === 0 && (response.status === 416 || isEmpty(response))) {
    await response.body?.cancel()
    return EMPTY
  }
  const range = /^bytes ([0-9]+)-([0-9]+)\/([0-9]+)$/.exec(response.headers.get('content-range') ?? '')
  const [first, last, size] = range?.slice(1).map(Number) ?? []
  if (response.status !== 206 || first !== start || last === undefined || size === undefined) {
    await response.body?.cancel()
    return undefined
  }
  const length = Math.min(size - start, bytes)
  const body = await readBody(response, length)
  return last - first + 1 === length && body?.length === length ? { bytes: body, size } : undefined
}

function isEmpty({ status, headers }: Response): boolean {
  return status === 200 && headers.get('content-length') === '0'
}

async function isWhole(url: string, { bytes, size }: Piece, digest: Digest, fetch: Fetch): Promise<boolean> {
  const whole = new Uint8Array(size)
  whole.set(bytes)
  for (let start = bytes.length; start < size; start += SAMPLE_BYTES) {
    const piece = await fetchPiece(url, start, SAMPLE_BYTES, fetch)
    if (piece?.size !== size) return false
    whole.set(piece.bytes, start)
  }
  return matchesDigest(whole, digest)
}
