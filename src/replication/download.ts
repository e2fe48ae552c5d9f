import { PortolanError } from '../errors.ts'
import { backoffDelay, wait } from '../internal/backoff.ts'
import { digestAlgorithm, digestEncoded } from '../oci/digest.ts'
import type { Registry } from '../registry/registry.ts'
import type { Clock, CreateHash, HashAlgorithm } from '../runtime.ts'
import type { Spool } from '../storage/workspace.ts'
import { reasonOf } from '../transport/reason.ts'
import { BACKOFF, untilAborted } from './interruption.ts'
import type { ReachableBlob } from './reachable.ts'

/** A blob on its way into a spool, and what those who follow it need to know. */
export interface Download {
  /** Bytes that an earlier process had brought. */
  readonly resumedFrom: number
  /** Bytes of the blob, as soon as they are known. Rejects as {@link ended} does. */
  readonly size: Promise<number>
  /** Resolves when the spool has more bytes than `position`. Rejects as {@link ended} does. */
  passed(position: number): Promise<void>
  /**
   * Resolves when all of it is in the spool and matches the digest. Rejects with `CONTENT_INVALID` when what came
   * cannot be this blob, `UNREACHABLE` when it broke off too often, and with the reason of `stop`.
   */
  readonly ended: Promise<void>
  /** Whether {@link ended} has rejected. */
  readonly failed: boolean
}

export interface DownloadParts {
  readonly upstream: Registry
  readonly createHash: CreateHash
  readonly clock: Clock
  readonly random: () => number
  readonly stop: AbortSignal
  readonly onBytes: (bytes: number) => void
}

/** How often in a row a download may break off without {@link PROGRESS}. */
const MAX_BREAKS = 5
/** So many bytes between two breaks, and it is worth to go on; what bounds the tries is then the size. */
const PROGRESS = 1024 * 1024
/** How long to wait for the next bytes, in milliseconds. */
const STALL = 30_000
/** Few enough to be lost when the process is killed, enough for the cost of a write to be small beside them. */
const APPEND_BYTES = 1024 * 1024
const REHASH_BYTES = 1024 * 1024

/** Brings a blob into a spool, from where the spool ends; goes on by Range when the connection breaks or stalls. */
export function startDownload(blob: ReachableBlob, spool: Spool, parts: DownloadParts): Download {
  const { clock, random, stop } = parts
  const algorithm = digestAlgorithm(blob.digest) as HashAlgorithm
  const hash = parts.createHash(algorithm)
  const size = Promise.withResolvers<number>()
  let expected = blob.size
  let moved = Promise.withResolvers<void>()
  const resumedFrom = spool.length

  const append = async (bytes: Uint8Array) => {
    hash.update(bytes)
    await spool.append(bytes)
    moved.resolve()
    moved = Promise.withResolvers()
  }
  const learnSize = (bytes: number) => {
    expected = bytes
    size.resolve(bytes)
  }

  /** One request, from where the spool ends to where the body does. */
  const bring = async (): Promise<void> => {
    const abort = new AbortController()
    const signal = AbortSignal.any([stop, abort.signal])
    let received = 0
    let callOff = () => {}
    const watch = (before: number) => {
      if (received === before) abort.abort(stalled(blob, spool.length))
      else callOff = clock.after(STALL, () => watch(received))
    }
    const left = expected === undefined ? APPEND_BYTES : expected - spool.length
    const pieces = new Pieces(Math.min(APPEND_BYTES, left), append)
    try {
      const asked = parts.upstream.blob(blob.name, blob.digest, spool.length, signal)
      const fetched = await untilAborted(signal, asked)
      if (fetched === undefined) throw missing(blob, parts.upstream)
      // Not before: until then we may have stood in line, or been told to wait.
      watch(-1)
      // A registry that ignores the range sends all of it again.
      let skip = spool.length - fetched.start
      if (skip < 0) throw wrong(blob, `its bytes come from ${fetched.start} on, not from ${spool.length} on`)
      if (fetched.size !== undefined && expected === undefined) learnSize(fetched.size)
      for await (const value of untilCancelled(fetched.body, signal)) {
        if (received === 0 && fetched.size !== undefined && fetched.size !== expected) {
          throw wrongSize(blob, `${fetched.size}`, expected!, value)
        }
        received += value.length
        parts.onBytes(value.length)
        const bytes = value.subarray(Math.min(skip, value.length))
        skip -= value.length - bytes.length
        const length = spool.length + pieces.length + bytes.length
        if (expected !== undefined && length > expected) throw wrongSize(blob, `at least ${length}`, expected)
        await pieces.add(bytes)
      }
      await pieces.flush()
      if (expected === undefined) learnSize(spool.length)
      if (spool.length < expected!) throw cutOff(blob, spool.length, expected!)
    } catch (error) {
      abort.abort(error)
      if (!isWrong(error)) await pieces.flush()
      throw error
    } finally {
      callOff()
    }
  }

  const run = async (): Promise<void> => {
    if (expected !== undefined) size.resolve(expected)
    if (expected !== undefined && spool.length > expected) {
      throw wrongSize(blob, `${spool.length}`, expected)
    }
    for (let position = 0; position < resumedFrom; position += REHASH_BYTES) {
      stop.throwIfAborted()
      hash.update(await spool.read(position, Math.min(resumedFrom, position + REHASH_BYTES)))
    }
    for (let breaks = 0; expected === undefined || spool.length < expected; ) {
      const before = spool.length
      try {
        await bring()
      } catch (error) {
        if (stop.aborted) throw stop.reason
        if (error instanceof PortolanError && error.code !== 'UNREACHABLE') throw error
        breaks = spool.length - before >= PROGRESS ? 1 : breaks + 1
        if (breaks > MAX_BREAKS) throw brokeOff(blob, breaks, error)
        await wait(clock, backoffDelay(BACKOFF, breaks, random), stop)
      }
    }
    const actual = `${algorithm}:${hash.hex()}`
    if (actual !== `${algorithm}:${digestEncoded(blob.digest)}`) {
      const start = await spool.read(0, 64)
      throw wrong(blob, `its digest is ${actual}${describe(start)}`, { actual })
    }
  }

  let failed = false
  const ended = run().catch((error) => {
    failed = true
    size.reject(error)
    moved.resolve()
    throw error
  })
  // Whoever follows sees it by one of the three; none of them must be an unhandled rejection.
  ended.catch(() => {})
  size.promise.catch(() => {})
  return {
    resumedFrom,
    size: size.promise,
    async passed(position) {
      while (spool.length <= position) {
        if (failed) await ended
        await moved.promise
      }
      if (failed) await ended
    },
    ended,
    get failed() {
      return failed
    },
  }
}

/** Gathers what comes, so that a file is not written in the small pieces of a network. */
class Pieces {
  readonly #buffer: Uint8Array
  readonly #append: (bytes: Uint8Array) => Promise<void>
  length = 0

  constructor(size: number, append: (bytes: Uint8Array) => Promise<void>) {
    this.#buffer = new Uint8Array(size)
    this.#append = append
  }

  async add(bytes: Uint8Array): Promise<void> {
    for (let taken = 0; taken < bytes.length; ) {
      const part = bytes.subarray(taken, taken + this.#buffer.length - this.length)
      this.#buffer.set(part, this.length)
      this.length += part.length
      taken += part.length
      if (this.length === this.#buffer.length) await this.flush()
    }
  }

  async flush(): Promise<void> {
    const { length } = this
    this.length = 0
    if (length > 0) await this.#append(this.#buffer.subarray(0, length))
  }
}

/** What a body gives; throws the signal's reason when that aborts, whatever the body does then. */
async function* untilCancelled(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const reader = body.getReader()
  const cancel = () => {
    reader.cancel(signal.reason).catch(() => {})
  }
  signal.addEventListener('abort', cancel, { once: true })
  try {
    for (;;) {
      signal.throwIfAborted()
      const { done, value } = await reader.read()
      signal.throwIfAborted()
      if (done) return
      yield value
    }
  } finally {
    signal.removeEventListener('abort', cancel)
    cancel()
  }
}

/** Whether an error says that what came cannot be the blob, rather than that it did not come. */
export function isWrong(error: unknown): error is PortolanError {
  return error instanceof PortolanError && error.code === 'CONTENT_INVALID'
}

function wrong({ digest, name }: ReachableBlob, what: string, facts: object = {}): PortolanError {
  return new PortolanError('CONTENT_INVALID', `blob ${digest} of ${name} is not what it should be: ${what}`, {
    digest,
    ...facts,
  })
}

function wrongSize(blob: ReachableBlob, actual: string, expected: number, start?: Uint8Array): PortolanError {
  const what = start === undefined ? '' : describe(start)
  return wrong(blob, `it has ${actual} bytes; expected ${expected}${what}`, { actual, expected })
}

/** What bytes look like that servers send instead of a blob. */
function describe(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes.subarray(0, 64)).trimStart().toLowerCase()
  if (text.startsWith('<!doctype html') || text.startsWith('<html')) return ', and it is an HTML page'
  if (text.startsWith('<?xml') || text.startsWith('<error')) return ', and it is an XML document'
  return text.startsWith('{"errors"') ? ', and it is an error message' : ''
}

function missing({ digest, name }: ReachableBlob, { location }: Registry): PortolanError {
  return new PortolanError('CONTENT_INVALID', `${location} has no blob ${digest} in ${name}`, { digest })
}

function stalled({ digest, name }: ReachableBlob, position: number): PortolanError {
  const message = `blob ${digest} of ${name}: nothing came for ${STALL / 1000} s after ${position} bytes`
  return new PortolanError('UNREACHABLE', message, { digest })
}

function cutOff({ digest, name }: ReachableBlob, position: number, size: number): PortolanError {
  const message = `blob ${digest} of ${name} ended after ${position} of ${size} bytes`
  return new PortolanError('UNREACHABLE', message, { digest })
}

function brokeOff({ digest, name }: ReachableBlob, breaks: number, cause: unknown): PortolanError {
  const message = `blob ${digest} of ${name} broke off ${breaks} times in a row; the last time: ${reasonOf(cause)}`
  return new PortolanError('UNREACHABLE', message, { digest }, cause)
}
