import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { createNodeRuntime } from '../../../src/adapters/node/runtime.ts'
import { PortolanError } from '../../../src/errors.ts'
import { INVENTORY_POINTER_PATH, WRITER_PATH } from '../../../src/inventory/paths.ts'
import { readStoreInventory } from '../../../src/replication/store-inventory.ts'
import type { Target } from '../../../src/replication/target.ts'
import { FolderStore } from '../../../src/storage/fs/folder-store.ts'
import { MemoryBucket } from '../../../src/storage/memory/memory-store.ts'
import type { ObjectStore } from '../../../src/storage/object-store.ts'
import { openS3Store } from '../../../src/storage/s3/s3-store.ts'
import { silentLog } from '../../../src/telemetry/log.ts'
import { MemoryRegistry } from '../../support/memory-registry.ts'
import { describeTarget, makeMemoryTarget } from '../../support/memory-target.ts'
import { startScriptedS3 } from '../../support/s3-server-scripted.ts'
import { makeTempFolder } from '../../support/temp.ts'
import { createHastyRuntime, noise, runSync } from './world.ts'

let folder: string

beforeEach(async () => {
  const temp = await makeTempFolder()
  folder = temp.path
  return () => temp[Symbol.asyncDispose]()
})

/** What an upstream has of its own: three blobs and a manifest; the image's config is the same everywhere. */
const OWN = 4

function makeUpstream(seed: number): MemoryRegistry {
  const registry = new MemoryRegistry()
  const layers = [noise(3000, seed), noise(4000, seed + 1)].map((bytes) => registry.addBlob('app', bytes))
  registry.tag('app', 'v1', registry.addImage('app', { layers: [...layers, `only ${seed}`] }))
  return registry
}

/** A run with a journal of its own. */
const run = (journal: string, upstream: MemoryRegistry, target: Target, takeLease = false) =>
  runSync({
    folder: join(folder, journal),
    targets: [target],
    upstream,
    takeLease,
    runtime: { ...createHastyRuntime(), random: Math.random },
  })

async function listed(target: Target): Promise<Set<string>> {
  const found = await readStoreInventory(target, createHastyRuntime())
  return new Set([...found!.inventory.entries()].map(({ digest }) => digest))
}

describe('two runs with different journals into one store', () => {
  const places: readonly [string, () => Promise<() => Target>][] = [
    [
      'in memory',
      async () => {
        const bucket = new MemoryBucket()
        return () => makeMemoryTarget('paris', { bucket })
      },
    ],
    [
      'in a folder',
      async () => {
        const root = join(folder, 'store')
        await mkdir(root)
        const runtime = createNodeRuntime({ log: silentLog, userAgent: 'portolan/test' })
        return () => ({ ...describeTarget('paris'), objects: new FolderStore(root, runtime) })
      },
    ],
  ]
  it('lose no entry of its inventory, in an S3', async () => {
    await using server = await startScriptedS3()
    const { bucket, origin, environment } = server
    const runtime = createNodeRuntime({ log: silentLog, userAgent: 'portolan/test' })
    const fill = { kind: 's3', bucket, endpoint: origin, prefix: '' } as const
    const open = () => ({
      ...describeTarget('paris'),
      objects: openS3Store(fill, { environment, runtime, attempts: 3 }),
    })
    const targets = Array.from({ length: 5 }, open)
    const reports = await Promise.all(
      targets.map((target, index) => run(`journal-${index}`, makeUpstream(10 * index + 1), target)),
    )
    for (const { faults } of reports) expect(faults).toEqual([])
    expect((await listed(targets[0]!)).size).toBe(5 * OWN + 1)
    expect([...server.objects.keys()].filter((key) => key.includes('probe'))).toEqual([])
    for (const { objects } of targets) await objects.close()
  })

  it.each(places)('lose no entry of its inventory, %s', async (_, make) => {
    const open = await make()
    const journals = Array.from({ length: 6 }, (_, index) => `journal-${index}`)
    const reports = await Promise.all(
      journals.map((journal, index) => run(journal, makeUpstream(10 * index + 1), open())),
    )
    for (const { faults, stores } of reports) {
      expect(faults).toEqual([])
      expect(stores).toMatchObject([{ complete: true }])
    }
    const held = await listed(open())
    const stored: string[] = []
    for await (const { key } of open().objects.list('')) {
      if (key.includes('sha256:')) stored.push(key.split('/')[1]!)
    }
    expect(held).toEqual(new Set(stored))
    expect(held.size).toBe(6 * OWN + 1)
  })

  it('lose none when one writes between the look and the write of the other', async () => {
    const bucket = new MemoryBucket()
    const other = makeMemoryTarget('paris', { bucket })
    let isFirst = true
    const misbehave = (honest: ObjectStore): Partial<ObjectStore> => ({
      async read(key, limit) {
        const found = await honest.read(key, limit)
        if (key === INVENTORY_POINTER_PATH && isFirst) {
          isFirst = false
          await run('second', makeUpstream(50), other)
        }
        return found
      },
    })
    const first = await run('first', makeUpstream(1), makeMemoryTarget('paris', { bucket, misbehave }))
    expect(first.faults).toEqual([])
    expect((await listed(other)).size).toBe(2 * OWN + 1)
  })
})

/** Stores that speak a protocol whose conditions they do not know. */
const UNCONDITIONAL: readonly [string, (honest: ObjectStore) => Partial<ObjectStore>][] = [
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
  [
    'refuses conditions',
    () => ({
      keepsConditions: false,
      replace: async () => {
        throw new PortolanError('STORE_REFUSED', 'not implemented', { status: 501 })
      },
    }),
  ],
  [
    'knows one condition and not the other',
    (honest) => ({
      keepsConditions: false,
      replace: async (key, bytes, headers, version) => {
        if (version === undefined) return honest.replace(key, bytes, headers, undefined)
        await honest.put(key, bytes, headers)
        return true
      },
    }),
  ],
]

describe.each(UNCONDITIONAL)('a store that %s', (_, misbehave) => {
  const open = (bucket: MemoryBucket) => makeMemoryTarget('paris', { bucket, misbehave })

  it('is one journal’s, until another takes it', async () => {
    const bucket = new MemoryBucket()
    const [one, two] = [makeUpstream(1), makeUpstream(50)]
    expect(await run('first', one, open(bucket))).toMatchObject({ faults: [], stores: [{ complete: true }] })
    expect(JSON.parse(Buffer.from(bucket.objects.get(WRITER_PATH)!.bytes).toString())).toMatchObject({
      conditional: false,
    })
    const before = [...bucket.objects.keys()]
    expect((await run('second', two, open(bucket))).faults).toMatchObject([
      { code: 'STORE_REFUSED', store: 'paris', message: expect.stringContaining('--take-lease') },
    ])
    expect([...bucket.objects.keys()]).toEqual(before)

    expect(await run('second', two, open(bucket), true)).toMatchObject({ faults: [] })
    expect((await listed(open(bucket))).size).toBe(2 * OWN + 1)
    one.tag('app', 'v2', one.addImage('app', { layers: ['new'] }))
    expect((await run('first', one, open(bucket))).faults).toMatchObject([{ code: 'STORE_REFUSED' }])
  })
})

it('a run that was asleep while its store was taken over leaves the list of the other as it is', async () => {
  const bucket = new MemoryBucket()
  const [, misbehave] = UNCONDITIONAL[0]!
  const other = () => run('second', makeUpstream(50), makeMemoryTarget('paris', { bucket, misbehave }), true)
  let isAsleep = false
  const sleepy = makeMemoryTarget('paris', {
    bucket,
    misbehave: (honest) => ({
      ...misbehave(honest),
      async put(key, ...rest) {
        const confirmed = await honest.put(key, ...rest)
        if (isAsleep || !key.startsWith('manifests/')) return confirmed
        isAsleep = true
        await other()
        return confirmed
      },
    }),
  })
  const { faults } = await run('first', makeUpstream(1), sleepy)
  expect(faults).toMatchObject([
    { code: 'STORE_REFUSED', message: expect.stringContaining('another journal') },
  ])
  expect((await listed(makeMemoryTarget('paris', { bucket }))).size).toBe(OWN + 1)
})

it('a store that keeps conditions, but may not, is asked once', async () => {
  const bucket = new MemoryBucket()
  const target = makeMemoryTarget('paris', { bucket, misbehave: () => ({ keepsConditions: false }) })
  await run('first', makeUpstream(1), target)
  await run('second', makeUpstream(50), target)
  expect(target.requests.filter((request) => request.startsWith('replace portolan/probe-'))).toHaveLength(4)
  expect((await listed(target)).size).toBe(2 * OWN + 1)
})
