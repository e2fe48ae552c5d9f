import { describe, expect, it } from 'vitest'
import { PARIS, VIRGINIA } from '../../test/support/places.ts'
import { storeAt } from '../../test/support/view.ts'
import { decodeInventory } from '../inventory/decode.ts'
import { encodeInventory } from '../inventory/encode.ts'
import type { Inventory, InventoryEntry } from '../inventory/inventory.ts'
import type { Digest } from '../oci/digest.ts'
import { OCI_MANIFEST } from '../oci/manifest.ts'
import { parseName, parseTag } from '../oci/name.ts'
import type { OciRequest } from '../oci/path.ts'
import { createInventoryShelf } from './inventory-shelf.ts'

const NAME = parseName('team/app')!
const paris = storeAt('paris', PARIS)
const virginia = storeAt('virginia', VIRGINIA)
const digest = (n: number) => `sha256:${n.toString(16).padStart(64, '0')}` as Digest
const blob = (n: number): OciRequest => ({ kind: 'blob', name: NAME, digest: digest(n) })
const manifest = (n: number): OciRequest => ({
  kind: 'manifest',
  name: NAME,
  byDigest: true,
  reference: digest(n),
})
const tag: OciRequest = { kind: 'manifest', name: NAME, byDigest: false, reference: parseTag('v1')! }

function inventory(at: number, ...entries: readonly (number | InventoryEntry)[]): Inventory {
  const contents = entries.map((entry) =>
    typeof entry === 'number' ? { digest: digest(entry), size: 10 } : entry,
  )
  return decodeInventory(encodeInventory(contents, at))
}

describe('an inventory', () => {
  it('says that what it lists is present, and the rest absent', () => {
    const shelf = createInventoryShelf()
    shelf.put(paris, inventory(1, 1, { digest: digest(2), size: 20, mediaType: OCI_MANIFEST }))
    expect(
      [blob(1), blob(2), manifest(1), manifest(2)].map((request) => shelf.verdict(paris, request)),
    ).toEqual(['present', 'absent', 'absent', 'present'])
    expect(shelf.listed(paris, blob(1))).toEqual({ size: 10 })
    expect(shelf.listed(paris, manifest(2))).toEqual({ size: 20, mediaType: OCI_MANIFEST })
    expect(shelf.listed(paris, manifest(1))).toBeUndefined()
  })

  it('says nothing of tags, nor of stores without one', () => {
    const shelf = createInventoryShelf()
    shelf.put(paris, inventory(1, 1))
    expect(shelf.verdict(paris, tag)).toBeUndefined()
    expect(shelf.listed(paris, tag)).toBeUndefined()
    expect(shelf.verdict(virginia, blob(1))).toBeUndefined()
  })

  it('does not know whether something is absent that a newer one of another store lists', () => {
    const shelf = createInventoryShelf()
    shelf.put(paris, inventory(1, 1))
    shelf.put(virginia, inventory(2, 1, 2))
    expect(shelf.verdict(paris, blob(2))).toBeUndefined()
    expect(shelf.verdict(paris, blob(3))).toBe('absent')
    shelf.remove(virginia)
    expect(shelf.verdict(paris, blob(2))).toBe('absent')
  })

  it('knows better than an older one of another store', () => {
    const shelf = createInventoryShelf()
    shelf.put(paris, inventory(2, 1))
    shelf.put(virginia, inventory(1, 1, 2))
    expect(shelf.verdict(paris, blob(2))).toBe('absent')
  })

  it('says nothing while it is not believed, and is believed again when there is another', () => {
    const shelf = createInventoryShelf()
    shelf.put(paris, inventory(1, 1))
    expect([shelf.believe(paris, false), shelf.believe(paris, false)]).toEqual([true, false])
    expect(shelf.isBelieved(paris)).toBe(false)
    expect([shelf.verdict(paris, blob(1)), shelf.verdict(paris, blob(2))]).toEqual([undefined, undefined])
    shelf.put(paris, inventory(2, 1))
    expect(shelf.verdict(paris, blob(1))).toBe('present')
    expect(shelf.believe(virginia, false)).toBe(false)
  })

  it('names a small blob by which the store can be tried, where it lists one', () => {
    const shelf = createInventoryShelf()
    const of = (n: number, size: number, mediaType?: string) => ({
      digest: digest(n),
      size,
      ...(mediaType !== undefined && { mediaType }),
    })
    shelf.put(
      paris,
      inventory(1, of(1, 0), of(2, 500), of(3, 100), of(4, 50, OCI_MANIFEST), of(5, 2_000_000)),
    )
    expect(shelf.canary(paris)).toBe(digest(3))
    shelf.put(paris, inventory(2, of(1, 1), of(5, 2_000_000)))
    expect(shelf.canary(paris)).toBeUndefined()
  })
})
