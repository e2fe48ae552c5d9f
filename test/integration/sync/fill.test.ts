import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { PortolanError } from '../../../src/errors.ts'
import { decodeInventory } from '../../../src/inventory/decode.ts'
import { INVENTORY_POINTER_PATH, inventoryPath, OWNERSHIP_PATH } from '../../../src/inventory/paths.ts'
import { parseInventoryPointer } from '../../../src/inventory/pointer.ts'
import { OCI_INDEX } from '../../../src/oci/manifest.ts'
import type { Signer } from '../../../src/replication/signed-pointer.ts'
import { SPOT_CHECKS } from '../../../src/replication/spot-check.ts'
import { FolderStore } from '../../../src/storage/fs/folder-store.ts'
import { MemoryRegistry } from '../../support/memory-registry.ts'
import { describeTarget, type MemoryTarget, makeMemoryTarget } from '../../support/memory-target.ts'
import { makeTempFolder } from '../../support/temp.ts'
import { createTestRuntime } from '../../support/test-runtime.ts'
import { blobRequests, expectFilled, LARGE_BYTES, makeUpstream, runSync, type TestUpstream } from './world.ts'

let folder: string
let upstream: TestUpstream

beforeEach(async () => {
  const temp = await makeTempFolder()
  folder = join(temp.path, 'workspace')
  upstream = makeUpstream()
  return () => temp[Symbol.asyncDispose]()
})

const run = (targets: readonly MemoryTarget[], options = {}) =>
  runSync({ folder, targets, upstream: upstream.registry, ...options })

describe('a sync', () => {
  it('brings every blob and manifest to each store, and downloads each blob once', async () => {
    const targets = [makeMemoryTarget('paris'), makeMemoryTarget('iowa')]
    const report = await run(targets)
    expect(report).toMatchObject({
      ...{ interrupted: false, faults: [], images: 1, blobs: 6, manifests: 3 },
      stores: [
        {
          store: 'paris',
          complete: true,
          failed: 0,
          withheld: 0,
          held: 9,
          stored: { blobs: 6, manifests: 3 },
        },
        {
          store: 'iowa',
          complete: true,
          failed: 0,
          withheld: 0,
          held: 9,
          stored: { blobs: 6, manifests: 3 },
        },
      ],
    })
    for (const { bucket } of targets) expectFilled(bucket, upstream)
    expect(blobRequests(upstream.registry)).toHaveLength(6)
    expect(report.downloaded).toBe(report.download.bytes)
  })

  it('tells totals before, and in the end as many bytes as it told', async () => {
    const { events, stores } = await run([makeMemoryTarget('paris')])
    const planned = events.find(({ kind }) => kind === 'planned')!
    expect(planned).toMatchObject({
      download: { blobs: 6 },
      stores: [{ store: 'paris', blobs: 6, manifests: 3 }],
    })
    const uploaded = events
      .filter((event) => event.kind === 'uploaded')
      .reduce((sum, { bytes }) => sum + bytes, 0)
    expect(uploaded).toBe(stores[0]!.planned.bytes)
    expect(stores[0]!.stored).toEqual(stores[0]!.planned)
    expect(events.at(-1)).toEqual({ kind: 'finished', interrupted: false })
  })

  it('serves content by digest for ever, manifests by their own type, and what changes for a minute', async () => {
    const paris = makeMemoryTarget('paris')
    const prove: Signer['prove'] = async ({ store, url, inventory }) =>
      new TextEncoder().encode(`${store} ${url} ${inventory}`)
    await run([paris], { signer: { prove, sign: async () => btoa('x'.repeat(64)) } })
    const headers = (key: string) => paris.bucket.objects.get(key)?.headers
    const forever = 'public, max-age=31536000, immutable'
    expect(headers(`blobs/${upstream.large.digest}`)).toEqual({
      contentType: 'application/octet-stream',
      cacheControl: forever,
    })
    expect(headers(`manifests/${upstream.index.digest}`)).toEqual({
      contentType: OCI_INDEX,
      cacheControl: forever,
    })
    for (const key of [INVENTORY_POINTER_PATH, OWNERSHIP_PATH]) {
      expect(headers(key)).toEqual({ contentType: 'application/json', cacheControl: 'public, max-age=60' })
    }
    expect(Buffer.from(paris.bucket.objects.get(OWNERSHIP_PATH)!.bytes).toString()).toBe(
      `paris http://paris.test ${parseInventoryPointer(paris.bucket.objects.get(INVENTORY_POINTER_PATH)!.bytes).digest}`,
    )
  })

  it('stores a manifest after everything that it names, and lists what is there last', async () => {
    const paris = makeMemoryTarget('paris')
    await run([paris])
    const written = [...paris.bucket.objects.keys()]
    expect(written.slice(0, 6).every((key) => key.startsWith('blobs/'))).toBe(true)
    expect(written[8]).toBe(`manifests/${upstream.index.digest}`)
    expect(written[9]).toMatch(/^portolan\/inventory-[0-9a-f]{64}\.bin$/)
    expect(written[10]).toBe(INVENTORY_POINTER_PATH)
  })

  it('writes no manifests to a store that keeps none, and none to the disk as a blob', async () => {
    const paris = makeMemoryTarget('paris', { blobsOnly: true })
    const { stores } = await run([paris])
    expect(stores[0]).toMatchObject({ complete: true, held: 6, stored: { blobs: 6, manifests: 0 } })
    expect([...paris.bucket.objects.keys()].filter((key) => !/^(blobs|portolan)\//.test(key))).toEqual([])
    expect(await readdir(join(folder, 'spools'))).toEqual([])
  })

  it('fills a folder', async () => {
    const root = join(folder, '../store')
    await mkdir(root)
    const target = {
      ...describeTarget('paris'),
      objects: new FolderStore(root, createTestRuntime({ random: Math.random })),
    }
    const { stores, faults } = await runSync({ folder, targets: [target], upstream: upstream.registry })
    expect(faults).toEqual([])
    expect(stores[0]).toMatchObject({ complete: true, held: 9 })
    for (const name of await readdir(join(root, 'blobs'))) {
      const bytes = await readFile(join(root, 'blobs', name))
      expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).toBe(name)
    }
  })

  it('only says what it would do when it is a dry run', async () => {
    const paris = makeMemoryTarget('paris')
    const report = await run([paris], { dryRun: true })
    expect(report).toMatchObject({ dryRun: true, downloaded: 0, download: { blobs: 6 } })
    expect(report.stores[0]).toMatchObject({ planned: { blobs: 6, manifests: 3 }, held: 0, complete: false })
    expect(paris.bucket.objects.size).toBe(0)
    expect(blobRequests(upstream.registry)).toEqual([])
  })

  it('goes on with the other stores when one cannot be read', async () => {
    const lost = {
      ...describeTarget('lost'),
      objects: new FolderStore(join(folder, 'nowhere'), createTestRuntime({ random: Math.random })),
    }
    const iowa = makeMemoryTarget('iowa')
    const report = await runSync({ folder, targets: [lost, iowa], upstream: upstream.registry })
    expect(report.stores).toMatchObject([
      { store: 'lost', complete: false, held: 0 },
      { store: 'iowa', complete: true },
    ])
    expect(report.faults).toMatchObject([{ code: 'STORE_REFUSED', store: 'lost' }])
    expect(JSON.parse(JSON.stringify(report.faults))).toEqual(report.faults)
  })
})

describe('the inventory', () => {
  it('lists all that the store holds, in the file that its pointer names', async () => {
    const paris = makeMemoryTarget('paris')
    await run([paris])
    const pointer = parseInventoryPointer(paris.bucket.objects.get(INVENTORY_POINTER_PATH)!.bytes)
    const inventory = decodeInventory(paris.bucket.objects.get(inventoryPath(pointer.digest))!.bytes)
    expect(inventory.count).toBe(9)
    expect(inventory.blob(upstream.large.digest)).toBe(LARGE_BYTES)
    expect(inventory.manifest(upstream.index.digest)).toMatchObject({ mediaType: OCI_INDEX })
  })

  it('makes a run with nothing new cost one request a store and a few looks, even from another machine', async () => {
    const first = makeMemoryTarget('paris')
    await run([first])
    const again = makeMemoryTarget('paris', first)
    const report = await run([again])
    expect(report.stores[0]).toMatchObject({ complete: true, held: 9, planned: { blobs: 0, manifests: 0 } })
    expect(ofInventory(again)).toEqual([`get ${INVENTORY_POINTER_PATH}`])
    expect(again.requests.length).toBeLessThanOrEqual(1 + 2 * SPOT_CHECKS)

    await rm(folder, { recursive: true })
    const elsewhere = makeMemoryTarget('paris', first)
    await run([elsewhere])
    expect(ofInventory(elsewhere)).toEqual([
      `get ${INVENTORY_POINTER_PATH}`,
      expect.stringMatching(/^get .*\.bin$/),
    ])
  })

  it('keeps the one before and no older one, and what is no longer reachable', async () => {
    const paris = makeMemoryTarget('paris')
    for (const tag of ['v2', 'v3', 'v4']) {
      await run([paris])
      upstream.registry.tag('app', tag, upstream.registry.addImage('app', { layers: [tag] }))
    }
    upstream.registry.tag('app', 'v1', upstream.registry.addImage('app', { layers: ['another'] }))
    const { stores } = await run([paris])
    const files = [...paris.bucket.objects.keys()].filter((key) => key.endsWith('.bin'))
    expect(files).toHaveLength(2)
    const pointer = parseInventoryPointer(paris.bucket.objects.get(INVENTORY_POINTER_PATH)!.bytes)
    expect(files).toContain(inventoryPath(pointer.digest))
    const inventory = decodeInventory(paris.bucket.objects.get(inventoryPath(pointer.digest))!.bytes)
    expect(inventory.blob(upstream.large.digest)).toBe(LARGE_BYTES)
    expect(stores[0]!.held).toBe(inventory.count)
  })

  it('is made anew from what lies there when it is damaged', async () => {
    const paris = makeMemoryTarget('paris')
    await run([paris])
    const file = [...paris.bucket.objects.keys()].find((key) => key.endsWith('.bin'))!
    paris.bucket.objects.get(file)!.bytes[50]! ^= 1
    await rm(folder, { recursive: true })
    const before = blobRequests(upstream.registry).length
    const { events, stores } = await run([paris])
    expect(events).toContainEqual({
      kind: 'warning',
      store: 'paris',
      message: `store paris is listed anew, since its inventory cannot be used: ${file} was altered`,
    })
    expect(stores[0]).toMatchObject({ complete: true, held: 9 })
    expect(blobRequests(upstream.registry)).toHaveLength(before)
  })
})

describe('a store whose inventory is wrong', () => {
  it.each([
    ['was altered', (bytes: Uint8Array) => bytes.map((byte) => byte ^ 1)],
    ['is gone', () => undefined],
  ])('is put right by a recheck when a blob that its inventory lists %s', async (_, damage) => {
    const paris = makeMemoryTarget('paris')
    await run([paris])
    const key = `blobs/${upstream.small.digest}`
    const object = paris.bucket.objects.get(key)!
    const bytes = damage(object.bytes)
    if (bytes === undefined) paris.bucket.objects.delete(key)
    else paris.bucket.objects.set(key, { ...object, bytes })
    expect((await run([paris], { recheck: true })).stores[0]).toMatchObject({
      complete: true,
      stored: { blobs: 1 },
    })
    expectFilled(paris.bucket, upstream)
  })
})

/** What a run asked a store that is no look at one of its objects. */
function ofInventory({ requests }: MemoryTarget): string[] {
  return requests.filter((request) => request.includes(' portolan/'))
}

describe('an upstream that does not say all of what it has', () => {
  const silent = Object.assign(new MemoryRegistry(), {
    // biome-ignore lint/correctness/useYield: it breaks off before the first.
    async *catalog() {
      throw new PortolanError('UNREACHABLE', 'nobody is there')
    },
  })
  const listed = ({ bucket }: MemoryTarget) => {
    const pointer = bucket.objects.get(INVENTORY_POINTER_PATH)
    return pointer && parseInventoryPointer(pointer.bytes).count
  }

  it('is no reason for a recheck to forget what lies in a store', async () => {
    const paris = makeMemoryTarget('paris')
    await run([paris])
    const report = await run([paris], { recheck: true, upstream: silent })
    expect(report.faults).toMatchObject([{ code: 'UNREACHABLE' }])
    expect(listed(paris)).toBe(9)
    expect((await run([paris])).downloaded).toBe(0)
  })

  it('gives a store of which nothing is known no inventory that says it holds nothing', async () => {
    const paris = makeMemoryTarget('paris')
    await run([paris], { upstream: silent })
    expect(listed(paris)).toBeUndefined()
  })
})

it('leaves the inventory before a recheck where those find it who have read its pointer', async () => {
  const paris = makeMemoryTarget('paris')
  const files = () => [...paris.bucket.objects.keys()].filter((key) => key.endsWith('.bin'))
  await run([paris])
  const before = files()
  upstream.registry.tag('app', 'v2', upstream.registry.addImage('app', { layers: ['new'] }))
  await run([paris], { recheck: true })
  expect(files()).toEqual(expect.arrayContaining(before))
  expect(files()).toHaveLength(2)
})

describe('a store that has content but no inventory', () => {
  const fill = async () => {
    const { bucket } = makeMemoryTarget('paris')
    await run([makeMemoryTarget('paris', { bucket })])
    for (const key of bucket.objects.keys()) if (key.startsWith('portolan/')) bucket.objects.delete(key)
    await rm(folder, { recursive: true })
    upstream.registry.requests.length = 0
    return makeMemoryTarget('paris', { bucket })
  }

  it('is believed what matches its digest', async () => {
    const paris = await fill()
    const { stores, downloaded } = await run([paris])
    expect(stores[0]).toMatchObject({ complete: true, held: 9, planned: { blobs: 0 } })
    expect(downloaded).toBe(0)
  })

  it.each([
    [
      'other bytes of the same size',
      (bytes: Uint8Array) => bytes.map((byte) => byte ^ 1),
      /is not what its key says, but sha256:/,
    ],
    ['fewer bytes', (bytes: Uint8Array) => bytes.slice(1), /has 69999 bytes instead of 70000/],
  ])('is given anew what has %s', async (_, damage, message) => {
    const paris = await fill()
    const key = `blobs/${upstream.small.digest}`
    const object = paris.bucket.objects.get(key)!
    paris.bucket.objects.set(key, { ...object, bytes: damage(object.bytes) })
    const { events, stores } = await run([paris])
    expect(events.filter(({ kind }) => kind === 'warning')).toMatchObject([
      { message: expect.stringMatching(message) },
    ])
    expect(stores[0]).toMatchObject({ complete: true, planned: { blobs: 1 }, stored: { blobs: 1 } })
    expectFilled(paris.bucket, upstream)
    expect(blobRequests(upstream.registry)).toEqual([`blob app@${upstream.small.digest}`])
  })

  it('is believed by size alone when the operator says so', async () => {
    const paris = await fill()
    await run([paris], { trustExisting: true })
    expect(paris.requests.filter((request) => request.startsWith('get blobs/'))).toEqual([])
  })
})
