import type { FilePart } from '../internal/file-part.ts'

/**
 * An answer before a runtime has turned it into bytes. Whoever takes it reads a stream to its end or cancels it, and
 * closes a part of a file. A body that fails, by a stream that errors or a file that is too short, never looks whole to
 * the client: its connection is destroyed.
 */
export interface DoorReply {
  status: number
  headers: Record<string, string>
  body?: string | Uint8Array | ReadableStream<Uint8Array> | FilePart
}
