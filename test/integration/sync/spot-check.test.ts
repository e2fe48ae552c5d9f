import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { SPOT_CHECKS } from '../../../src/replication/spot-check.ts'
import { MemoryRegistry } from '../../support/memory-registry.ts'
import { type MemoryTarget, makeMemoryTarget } from '../../support/memory-target.ts'
import { makeTempFolder } from '../../support/temp.ts'
import { createHastyRuntime, expectUnaltered, leaveLeaseOfKilled, runSync } from './world.ts'

let folder: string
let registry: MemoryRegistry
let paris: MemoryTarget

beforeEach(async () => {
  const temp = await makeTempFolder()
  folder = join(temp.path, 'workspace')
  registry = new MemoryRegistry()
  for (let image = 0; image < 20; image++) {
    registry.tag('app', `v${image}`, registry.addImage('app', { layers: [`layer of ${image} `.repeat(200)] }))
  }
  paris = makeMemoryTarget('paris')
  await run()
  return () => temp[Symbol.asyncDispose]()
})

const run = () =>
  runSync({
    ...{ folder, targets: [paris], upstream: registry },
    runtime: { ...createHastyRuntime(), random: Math.random },
  })

/** What two runs once made of an object: twice its bytes. */
function double(key: string): void {
  const object = paris.bucket.objects.get(key)!
  paris.bucket.objects.set(key, { ...object, bytes: Buffer.concat([object.bytes, object.bytes]) })
}

const blobKeys = () => [...paris.bucket.objects.keys()].filter((key) => key.startsWith('blobs/'))

it('each run says how much of what it believes it has looked at again', async () => {
  const { stores } = await run()
  const [{ checked }] = stores as [(typeof stores)[0]]
  expect(checked).toMatchObject({ objects: SPOT_CHECKS, read: SPOT_CHECKS })
  expect(checked.bytes).toBeGreaterThan(0)
})

it('one object in a hundred that is not what it should be is found within as many runs as chance says', async () => {
  // Of the same size, so that only who reads it sees it.
  const key = blobKeys()[0]!
  const object = paris.bucket.objects.get(key)!
  paris.bucket.objects.set(key, { ...object, bytes: object.bytes.slice().fill(0) })
  const runs = Array.from({ length: 60 }, (_, index) => index)
  for (const _ of runs) {
    if (paris.bucket.objects.get(key)!.bytes.some((byte) => byte !== 0)) break
    await run()
  }
  expectUnaltered(paris.bucket, registry)
})

describe('what a broken run left', () => {
  it('is found by a few looks, and then all that has a wrong size is put right', async () => {
    // All but one, so that no sample misses them.
    for (const key of blobKeys().slice(1)) double(key)
    const { faults, stores, events } = await run()
    expect(faults).toEqual([])
    expect(stores).toMatchObject([{ complete: true, stored: { blobs: blobKeys().length - 1 } }])
    expectUnaltered(paris.bucket, registry)
    expect(events).toContainEqual(
      expect.objectContaining({ kind: 'warning', message: expect.stringContaining('--recheck') }),
    )
    expect(await run()).toMatchObject({ stores: [{ complete: true, stored: { blobs: 0 } }] })
  })

  it('is found whatever chance has it, after a run that did not end in order', async () => {
    double(blobKeys()[3]!)
    paris.bucket.objects.delete(blobKeys()[5]!)
    await leaveLeaseOfKilled(folder)
    expect(await run()).toMatchObject({ faults: [], stores: [{ complete: true, stored: { blobs: 2 } }] })
    expectUnaltered(paris.bucket, registry)
  })

  it('is in the inventory no more when the upstream does not have it any more', async () => {
    const lost = blobKeys()
    for (const key of lost) double(key)
    registry = new MemoryRegistry()
    registry.tag('app', 'v0', registry.addImage('app', { layers: ['new'], config: 'new config' }))
    expect(await run()).toMatchObject({ faults: [], stores: [{ complete: true }] })
    for (const key of lost) expect(blobKeys()).not.toContain(key)
    expect((await run()).stores).toMatchObject([{ stored: { blobs: 0, manifests: 0 } }])
  })
})

describe('a plan that does not fit on a disk', () => {
  const withFree = (id: string, disk: string, bytes: number) =>
    makeMemoryTarget(id, { misbehave: () => ({ free: async () => ({ disk, bytes }) }) })

  it('is a fault of its stores before anything is sent there, and the others are filled', async () => {
    const [one, two] = [withFree('one', 'a', 60_000), withFree('two', 'a', 60_000)]
    const [three, bucket] = [withFree('three', 'b', 60_000_000), makeMemoryTarget('bucket')]
    const targets = [one, two, three, bucket]
    const report = await runSync({ folder, targets, upstream: registry })
    const message = (id: string) =>
      expect.stringMatching(
        `^store ${id}: the plan, with what else of this run lies there, needs [0-9,]+ bytes on the disk of ${id}, which has 60,000 bytes left; nothing is sent there$`,
      )
    expect(report.faults).toEqual([
      { code: 'STORE_REFUSED', store: 'one', message: message('one') },
      { code: 'STORE_REFUSED', store: 'two', message: message('two') },
    ])
    expect(report.stores.map(({ complete }) => complete)).toEqual([false, false, true, true])
    expect([one.bucket.objects.size, two.bucket.objects.size]).toEqual([0, 0])
  })

  it('is said of a dry run too', async () => {
    const report = await runSync({
      folder,
      targets: [withFree('one', 'a', 10)],
      upstream: registry,
      dryRun: true,
    })
    expect(report.faults).toMatchObject([{ code: 'STORE_REFUSED', store: 'one' }])
  })
})
