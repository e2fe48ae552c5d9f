import { expect, test } from 'vitest'
import type { FilePart } from '../internal/file-part.ts'
import { accelRedirect } from './accel-redirect.ts'
import type { DoorReply } from './reply.ts'

let closed = 0

function part(path?: string): FilePart {
  return {
    ...{ kind: 'file', descriptor: 0, start: 5, end: 10, ...(path !== undefined && { path }) },
    stream: () => new ReadableStream(),
    close: () => void closed++,
  }
}

const HEADERS = {
  'Content-Type': 'application/octet-stream',
  'Content-Length': '5',
  'Content-Range': 'bytes 5-9/20',
  ETag: '"sha256:ab"',
}

test.each([
  ['blobs/sha256/ab', '/cache/blobs/sha256/ab'],
  ['a b/ü?#%', '/cache/a%20b/%C3%BC%3F%23%25'],
])('names the file %s in place of its bytes, and lets it go', (path, location) => {
  closed = 0
  const reply: DoorReply = { status: 206, headers: { ...HEADERS }, body: part(path) }
  expect(accelRedirect(reply, '/cache/')).toEqual({
    status: 200,
    headers: {
      'Content-Type': 'application/octet-stream',
      ETag: '"sha256:ab"',
      'Content-Length': '0',
      'X-Accel-Redirect': location,
    },
  })
  expect(closed).toBe(1)
})

test.each([
  ['a text', 'x'],
  ['a stream', new ReadableStream<Uint8Array>()],
  ['a file that lies nowhere in particular', part()],
  ['nothing', undefined],
])('leaves %s as it is', (_, body) => {
  closed = 0
  const reply: DoorReply = { status: 200, headers: HEADERS, ...(body !== undefined && { body }) }
  expect(accelRedirect(reply, '/cache/')).toBe(reply)
  expect(closed).toBe(0)
})
