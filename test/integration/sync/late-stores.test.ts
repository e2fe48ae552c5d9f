import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { INVENTORY_POINTER_PATH } from '../../../src/inventory/paths.ts'
import { SPOT_CHECKS } from '../../../src/replication/spot-check.ts'
import { readStoreInventory } from '../../../src/replication/store-inventory.ts'
import type { Runtime } from '../../../src/runtime.ts'
import { MemoryBucket } from '../../../src/storage/memory/memory-store.ts'
import type { ObjectStore } from '../../../src/storage/object-store.ts'
import { lateStore } from '../../support/late-store.ts'
import { MemoryRegistry } from '../../support/memory-registry.ts'
import { type MemoryTarget, makeMemoryTarget } from '../../support/memory-target.ts'
import { makeTempFolder } from '../../support/temp.ts'
import { createHastyRuntime, expectUnaltered, leaveLeaseOfKilled, noise, runSync } from './world.ts'

let folder: string
let registry: MemoryRegistry

beforeEach(async () => {
  const temp = await makeTempFolder()
  folder = temp.path
  registry = new MemoryRegistry()
  for (let image = 0; image < 12; image++) addImage(`v${image}`, image)
  return () => temp[Symbol.asyncDispose]()
})

/** Every fourth has a layer that is not held in memory on its way. */
function addImage(tag: string, seed: number): void {
  const layer = registry.addBlob('app', noise(seed % 4 === 3 ? 9_000_000 : 3000, seed + 1))
  registry.tag('app', tag, registry.addImage('app', { layers: [layer, `of ${tag}`] }))
}

const KINDS: readonly [string, (honest: ObjectStore) => Partial<ObjectStore>][] = [
  ['keeps conditions', () => ({})],
  [
    'takes no notice of conditions',
    (honest) => ({
      keepsConditions: false,
      replace: async (key, bytes, headers) => {
        await honest.put(key, bytes, headers)
        return true
      },
    }),
  ],
]

describe.each(KINDS)('a store that shows changes late and %s', (_, kind) => {
  let bucket: MemoryBucket
  let paris: MemoryTarget

  beforeEach(() => {
    bucket = new MemoryBucket()
    const late = lateStore(bucket, 4)
    paris = makeMemoryTarget('paris', {
      bucket,
      misbehave: (honest) => {
        const other = kind(honest)
        const lagging = late({ ...honest, ...other })
        return { ...other, ...lagging }
      },
    })
  })

  const run = (takeLease = false) =>
    runSync({
      ...{ folder: join(folder, 'journal'), targets: [paris], upstream: registry, takeLease },
      runtime: { ...createHastyRuntime(), random: Math.random },
    })
  const listed = async () => {
    const honest = makeMemoryTarget('paris', { bucket })
    const found = await readStoreInventory(honest, createHastyRuntime())
    return new Set([...found!.inventory.entries()].map(({ digest }) => digest))
  }
  const stored = () => new Set(expectUnaltered(bucket, registry).map((key) => key.split('/')[1]))

  it('is filled without a fault, and the next run neither brings anything again nor forgets it', async () => {
    expect(await run()).toMatchObject({ faults: [], stores: [{ complete: true }] })
    const held = stored()
    for (let rerun = 0; rerun < 3; rerun++) {
      const { faults, downloaded, stores, events } = await run()
      expect(faults).toEqual([])
      expect([downloaded, stores]).toMatchObject([0, [{ complete: true, stored: { blobs: 0 } }]])
      expect(events.filter(({ kind }) => kind === 'warning')).toEqual([])
    }
    expect(await listed()).toEqual(held)
    expect(paris.requests.filter((request) => request.startsWith('delete blobs/'))).toEqual([])
  })

  it('has a list of all that is there, however fast one run comes after the other', async () => {
    for (let round = 0; round < 5; round++) {
      addImage(`w${round}`, 50 + round)
      expect(await run()).toMatchObject({ faults: [], stores: [{ complete: true }] })
    }
    expect(await listed()).toEqual(stored())
  })

  it('loses nothing that is right to a run that looks through it without journal and list', async () => {
    await run()
    await rm(join(folder, 'journal'), { recursive: true })
    for (const key of [...bucket.objects.keys()]) {
      if (key.startsWith('portolan/inventory')) bucket.objects.delete(key)
    }
    addImage('w', 60)
    expect(await run(true)).toMatchObject({ faults: [], stores: [{ complete: true }] })
    expect(await listed()).toEqual(stored())
    expect(paris.requests.filter((request) => request.startsWith('delete blobs/'))).toEqual([])
  })
})

it('two runs with journals of their own, hosts whose clocks are a day apart, and a store that shows changes late lose nothing', async () => {
  const bucket = new MemoryBucket()
  const late = lateStore(bucket, 4)
  const open = () => makeMemoryTarget('paris', { bucket, misbehave: late })
  const hasty = createHastyRuntime()
  const onHost = (days: number): Runtime => ({
    ...hasty,
    random: Math.random,
    now: () => hasty.now() + 1e7 * days,
    date: () => new Date(hasty.date().getTime() + 86_400_000 * days),
  })
  const others = new MemoryRegistry()
  for (let image = 0; image < 12; image++) {
    const layer = others.addBlob('other', noise(4000, 100 + image))
    others.tag('other', `v${image}`, others.addImage('other', { layers: [layer, `of other ${image}`] }))
  }
  for (let round = 0; round < 4; round++) {
    const reports = await Promise.all([
      runSync({ folder: join(folder, 'a'), targets: [open()], upstream: registry, runtime: onHost(-1) }),
      runSync({ folder: join(folder, 'b'), targets: [open()], upstream: others, runtime: onHost(1) }),
    ])
    for (const { faults, stores } of reports)
      expect([faults, stores]).toMatchObject([[], [{ complete: true }]])
    addImage(`x${round}`, 70 + round)
    others.tag('other', `x${round}`, others.addImage('other', { layers: [`more ${round}`] }))
  }
  const found = await readStoreInventory(makeMemoryTarget('paris', { bucket }), hasty)
  const digests = new Set([...found!.inventory.entries()].map(({ digest }) => digest))
  const keys = [...bucket.objects.keys()].filter((key) => key.includes('sha256:'))
  expect(digests).toEqual(new Set(keys.map((key) => key.split('/')[1])))
})

describe('a store that shows something old now and then', () => {
  const bucketOf = async () => {
    const bucket = new MemoryBucket()
    const run = (misbehave: (honest: ObjectStore) => Partial<ObjectStore> = () => ({})) =>
      runSync({
        ...{ folder: join(folder, 'journal'), upstream: registry },
        targets: [makeMemoryTarget('paris', { bucket, misbehave })],
        runtime: { ...createHastyRuntime(), random: Math.random },
      })
    await run(KINDS[1]![1])
    return { bucket, run }
  }

  it('takes nothing out of the list when it shows the one before at the moment of writing', async () => {
    const { bucket, run } = await bucketOf()
    const old = bucket.objects.get(INVENTORY_POINTER_PATH)!
    addImage('w1', 81)
    await run(KINDS[1]![1])
    addImage('w2', 82)
    const report = await run((honest) => ({
      ...KINDS[1]![1](honest),
      read: async (key, limit) =>
        key === INVENTORY_POINTER_PATH ? { bytes: old.bytes, version: 'old' } : honest.read(key, limit),
    }))
    expect(report).toMatchObject({ faults: [], stores: [{ complete: true }] })
    const found = await readStoreInventory(makeMemoryTarget('paris', { bucket }), createHastyRuntime())
    const listed = new Set([...found!.inventory.entries()].map(({ digest }) => digest))
    expect(listed).toEqual(new Set(expectUnaltered(bucket, registry).map((key) => key.split('/')[1])))
  })

  it('is believed when it has at a second look what it had not at the first', async () => {
    const { run } = await bucketOf()
    const seen = new Set<string>()
    const report = await run((honest) => ({
      stat: async (key) => (seen.has(key) ? honest.stat(key) : void seen.add(key)),
    }))
    expect(seen.size).toBe(SPOT_CHECKS)
    expect(report.stores).toMatchObject([{ complete: true, stored: { blobs: 0, manifests: 0 } }])
    expect(report.events.filter(({ kind }) => kind === 'warning')).toEqual([])
  })

  it('loses nothing for a listing that is old', async () => {
    const { bucket, run } = await bucketOf()
    const [key] = [...bucket.objects.keys()].filter((each) => each.startsWith('blobs/'))
    await leaveLeaseOfKilled(join(folder, 'journal'))
    const deleted: string[] = []
    const report = await run((honest) => ({
      async *list(prefix) {
        // Half of it is not listed yet, and the rest is smaller than it has become.
        let count = 0
        for await (const info of honest.list(prefix)) {
          if (count++ % 2 === 0) yield { ...info, size: info.size - 1 }
        }
      },
      delete: async (asked) => void deleted.push(asked),
    }))
    expect(deleted.filter((each) => each.includes('sha256:'))).toEqual([])
    expect(bucket.objects.has(key!)).toBe(true)
    expect(report.stores).toMatchObject([{ complete: true, stored: { blobs: 0, manifests: 0 } }])
  })
})
