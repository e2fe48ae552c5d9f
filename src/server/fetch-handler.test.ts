import { expect, test } from 'vitest'
import type { FilePart } from '../internal/file-part.ts'
import { createFetchHandler } from './fetch-handler.ts'
import type { DoorReply } from './reply.ts'

const ask = (reply: DoorReply) =>
  createFetchHandler(() => reply)(new Request('http://door.test/'), { peer: '' })

function part(stream: ReadableStream<Uint8Array>): FilePart {
  return { kind: 'file', descriptor: -1, start: 0, end: 3, stream: () => stream, close() {} }
}

test('reads a part of a file, since a web Response knows no descriptors', async () => {
  const response = await ask({ status: 206, headers: {}, body: part(new Blob(['abc']).stream()) })
  expect(response.status).toBe(206)
  expect(await response.text()).toBe('abc')
})

test.each([
  ['a stream', (stream: ReadableStream<Uint8Array>) => stream],
  ['a part of a file', part],
])('lets a body that fails fail: %s', async (_, bodyOf) => {
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.error(new Error('broken on purpose'))
    },
  })
  const response = await ask({ status: 200, headers: {}, body: bodyOf(stream) })
  await expect(response.text()).rejects.toThrow('broken on purpose')
})
