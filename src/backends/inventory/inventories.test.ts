import { describe, expect, it } from 'vitest'
import { decodeInventory } from '../../inventory/decode.ts'
import { encodeInventory } from '../../inventory/encode.ts'
import type { Inventory, InventoryEntry } from '../../inventory/inventory.ts'
import type { Digest } from '../../oci/digest.ts'
import { OCI_MANIFEST } from '../../oci/manifest.ts'
import { parseName } from '../../oci/name.ts'
import { findManifest, findObject } from './find-object.ts'
import { type ByDigest, createInventories, isListed } from './inventories.ts'

const NAME = parseName('team/app')!
const paris = {}
const virginia = {}
const digest = (n: number) => `sha256:${n.toString(16).padStart(64, '0')}` as Digest
const blob = (n: number): ByDigest => ({ kind: 'blob', name: NAME, digest: digest(n) })
const manifest = (n: number): ByDigest => ({
  kind: 'manifest',
  name: NAME,
  byDigest: true,
  reference: digest(n),
})

function inventory(at: number, ...entries: readonly (number | InventoryEntry)[]): Inventory {
  const contents = entries.map((entry) =>
    typeof entry === 'number' ? { digest: digest(entry), size: 10 } : entry,
  )
  return decodeInventory(encodeInventory(contents, at))
}

it('an inventory lists blobs as blobs and manifests as manifests', () => {
  const one = inventory(1, 1, { digest: digest(2), size: 20, mediaType: OCI_MANIFEST })
  expect([blob(1), blob(2), manifest(1), manifest(2)].map((request) => isListed(one, request))).toEqual([
    true,
    false,
    false,
    true,
  ])
})

describe('of the inventories of several stores', () => {
  it('a newer one may list what an older one does not, until its store is gone', () => {
    const inventories = createInventories()
    const older = inventory(1, 1)
    inventories.put(paris, digest(100), older)
    inventories.put(virginia, digest(101), inventory(2, 1, 2))
    expect(inventories.newerLists(older, blob(2))).toBe(true)
    expect(inventories.newerLists(older, blob(3))).toBe(false)
    inventories.remove(virginia)
    expect(inventories.newerLists(older, blob(2))).toBe(false)
  })

  it('an older one knows nothing better', () => {
    const inventories = createInventories()
    const newer = inventory(2, 1)
    inventories.put(paris, digest(100), newer)
    inventories.put(virginia, digest(101), inventory(1, 1, 2))
    expect(inventories.newerLists(newer, blob(2))).toBe(false)
  })

  it('each is fetched once, however many stores want it at one time', async () => {
    const inventories = createInventories()
    let downloads = 0
    const download = async () => {
      downloads++
      return inventory(1, 1)
    }
    const [one, other] = await Promise.all([
      inventories.obtain(digest(100), download),
      inventories.obtain(digest(100), download),
    ])
    expect(one).toBe(other)
    expect(downloads).toBe(1)
  })

  it('one that cannot be had of one store is fetched from the next that wants it', async () => {
    const inventories = createInventories()
    const failed = inventories.obtain(digest(100), async () => {
      throw new Error('broken')
    })
    const other = inventories.obtain(digest(100), async () => inventory(1, 1))
    await expect(failed).rejects.toThrow('broken')
    expect((await other).count).toBe(1)
  })
})

it('the smallest blob that is listed is the one by which a store is tried', () => {
  const of = (n: number, size: number, mediaType?: string) => ({
    digest: digest(n),
    size,
    ...(mediaType !== undefined && { mediaType }),
  })
  const some = inventory(1, of(1, 0), of(2, 500), of(3, 100), of(4, 50, OCI_MANIFEST), of(5, 2_000_000))
  expect(findObject(some)).toBe(digest(3))
  expect(findManifest(some)).toEqual({ digest: digest(4), mediaType: OCI_MANIFEST })
  const none = inventory(2, of(1, 1), of(5, 2_000_000))
  expect([findObject(none), findManifest(none)]).toEqual([undefined, undefined])
})
