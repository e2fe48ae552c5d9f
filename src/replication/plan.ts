import type { PlannedContent } from './events.ts'
import type { Reachable, ReachableBlob, ReachableManifest } from './reachable.ts'
import type { Recipient } from './recipient.ts'
import type { StoreWork } from './store-work.ts'

/** What has to be copied. */
export interface Plan {
  /** The largest first, so that none of them is left to the end, when all others have long been done. */
  readonly blobs: readonly PlannedBlob[]
  /** Each after everything that it names. */
  readonly manifests: ReadonlyMap<StoreWork, readonly ReachableManifest[]>
  /** What has to be downloaded, once each; bytes of blobs whose size nobody says are not in it. */
  readonly download: PlannedContent
}

export interface PlannedBlob {
  readonly blob: ReachableBlob
  /** Those that lack it. */
  readonly recipients: readonly Recipient[]
}

/** Compares what is reachable with what each store and registry holds, and writes down in each what it is to get. */
export function makePlan(
  { blobs, manifests }: Reachable,
  stores: readonly StoreWork[],
  registries: readonly Recipient[] = [],
): Plan {
  const planned: PlannedBlob[] = []
  const download = { blobs: 0, bytes: 0 }
  for (const blob of blobs.values()) {
    const recipients: Recipient[] = []
    let isNowhere = false
    for (const each of [...stores, ...registries]) {
      const lack = each.lacks(blob.digest)
      if (lack === undefined) continue
      recipients.push(each)
      each.planned.blobs += lack.places
      if (lack.isNowhere) each.planned.bytes += blob.size ?? 0
      isNowhere ||= lack.isNowhere
    }
    if (recipients.length > 0) planned.push({ blob, recipients })
    if (!isNowhere) continue
    download.blobs++
    download.bytes += blob.size ?? 0
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
    download,
  }
}
