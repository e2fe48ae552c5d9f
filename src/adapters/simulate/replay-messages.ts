import type { ErrorCode } from '../../errors.ts'
import type { FormatId } from '../../simulate/logs/logged-request.ts'
import type { ReadChunk } from '../../simulate/logs/read-chunk.ts'
import type { ReplayState } from '../../simulate/replay.ts'

/** What a thread is told. */
export type ToReplayThread =
  /** Lines to read, and to keep until it is said which of them count. */
  | {
      readonly kind: 'read'
      readonly number: number
      readonly bytes: Uint8Array<ArrayBuffer>
      readonly format: FormatId
      readonly header?: string
    }
  /** To be replayed, without these: they were shipped twice. */
  | { readonly kind: 'replay'; readonly number: number; readonly duplicates: readonly number[] }
  /** That was all. */
  | { readonly kind: 'end' }

/** What a thread tells. */
export type FromReplayThread =
  | { readonly kind: 'read'; readonly number: number; readonly chunk: Omit<ReadChunk, 'requests'> }
  | { readonly kind: 'end'; readonly state: ReplayState }
  | { readonly kind: 'failed'; readonly code?: ErrorCode; readonly message: string }
