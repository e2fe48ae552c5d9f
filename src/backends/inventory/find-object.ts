import type { Inventory } from '../../inventory/inventory.ts'
import type { Digest } from '../../oci/digest.ts'
import { MANIFEST_MAX_BYTES } from '../../oci/manifest.ts'
import type { ListedManifest } from '../health/check-manifest.ts'
import { OBJECT_MAX_BYTES } from '../health/check-store.ts'

/** A range needs two bytes. */
const MIN_BYTES = 2
/** How many entries are looked at: digests are in no order that has to do with sizes. */
const SAMPLE = 1000

/** A blob that a store can be tried by: the smallest of the first that its inventory lists; `undefined` when none fits. */
export function findObject(inventory: Inventory): Digest | undefined {
  let smallest = OBJECT_MAX_BYTES + 1
  let object: Digest | undefined
  let seen = 0
  for (const { digest, size, mediaType } of inventory.entries()) {
    if (++seen > SAMPLE) break
    if (mediaType !== undefined || size < MIN_BYTES || size >= smallest) continue
    object = digest
    smallest = size
  }
  return object
}

/** A manifest that a store can be tried by: the smallest of the first contents that its inventory lists. */
export function findManifest(inventory: Inventory): ListedManifest | undefined {
  let smallest = MANIFEST_MAX_BYTES + 1
  let manifest: ListedManifest | undefined
  let seen = 0
  for (const { digest, size, mediaType } of inventory.entries()) {
    if (++seen > SAMPLE) break
    if (mediaType === undefined || size >= smallest) continue
    manifest = { digest, mediaType }
    smallest = size
  }
  return manifest
}
