import { expect, it } from 'vitest'
import { createHash } from '../hash.ts'
import { createWorkerRuntime } from './runtime.ts'

it.each(['sha256', 'sha512'] as const)('hashes a stream in pieces as OpenSSL does: %s', (algorithm) => {
  const { createHash: begin } = createWorkerRuntime({ waitUntil() {} })
  const [ours, theirs] = [begin(algorithm), createHash(algorithm)]
  for (let size = 0; size < 300; size += 7) {
    const bytes = new Uint8Array(size).fill(size)
    ours.update(bytes)
    theirs.update(bytes)
  }
  expect(ours.hex()).toBe(theirs.hex())
})

it('hands work that outlives its request to the worker', async () => {
  const kept: Promise<unknown>[] = []
  const work = Promise.resolve()
  createWorkerRuntime({ waitUntil: (promise) => kept.push(promise) }).background(work)
  expect(kept).toEqual([work])
})
