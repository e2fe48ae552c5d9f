import type { PortolanError } from '../../errors.ts'
import { untrue } from './failure.ts'

/** Which object is read, and how many bytes it may have. */
export interface SmallObject {
  readonly location: string
  readonly key: string
  readonly limit: number
}

/** All bytes of a body. Rejects with `CONTENT_INVALID` when there are more than the limit. */
export async function readSmall(
  body: AsyncIterable<Uint8Array>,
  { location, key, limit }: SmallObject,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let length = 0
  // Leaving the loop cancels the stream.
  for await (const bytes of body) {
    length += bytes.length
    if (length > limit) throw tooLarge(location, key, limit)
    pieces.push(bytes)
  }
  const whole = new Uint8Array(length)
  let position = 0
  for (const bytes of pieces) {
    whole.set(bytes, position)
    position += bytes.length
  }
  return whole
}

/** `CONTENT_INVALID`, naming the object and the limit. */
export function tooLarge(location: string, key: string, limit: number): PortolanError {
  return untrue(location, key, `it has more than the ${limit} bytes that are allowed`)
}
