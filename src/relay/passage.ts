import { PortolanError } from '../errors.ts'
import { type Digest, digestAlgorithm, isVerifiable } from '../oci/digest.ts'
import type { Hash, HashAlgorithm, Runtime } from '../runtime.ts'
import type { OpenedSource } from '../transfer/source.ts'
import { isPassing } from '../transfer/transfer-error.ts'
import type { BlobSource, BlobSources } from './blob-sources.ts'

/**
 * How much of the rest of a blob is asked for at first, in bytes. Clients ask for all from somewhere on, read a few
 * megabytes and hang up (containerd with `concurrent_layer_fetch_buffer`): each of them must not cost the whole rest.
 */
const FIRST_PIECE = 8 * 1024 * 1024
/** No piece is larger, in bytes. */
const PIECE_MAX = 64 * 1024 * 1024
/** How often in a row it may break off without {@link PROGRESS}, beside once at each backend. */
const BREAKS_MAX = 3
/** So many bytes between two breaks, and it is worth to go on. */
const PROGRESS = 1024 * 1024

export interface PassageOptions {
  readonly digest: Digest
  /** Bytes of the blob. */
  readonly size: number
  readonly sources: BlobSources
  readonly start: number
  /** Up to, not including. */
  readonly end: number
  readonly signal: AbortSignal
  /** Told of bytes as they come. */
  readonly onBytes: (bytes: number) => void
}

/**
 * The bytes of a blob, or of a part of it, straight from a backend: from the next one when one breaks off. A whole one is
 * hashed on its way, and what comes last is held back until the hash is right, so that nobody takes a wrong one for
 * whole. Throws `CONTENT_INVALID` when it is not, and otherwise what the last backend that was left has failed with.
 */
export async function* pass(
  runtime: Pick<Runtime, 'createHash'>,
  options: PassageOptions,
): AsyncGenerator<Uint8Array, void> {
  const { digest, size, start, end, onBytes } = options
  const hash = start === 0 && end === size ? beginHash(runtime, digest) : undefined
  let position = start
  for await (const bytes of bring(options)) {
    onBytes(bytes.length)
    hash?.update(bytes)
    position += bytes.length
    if (position === end) checkHash(hash, options)
    yield bytes
  }
  if (position === start) checkHash(hash, options)
}

function beginHash(runtime: Pick<Runtime, 'createHash'>, digest: Digest): Hash | undefined {
  return isVerifiable(digest) ? runtime.createHash(digestAlgorithm(digest) as HashAlgorithm) : undefined
}

function checkHash(hash: Hash | undefined, options: PassageOptions): void {
  if (hash === undefined) return
  const actual = `${digestAlgorithm(options.digest)}:${hash.hex()}`
  if (actual !== options.digest) throw notTheBlob(options, actual)
}

async function* bring(options: PassageOptions): AsyncGenerator<Uint8Array, void> {
  const { sources, start, end, signal } = options
  let source = sources.after()
  let position = start
  let breaks = 0
  if (source === undefined) throw new PortolanError('UNREACHABLE', 'there is nowhere to get it from')
  while (position < end || position === start) {
    const before = position
    try {
      for await (const bytes of piece(source, position, pieceEnd(options, position), options)) {
        position += bytes.length
        yield bytes
      }
      if (position === end) return
      if (position === before) throw cutOff(source.location, position, end)
    } catch (error) {
      signal.throwIfAborted()
      breaks = position - before >= PROGRESS ? 1 : breaks + 1
      const next = sources.after({ source, error, passing: isPassing(error) })
      if (next === undefined || breaks > BREAKS_MAX + sources.givers.size) throw error
      source = next
    }
  }
}

/** Where the request that begins at a position is to end: as much again as was taken so far, of what has no end itself. */
function pieceEnd({ start, end, size }: PassageOptions, position: number): number {
  const hasOwnEnd = end < size || start === 0
  if (hasOwnEnd) return end
  const length = Math.min(PIECE_MAX, Math.max(FIRST_PIECE, position - start))
  return Math.min(end, position + length)
}

/** What one request brings; ends where the body does. */
async function* piece(
  source: BlobSource,
  start: number,
  end: number,
  { size, signal }: PassageOptions,
): AsyncGenerator<Uint8Array, void> {
  const abort = new AbortController()
  const whole = end === size
  const part = { start, ...(!whole && { end }), signal: AbortSignal.any([signal, abort.signal]) }
  const opened = await source.openPart(part)
  if (opened === undefined) throw new PortolanError('CONTENT_INVALID', `${source.location} has no such blob`)
  try {
    yield* between(opened, start, end, source, signal)
  } finally {
    abort.abort()
    await opened.body.cancel().catch(() => {})
  }
}

/** The bytes between two positions of a body that may begin before the first; what it has behind the second is left. */
async function* between(
  { start: from, body }: OpenedSource,
  start: number,
  end: number,
  { location }: BlobSource,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  let at = from
  const reader = body.getReader()
  try {
    while (at < end) {
      const { done, value } = await reader.read()
      signal.throwIfAborted()
      if (done) throw cutOff(location, at, end)
      const wanted = value.subarray(Math.max(0, start - at), end - at)
      at += value.length
      if (wanted.length > 0) yield wanted
    }
  } finally {
    reader.releaseLock()
  }
}

function cutOff(location: string, position: number, end: number): PortolanError {
  return new PortolanError('UNREACHABLE', `${location} ended after ${position} of ${end} bytes`)
}

function notTheBlob({ digest, sources }: PassageOptions, actual: string): PortolanError {
  const from = [...sources.givers].map(({ id }) => id).join(' and ')
  const message = `blob ${digest} from ${from} is not what it should be: its digest is ${actual}`
  return new PortolanError('CONTENT_INVALID', message, { digest, actual, source: from })
}
