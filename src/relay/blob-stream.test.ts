import { expect, it } from 'vitest'
import { streamOf } from './blob-stream.ts'

it.each([
  ['before anything was read', 0],
  ['between two pieces', 1],
  ['while a piece is awaited', 2],
])('lets go of what is open for it when it is given up %s', async (_, pieces) => {
  const abort = new AbortController()
  let isOpen = false
  async function* read(): AsyncGenerator<Uint8Array, void> {
    isOpen = true
    try {
      yield new Uint8Array(1)
      await new Promise((_, reject) =>
        abort.signal.addEventListener('abort', () => reject(abort.signal.reason)),
      )
    } finally {
      isOpen = false
    }
  }
  const reader = streamOf(read(), undefined, abort).getReader()
  if (pieces > 0) await reader.read()
  if (pieces > 1) reader.read().catch(() => {})
  await reader.cancel(new Error('the client is gone'))
  await new Promise(setImmediate)
  expect([isOpen, abort.signal.aborted]).toEqual([false, true])
})
