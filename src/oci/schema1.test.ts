import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED, parseSchema1 } from './schema1.ts'

const A = `sha256:${'a'.repeat(64)}`
const B = `sha256:${'b'.repeat(64)}`
const PAYLOAD = JSON.stringify(
  { schemaVersion: 1, fsLayers: [{ blobSum: A }, { blobSum: B }, { blobSum: A }] },
  null,
  3,
)

const base64Url = (text: string) => Buffer.from(text).toString('base64url')

/** As Docker signed: the signatures stand before what ends the payload. */
function sign(payload: string, changes: object = {}, more = ''): Buffer {
  const [head, tail] = [payload.slice(0, -2), payload.slice(-2)]
  const header = { formatLength: head.length, formatTail: base64Url(tail), ...changes }
  const signatures = [{ header: {}, signature: 'x', protected: base64Url(JSON.stringify(header)) }]
  return Buffer.from(`${head}${more},\n   "signatures": ${JSON.stringify(signatures)}${tail}`)
}

const read = (bytes: Uint8Array) => parseSchema1(bytes, 'test')

describe('a manifest of schema 1', () => {
  it('that is signed is read for its blobs and what its digest is of', () => {
    const { mediaType, blobs, payload } = read(sign(PAYLOAD))
    expect(mediaType).toBe(DOCKER_SCHEMA1_SIGNED)
    expect(blobs).toEqual([A, B])
    const hash = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex')
    expect(hash(payload)).toBe(hash(PAYLOAD))
  })

  it('that is not signed is its own payload', () => {
    const bytes = Buffer.from(PAYLOAD)
    const { mediaType, blobs, payload } = read(bytes)
    expect([mediaType, blobs, Buffer.from(payload).toString()]).toEqual([DOCKER_SCHEMA1, [A, B], PAYLOAD])
  })

  it('is not read from outside of what its digest covers', () => {
    const forged = `,\n   "fsLayers": [{ "blobSum": "sha256:${'c'.repeat(64)}" }]`
    expect(read(sign(PAYLOAD, {}, forged)).blobs).toEqual([A, B])
  })

  it.each([
    ['', 'JSON'],
    ['[]', 'an object'],
    ['<html>', 'JSON'],
    ['{"schemaVersion":2,"fsLayers":[]}', '"schemaVersion"'],
    ['{"schemaVersion":1}', '"fsLayers"'],
    ['{"schemaVersion":1,"fsLayers":[null]}', 'fsLayers[0].blobSum'],
    ['{"schemaVersion":1,"fsLayers":[{"blobSum":"x"}]}', 'fsLayers[0].blobSum'],
    ['{"schemaVersion":1,"fsLayers":[],"signatures":[null]}', '"protected"'],
    ['{"schemaVersion":1,"fsLayers":[],"signatures":[{"protected":"*"}]}', '"protected"'],
    [sign(PAYLOAD, { formatLength: 1_000_000 }), '"protected"'],
    [sign(PAYLOAD, { formatLength: -1 }), '"protected"'],
    [sign(PAYLOAD, { formatLength: 10 }), 'JSON'],
    [sign(PAYLOAD, { formatTail: 5 }), '"protected"'],
    [Buffer.alloc(4 * 1024 * 1024 + 1), 'at most'],
  ])('%# that is garbled is refused', (content, expected) => {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    expect(() => read(bytes)).toThrow(expected)
    expect(() => read(bytes)).toThrow(expect.objectContaining({ code: 'CONTENT_INVALID' }))
  })
})
