import { join } from 'node:path'
import { beforeEach, expect, it } from 'vitest'
import type { ObjectStore } from '../../../src/storage/object-store.ts'
import { lyingStore } from '../../support/lying-store.ts'
import { type MemoryTarget, makeMemoryTarget } from '../../support/memory-target.ts'
import { makeTempFolder } from '../../support/temp.ts'
import { expectFilled, makeUpstream, runSync, type TestUpstream } from './world.ts'

let folder: string
let upstream: TestUpstream

beforeEach(async () => {
  const temp = await makeTempFolder()
  folder = join(temp.path, 'workspace')
  upstream = makeUpstream()
  return () => temp[Symbol.asyncDispose]()
})

/** Says of each object that its checksum was right. */
function confirming(store: ObjectStore): Partial<ObjectStore> {
  return {
    async put(...args) {
      await store.put(...args)
      return true
    },
    async upload(...args) {
      const upload = await store.upload(...args)
      return {
        offset: upload.offset,
        write: (bytes) => upload.write(bytes),
        async commit() {
          await upload.commit()
          return true
        },
        abort: () => upload.abort(),
        suspend: () => upload.suspend(),
      }
    },
  }
}

/** The keys of content that was read from a store. */
function readBack({ requests }: MemoryTarget): Set<string> {
  const read = requests.filter((request) => /^get (?:blobs|manifests)\//.test(request))
  return new Set(read.map((request) => request.slice('get '.length)))
}

it.each([
  // Of nine objects, one of each of three media types.
  ['sample', 3],
  ['full', 9],
] as const)(
  'what a store has confirmed is read back by --verify %s for %i objects',
  async (verify, count) => {
    const target = makeMemoryTarget('store', { misbehave: confirming })
    // One at a time, so that there is a first one of its kind.
    const report = await runSync({
      folder,
      targets: [target],
      upstream: upstream.registry,
      verify,
      concurrency: 1,
    })
    expect(report.faults).toEqual([])
    expectFilled(target.bucket, upstream)
    expect(readBack(target).size).toBe(count)
  },
)

it('what a store has not confirmed is read back, all of it', async () => {
  const target = makeMemoryTarget('store')
  await runSync({ folder, targets: [target], upstream: upstream.registry })
  expect(readBack(target).size).toBe(9)
})

it('a store that confirms its bytes, and serves them otherwise, is found out by the first of each media type', async () => {
  const liar = (store: ObjectStore) =>
    confirming({ ...store, ...lyingStore('serves it as HTML', 'blobs/')(store) })
  const target = makeMemoryTarget('store', { misbehave: liar })
  const report = await runSync({ folder, targets: [target], upstream: upstream.registry, concurrency: 1 })
  expect(report.faults[0]!.message).toMatch(/is served as text\/html; expected application\/octet-stream$/)
  // None of its kind passes for the first that is right.
  expect(report.stores[0]).toMatchObject({ complete: false, stored: { blobs: 0 } })
})
