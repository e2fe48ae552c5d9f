import { join } from 'node:path'
import { beforeEach, expect, it } from 'vitest'
import { signOwnership, verifyOwnership } from '../../../src/backends/ownership/ownership.ts'
import {
  importPrivateKey,
  importPublicKey,
  type OwnershipKey,
  signBytes,
} from '../../../src/backends/ownership/ownership-key.ts'
import { decodeInventory } from '../../../src/inventory/decode.ts'
import { INVENTORY_POINTER_PATH, inventoryPath, OWNERSHIP_PATH } from '../../../src/inventory/paths.ts'
import {
  formatInventoryPointer,
  type InventoryPointer,
  parseInventoryPointer,
} from '../../../src/inventory/pointer.ts'
import type { Digest } from '../../../src/oci/digest.ts'
import { type Signer, signPointer } from '../../../src/replication/signed-pointer.ts'
import { makeBlob } from '../../support/content.ts'
import { makeInventory, makeKey, type TestInventory, type TestKey } from '../../support/inventory.ts'
import { type MemoryTarget, makeMemoryTarget } from '../../support/memory-target.ts'
import { makeTempFolder } from '../../support/temp.ts'
import { createTestRuntime } from '../../support/test-runtime.ts'
import { makeUpstream, runSync, type TestUpstream } from './world.ts'

const KEY = makeKey()
const NOW = Date.parse('2026-11-27T09:00:00Z')
const HEADERS = { contentType: 'application/json' }

let folder: string
let upstream: TestUpstream
let paris: MemoryTarget
let signer: Signer
let publicKey: OwnershipKey

beforeEach(async () => {
  const temp = await makeTempFolder()
  folder = join(temp.path, 'workspace')
  upstream = makeUpstream()
  paris = makeMemoryTarget('paris')
  signer = await signerOf(KEY)
  publicKey = await importPublicKey(KEY.publicKey)
  return () => temp[Symbol.asyncDispose]()
})

async function signerOf(key: TestKey): Promise<Signer> {
  const privateKey = await importPrivateKey(key.privatePem, 'the key')
  return {
    prove: (stated) => signOwnership({ ...stated, issued: NOW }, privateKey),
    sign: (statement) => signBytes(statement, privateKey),
  }
}

const run = (options = {}) =>
  runSync({ folder, targets: [paris], upstream: upstream.registry, signer, ...options })
const bytesAt = (key: string) => paris.bucket.objects.get(key)!.bytes
const pointer = () => parseInventoryPointer(bytesAt(INVENTORY_POINTER_PATH))
const proof = () => {
  const demand = { store: 'paris', storeUrl: 'http://paris.test', publicKey, maxAge: 1000, now: NOW }
  return verifyOwnership(bytesAt(OWNERSHIP_PATH), demand)
}
const listed = () => [...decodeInventory(bytesAt(inventoryPath(pointer().digest))).entries()]

/** Lays an inventory that another run has written. */
async function lay({ bytes, pointer: unsigned }: TestInventory, by?: Signer): Promise<InventoryPointer> {
  const laid = await signPointer(paris, unsigned, by, createTestRuntime())
  await paris.objects.put(inventoryPath(laid.digest), bytes, HEADERS)
  await paris.objects.put(INVENTORY_POINTER_PATH, formatInventoryPointer(laid), HEADERS)
  return laid
}

it('a proof names the URL of its store, and the inventory that was written before it', async () => {
  await run()
  expect(await proof()).toEqual({ kind: 'proven', issued: NOW, inventory: pointer().digest })
  const { digest } = pointer()
  await run()
  expect(pointer().digest).toBe(digest)
  expect(await proof()).toMatchObject({ inventory: digest })
})

it('a proof names no inventory where there is none', async () => {
  const empty = makeUpstream()
  await run({ upstream: empty.registry, walk: async () => NOTHING })
  expect(paris.bucket.objects.has(INVENTORY_POINTER_PATH)).toBe(false)
  expect(await proof()).toMatchObject({ kind: 'proven', inventory: 'none' })
})
const NOTHING = { images: [], manifests: new Map(), blobs: new Map(), faults: [] }

it('an inventory from before there was a key is compared with the store, and signed', async () => {
  await run({ signer: undefined })
  expect(pointer().proof).toBeUndefined()
  paris.bucket.objects.delete(`blobs/${upstream.small.digest}`)
  const { stores } = await run()
  expect(stores[0]).toMatchObject({ complete: true, stored: { blobs: 1 } })
  expect(pointer().proof).toMatchObject({ store: 'paris' })
  expect(await proof()).toMatchObject({ inventory: pointer().digest })
})

it.each<[string, () => Promise<Signer | undefined>, string]>([
  ['signed by another key', () => signerOf(makeKey()), 'paris'],
  ['not signed', async () => undefined, 'paris'],
  ['of another store', async () => signer, 'iowa'],
])('what an inventory lists that is %s is not vouched for', async (_, signerOfIt, store) => {
  const stray = makeBlob('stray')
  let laid = false
  const overtaken = makeMemoryTarget('paris', {
    bucket: paris.bucket,
    misbehave: ({ upload }) => ({
      async upload(...args) {
        if (!laid) {
          laid = true
          const found = makeInventory([stray], 1000)
          const by = await signerOfIt()
          const signed = await signPointer({ ...paris, id: store }, found.pointer, by, createTestRuntime())
          await lay({ ...found, pointer: signed })
        }
        return upload(...args)
      },
    }),
  })
  await run({ targets: [overtaken] })
  expect(laid).toBe(true)
  expect(listed().map(({ digest }) => digest)).not.toContain(stray.digest)
  expect(pointer().count).toBe(9)
  expect(await proof()).toMatchObject({ inventory: pointer().digest })
})

it('a proof goes with the inventory that another run of ours writes meanwhile', async () => {
  let theirs: Digest | undefined
  const overtaken = makeMemoryTarget('paris', {
    bucket: paris.bucket,
    misbehave: ({ put }) => ({
      async put(key, ...rest) {
        if (key === OWNERSHIP_PATH && theirs === undefined) {
          theirs = (await lay(makeInventory([makeBlob('theirs')], NOW), signer)).digest
        }
        return put(key, ...rest)
      },
    }),
  })
  await run({ targets: [overtaken] })
  expect(pointer().digest).toBe(theirs)
  expect(await proof()).toMatchObject({ inventory: theirs })
})
