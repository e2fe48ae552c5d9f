import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FuzzServers, fuzz, startFuzzServers } from './fuzz/run.ts'

/** Cases that once came out differently. */
const FOUND: readonly number[] = [1070, 1131, 1764]
const COUNT = 400

describe('the listener, beside node:http', () => {
  let servers: FuzzServers
  beforeAll(async () => {
    servers = await startFuzzServers(['node', 'bun'])
  })
  afterAll(() => servers[Symbol.asyncDispose]())

  it('makes the same of random bytes, whole or in pieces, on every runtime, or refuses them', async () => {
    const seeds = [...FOUND, ...Array.from({ length: COUNT }, (_, seed) => seed)]
    const { findings, meant } = await fuzz(servers, seeds)
    expect(findings).toEqual([])
    // Otherwise the bytes were all alike.
    expect(meant.size).toBeGreaterThan(5)
  }, 120_000)
})
