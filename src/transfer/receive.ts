import { untilAborted } from '../internal/until-aborted.ts'
import type { Cancel, Runtime } from '../runtime.ts'
import type { HashedSpool } from './hashed-spool.ts'
import { PieceBuffer } from './piece-buffer.ts'
import type { OpenedSource, Source } from './source.ts'
import { cutOff, isWrong, missing, stalled, type WantedBlob, wrong, wrongSize } from './transfer-error.ts'

/** What one request to a source is made for. */
export interface Reception {
  readonly blob: WantedBlob
  readonly spool: HashedSpool
  /** Bytes of the blob, once they are known. */
  expected: number | undefined
  /** Told of the size as soon as a source says it, or has sent all there is. */
  readonly learnSize: (bytes: number) => void
  readonly stop: AbortSignal
  /** Told of every byte that came, also of those that the spool had. */
  readonly onBytes: (bytes: number) => void
  /** See the download's option of this name. */
  readonly promptness: number | undefined
}

/** How long to wait for the next bytes, in milliseconds. */
const STALL = 30_000
/** Few enough to be lost when the process is killed, enough for the cost of a write to be small beside them. */
const APPEND_BYTES = 1024 * 1024

/**
 * One request to a source, from where the spool ends to where the body does; resolves when the blob is there whole. What
 * came before an error stays in the spool, unless it cannot be the blob.
 */
export async function receive(
  runtime: Pick<Runtime, 'after' | 'now'>,
  source: Source,
  reception: Reception,
): Promise<void> {
  const { blob, spool, stop } = reception
  const { location } = source
  const abort = new AbortController()
  const signal = AbortSignal.any([stop, abort.signal])
  const stall = watchForStall(runtime, () => abort.abort(stalled(blob, location, STALL / 1000, spool.length)))
  const left = reception.expected === undefined ? APPEND_BYTES : reception.expected - spool.length
  const pieces = new PieceBuffer(Math.min(APPEND_BYTES, left), (bytes) => spool.append(bytes))
  const prompt = flushPromptly(runtime, reception, pieces, (error) => abort.abort(error))
  try {
    const opened = await untilAborted(signal, source.open(spool.length, signal))
    if (opened === undefined) throw missing(blob, location)
    // Not before: until then we may have stood in line, or been told to wait.
    stall.begin()
    await readBody(opened, source, reception, pieces, signal, () => {
      stall.note()
      return prompt.note()
    })
    await pieces.flush()
    if (reception.expected === undefined) reception.learnSize(spool.length)
    if (spool.length < reception.expected!) throw cutOff(blob, location, spool.length, reception.expected!)
  } catch (error) {
    abort.abort(error)
    if (!isWrong(error) && !spool.isOwn(error)) await pieces.flush()
    throw error
  } finally {
    stall.end()
    prompt.end()
  }
}

/** Puts what a body has behind the end of the spool there; it may begin before that end, not behind it. */
async function readBody(
  opened: OpenedSource,
  { location }: Source,
  reception: Reception,
  pieces: PieceBuffer,
  signal: AbortSignal,
  noteBytes: () => Promise<void> | undefined,
): Promise<void> {
  const { blob, spool, onBytes } = reception
  // A registry that ignores the range sends all of it again.
  let skip = spool.length - opened.start
  if (skip < 0) {
    const message = `its bytes come from ${opened.start} on, not from ${spool.length} on`
    throw wrong(blob, location, message)
  }
  if (opened.size !== undefined && reception.expected === undefined) reception.learnSize(opened.size)
  let isFirst = true
  for await (const value of untilCancelled(opened.body, signal)) {
    const { expected } = reception
    if (isFirst && opened.size !== undefined && opened.size !== expected) {
      throw wrongSize(blob, location, `${opened.size}`, expected!, value)
    }
    isFirst = false
    onBytes(value.length)
    const bytes = value.subarray(Math.min(skip, value.length))
    skip -= value.length - bytes.length
    const length = spool.length + pieces.length + bytes.length
    if (expected !== undefined && length > expected) {
      throw wrongSize(blob, location, `at least ${length}`, expected)
    }
    await pieces.add(bytes)
    await noteBytes()
  }
}

/**
 * Hands on what is gathered while somebody waits for it: at once when little comes, and not more often than so many
 * milliseconds apart when much does.
 */
function flushPromptly(
  { now, after }: Pick<Runtime, 'after' | 'now'>,
  { spool, promptness }: Reception,
  pieces: PieceBuffer,
  onError: (error: unknown) => void,
) {
  let last = Number.NEGATIVE_INFINITY
  let callOff: Cancel | undefined
  const flush = () => {
    last = now()
    return pieces.flush()
  }
  const look = () => {
    callOff = undefined
    if (pieces.length === 0) return
    if (spool.isAwaited) flush().catch(onError)
    else watch()
  }
  const watch = () => {
    callOff ??= after(promptness!, look)
  }
  return {
    note(): Promise<void> | undefined {
      if (promptness === undefined || pieces.length === 0) return undefined
      if (spool.isAwaited && now() - last >= promptness) return flush()
      watch()
      return undefined
    },
    end: () => callOff?.(),
  }
}

/** Looks now and then whether anything was noted since the last time. */
function watchForStall({ after }: Pick<Runtime, 'after'>, onStall: () => void) {
  let noted = false
  let callOff = () => {}
  const watch = () => {
    noted = false
    callOff = after(STALL, () => (noted ? watch() : onStall()))
  }
  return {
    begin: watch,
    note: () => {
      noted = true
    },
    end: () => callOff(),
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
