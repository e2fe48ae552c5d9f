import { untilAborted } from '../internal/until-aborted.ts'
import type { Download } from './download.ts'
import type { Spool } from './spool.ts'

/** What a reader of a download wants of it. */
export interface FollowOptions {
  readonly start: number
  /** Up to, not including. */
  readonly end: number
  readonly signal?: AbortSignal
  /** Is read into where it is large enough: what was given before is then overwritten by what comes next. */
  readonly buffer?: Uint8Array
}

/** How much is read at once. */
export const FOLLOW_BYTES = 1024 * 1024

/**
 * The bytes of a download as they come, at the reader's own pace; any number of readers may follow one. Throws as the
 * download does, and the reason of the signal. The last bytes are given before they are verified: only
 * {@link Download.ended} says that all of it was right.
 */
export async function* follow(
  download: Pick<Download, 'passed'>,
  spool: Pick<Spool, 'read'>,
  { start, end, signal, buffer }: FollowOptions,
): AsyncGenerator<Uint8Array, void> {
  for (let position = start; position < end; ) {
    await untilAborted(signal, download.passed(position))
    const bytes = await spool.read(position, Math.min(end, position + FOLLOW_BYTES), buffer)
    yield bytes
    position += bytes.length
  }
}
