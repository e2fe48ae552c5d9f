/**
 * An answer before a runtime has turned it into bytes. Whoever takes it reads a stream to its end or cancels it, since
 * a file may be open behind it.
 */
export interface DoorReply {
  status: number
  headers: Record<string, string>
  body?: string | Uint8Array | ReadableStream<Uint8Array>
}
