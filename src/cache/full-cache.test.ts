import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { noiseOf, sha256Of, steppedSource, wantedOf } from '../../test/support/blob-sources.ts'
import { makeTempFolder, type TempFolder } from '../../test/support/temp.ts'
import { createTestRuntime } from '../../test/support/test-runtime.ts'
import { systemClock } from '../adapters/clock.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../oci/manifest.ts'
import { cacheFolder } from '../storage/fs/cache-folder.ts'
import { takeTurns } from '../transfer/source.ts'
import type { ManagedCache } from './managed-cache.ts'
import { openContentCache } from './open-content-cache.ts'

const MIB = 1024 * 1024
const LIMIT = 24 * MIB
const BLOB = 2 * MIB
/** Three times what there is place for. */
const BLOBS = 36
const CLIENTS = 20
const REPOSITORY = { registry: 'registry.test', name: 'app' }
/** All blobs, but for their first byte. */
const NOISE = noiseOf(BLOB, 1)

let folder: TempFolder
let cache: ManagedCache

beforeEach(async () => {
  folder = await makeTempFolder()
  const runtime = createTestRuntime(systemClock)
  cache = await openContentCache(runtime, { size: LIMIT }, cacheFolder(folder.path, { runtime }))
})
afterEach(async () => {
  await cache[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

function blobOf(number: number): Uint8Array<ArrayBuffer> {
  const bytes = NOISE.slice()
  bytes[0] = number
  return bytes
}

/** As a mirror does: from the cache, by a fill, or past it. */
async function pull(number: number): Promise<'kept' | 'filled' | 'passed'> {
  const bytes = blobOf(number)
  const blob = wantedOf(bytes)
  const held = await cache.open(blob.digest)
  if (held !== undefined) {
    held.close()
    return 'kept'
  }
  const fill = cache.fill(blob, takeTurns([steppedSource(bytes)]))
  if (fill === undefined) return 'passed'
  const parts: Uint8Array[] = []
  const part = { start: 0, end: bytes.length, signal: new AbortController().signal }
  for await (const piece of fill.read(part)) parts.push(piece)
  expect(Buffer.concat(parts).equals(bytes)).toBe(true)
  await fill.ended
  return 'filled'
}

/** Bytes of all files, as they are now; one that goes meanwhile counts nothing. */
async function bytesOnDisk(): Promise<number> {
  const names = await readdir(folder.path, { recursive: true }).catch(() => [])
  const files = names.map((name) => join(folder.path, name))
  const sizes = files.map((file) => stat(file).then((found) => (found.isFile() ? found.size : 0)))
  return (await Promise.all(sizes.map((size) => size.catch(() => 0)))).reduce((sum, size) => sum + size, 0)
}

it('a cache that three times as much is pulled through as it may take keeps to its size', async () => {
  const index = new TextEncoder().encode('index')
  const child = new TextEncoder().encode('child')
  const old = new TextEncoder().encode('old')
  for (const bytes of [old, index, child]) await cache.put(sha256Of(bytes), bytes)
  const [indexDigest, childDigest] = [sha256Of(index), sha256Of(child)]
  cache.records.setAnswer(
    { ...REPOSITORY, kind: 'tag', of: '1' },
    { digest: indexDigest, mediaType: OCI_INDEX, confirmed: 1 },
  )
  cache.records.setLinks(
    REPOSITORY,
    new Map([
      [indexDigest, { mediaType: OCI_INDEX, children: [childDigest] }],
      [childDigest, { mediaType: OCI_MANIFEST, children: [sha256Of(blobOf(0))] }],
    ]),
  )
  cache.setPinned(new Set([sha256Of(blobOf(1)), sha256Of(blobOf(200))]))
  for (const number of [0, 1, 2]) expect(await pull(number)).toBe('filled')
  const read = await cache.open(sha256Of(blobOf(2)))

  let largest = 0
  let goesOn = true
  const watching = (async () => {
    while (goesOn) largest = Math.max(largest, await bytesOnDisk(), cache.status().used)
  })()
  const queue = [...Array(BLOBS).keys()].map((number) => number + 10)
  const outcomes = new Set<string>()
  const client = async () => {
    for (let number = queue.shift(); number !== undefined; number = queue.shift())
      outcomes.add(await pull(number))
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  goesOn = false
  await watching

  expect(outcomes).toContain('filled')
  expect(largest).toBeGreaterThan(LIMIT / 2)
  expect(largest).toBeLessThanOrEqual(LIMIT + BLOB)
  // What was open is there, and so is what is pinned, and what a name leads to; a blob of that had to go.
  expect(cache.stat(sha256Of(blobOf(2)))).toBeDefined()
  read?.close()
  expect(cache.stat(sha256Of(blobOf(1)))).toBeDefined()
  expect(cache.status().pinned).toEqual({ count: 2, missing: 1 })
  expect([indexDigest, childDigest].map((digest) => cache.stat(digest) !== undefined)).toEqual([true, true])
  expect(cache.stat(sha256Of(old))).toBeUndefined()
  expect(cache.stat(sha256Of(blobOf(0)))).toBeUndefined()
  expect(await pull(0)).toBe('filled')
})
