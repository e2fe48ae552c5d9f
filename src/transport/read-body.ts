import { joinedBytes } from '../internal/joined-bytes.ts'

/** Reads a body to its end. Gives `undefined`, and reads no further, when it is longer than `limit` bytes. */
export async function readBody(
  response: Response,
  limit: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0
  const reader = response.body?.getReader()
  while (reader !== undefined) {
    const { done, value } = await reader.read()
    if (done) break
    length += value.length
    if (length > limit) {
      await reader.cancel()
      return undefined
    }
    chunks.push(value)
  }
  return joinedBytes(chunks)
}
