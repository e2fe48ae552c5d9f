import { join } from 'node:path'
import { beforeEach, expect, it } from 'vitest'
import type { ObjectStore } from '../../../src/storage/object-store.ts'
import { openStore } from '../../../src/storage/open-store.ts'
import { lend } from '../../conformance/storage/lent.ts'
import { lyingStore } from '../../support/lying-store.ts'
import { MemoryRegistry } from '../../support/memory-registry.ts'
import { describeTarget, type MemoryTarget, makeMemoryTarget } from '../../support/memory-target.ts'
import { type S3Lie, startScriptedS3 } from '../../support/s3-server-scripted.ts'
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

it.each<[kind: string, lie: S3Lie | undefined, each: string[]]>([
  ['that checks', undefined, ['PUT']],
  ['that knows no checksums', 'no notion of checksums', ['PUT', 'HEAD', 'GET']],
])('a blob costs an S3 %s the requests %j %j', async (_, lie, each) => {
  await using server = await startScriptedS3()
  server.lie = lie
  const registry = new MemoryRegistry()
  const layers = Array.from({ length: 20 }, (_, index) => `blob ${index}`)
  registry.tag('app', 'v1', registry.addImage('app', { layers }))
  const objects = await openStore(
    { kind: 's3', bucket: server.bucket, endpoint: server.origin, prefix: '' },
    lend(server.environment),
  )
  const target = { ...describeTarget('s3', true), objects }
  const report = await runSync({ folder, targets: [target], upstream: registry, concurrency: 1 })
  await objects.close()
  expect(report.faults).toEqual([])
  const methods = new Map<string, string[]>()
  for (const request of server.requests) {
    const [, method = '', key = ''] = /^(\w+) \/bucket\/(blobs[^?]+)/.exec(request) ?? []
    if (key !== '') methods.set(key, [...(methods.get(key) ?? []), method])
  }
  // The first one is read back for its media type.
  expect([...methods.values()].slice(1)).toEqual(Array.from({ length: 20 }, () => each))
})
