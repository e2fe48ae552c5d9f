import type { Runtime } from '../../runtime.ts'

/**
 * Metadata and bytes in one request (RFC 2387), as `uploadType=multipart` takes them. The boundary is drawn by chance, so
 * that no content has it.
 */
export function multipart(
  metadata: object,
  { contentType, bytes }: { readonly contentType: string; readonly bytes: Uint8Array },
  { random }: Pick<Runtime, 'random'>,
): { readonly body: Uint8Array<ArrayBuffer>; readonly boundary: string } {
  const chances = Array.from({ length: 3 }, () => random().toString(36).slice(2))
  const boundary = `portolan-${chances.join('')}`
  const encoder = new TextEncoder()
  const parts = [
    encoder.encode(`--${boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n`),
    encoder.encode(`${JSON.stringify(metadata)}\r\n--${boundary}\r\nContent-Type: ${contentType}\r\n\r\n`),
    bytes,
    encoder.encode(`\r\n--${boundary}--\r\n`),
  ]
  const body = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let position = 0
  for (const part of parts) {
    body.set(part, position)
    position += part.length
  }
  return { body, boundary }
}
