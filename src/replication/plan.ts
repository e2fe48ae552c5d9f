import type { Reachable, ReachableBlob, ReachableManifest } from './reachable.ts'
import type { StoreWork } from './store-work.ts'

/** What has to be copied. */
export interface Plan {
  /** The largest first, so that none of them is left to the end, when all others have long been done. */
  readonly blobs: readonly PlannedBlob[]
  /** Each after everything that it names. */
  readonly manifests: ReadonlyMap<StoreWork, readonly ReachableManifest[]>
  /** Of all blobs whose size is known, once each. */
  readonly bytes: number
}

export interface PlannedBlob {
  readonly blob: ReachableBlob
  /** The stores that lack it. */
  readonly stores: readonly StoreWork[]
}

/** Compares what is reachable with what each store holds, and writes down in each what it is to get. */
export function makePlan({ blobs, manifests }: Reachable, stores: readonly StoreWork[]): Plan {
  const planned: PlannedBlob[] = []
  for (const blob of blobs.values()) {
    const lacking = stores.filter(({ holdings }) => !holdings.hasBlob(blob.digest))
    if (lacking.length > 0) planned.push({ blob, stores: lacking })
    for (const store of lacking) {
      store.planned.blobs++
      store.planned.bytes += blob.size ?? 0
    }
  }
  const manifestsOf = new Map<StoreWork, ReachableManifest[]>()
  for (const store of stores) {
    const { target, holdings } = store
    if (target.manifestKey === undefined) continue
    const lacking = [...manifests.values()].filter(({ digest }) => !holdings.hasManifest(digest))
    manifestsOf.set(store, lacking)
    store.planned.manifests = lacking.length
    store.planned.bytes += lacking.reduce((sum, { size }) => sum + size, 0)
  }
  planned.sort((a, b) => (b.blob.size ?? 0) - (a.blob.size ?? 0))
  return {
    blobs: planned,
    manifests: manifestsOf,
    bytes: planned.reduce((sum, { blob }) => sum + (blob.size ?? 0), 0),
  }
}
