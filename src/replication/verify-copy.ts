import { PortolanError } from '../errors.ts'
import type { Runtime } from '../runtime.ts'
import type { ObjectHeaders } from '../storage/object-store.ts'
import { lookAgain } from './look-again.ts'
import type { Target } from './target.ts'

/** How much of an object is read again after it was stored: some parts of it, or all. */
export type VerifyMode = 'sample' | 'full'

/** What an object should be. */
export interface Original {
  readonly key: string
  readonly size: number
  readonly headers: ObjectHeaders
  read(start: number, end: number): Promise<Uint8Array>
}

const SAMPLE_BYTES = 64 * 1024
/** Beside the first and the last. */
const RANDOM_SAMPLES = 3
/** Of an object that is read whole: one request brings so many bytes. */
const FULL_BYTES = 64 * 1024 * 1024

/**
 * Reads back what a store was given. Throws `CONTENT_INVALID` when it is not there, some seconds later neither, or not
 * what was given.
 */
export async function verifyCopy(
  target: Target,
  original: Original,
  mode: VerifyMode,
  runtime: Pick<Runtime, 'random' | 'after'>,
): Promise<void> {
  const { key, size, headers } = original
  const info = await lookAgain(runtime, () => target.objects.stat(key))
  if (info === undefined) throw bad(target, key, 'is not there, though the store took it')
  if (info.size !== size) throw bad(target, key, `has ${info.size} bytes; expected ${size}`)
  if (info.contentType !== undefined && info.contentType !== headers.contentType) {
    throw bad(target, key, `is served as ${info.contentType}; expected ${headers.contentType}`)
  }
  for (const [start, end] of mode === 'full' ? pieces(size) : samples(size, runtime.random)) {
    const stream = await lookAgain(runtime, () => target.objects.get(key, { start, end }))
    if (stream === undefined) throw bad(target, key, 'is not there, though the store took it')
    await compare(target, original, stream, start, end)
  }
}

async function compare(
  target: Target,
  { key, read }: Original,
  stream: ReadableStream<Uint8Array>,
  start: number,
  end: number,
): Promise<void> {
  let position = start
  // Leaving the loop cancels the stream.
  for await (const bytes of stream) {
    const upTo = position + bytes.length
    if (upTo > end)
      throw bad(target, key, `gives more than the bytes ${start}–${end - 1} that were asked for`)
    const same = equal(bytes, await read(position, upTo))
    if (!same)
      throw bad(target, key, `was altered: bytes ${position}–${upTo - 1} are not those that were sent`)
    position = upTo
  }
  if (position < end)
    throw bad(target, key, `gives ${position - start} of the ${end - start} bytes from ${start} on`)
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false
  return true
}

function* pieces(size: number): Generator<readonly [number, number]> {
  for (let start = 0; start < size; start += FULL_BYTES) yield [start, Math.min(size, start + FULL_BYTES)]
}

/** All of what is not much longer than the samples. */
function* samples(size: number, random: () => number): Generator<readonly [number, number]> {
  if (size <= (RANDOM_SAMPLES + 2) * SAMPLE_BYTES) {
    if (size > 0) yield [0, size]
    return
  }
  const last = size - SAMPLE_BYTES
  yield [0, SAMPLE_BYTES]
  for (let sample = 0; sample < RANDOM_SAMPLES; sample++) {
    const start = Math.floor(random() * last)
    yield [start, start + SAMPLE_BYTES]
  }
  yield [last, size]
}

function bad({ id, objects }: Target, key: string, what: string): PortolanError {
  return new PortolanError('CONTENT_INVALID', `store ${id}: ${key} ${what}`, {
    store: id,
    location: objects.location,
    key,
  })
}
