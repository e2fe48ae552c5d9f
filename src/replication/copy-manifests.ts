import { PortolanError } from '../errors.ts'
import { untilAborted } from '../internal/until-aborted.ts'
import type { Digest } from '../oci/digest.ts'
import type { Registry } from '../registry/reader.ts'
import type { Workspace } from '../storage/workspace.ts'
import { contentHeaders, type DeliveryParts, deliverBytes } from './deliver.ts'
import type { FaultLog } from './fault-log.ts'
import type { ReachableManifest } from './reachable.ts'
import type { StoreWork } from './store-work.ts'

export interface ManifestParts {
  readonly upstream: Registry
  readonly workspace: Workspace
  readonly delivery: DeliveryParts
  readonly faults: FaultLog
  readonly onStored: (store: StoreWork, manifest: ReachableManifest) => Promise<void>
}

/**
 * Stores manifests, given in an order in which each comes after all that it names, in one store. One that names
 * something which is not there is withheld: nothing in a store may dangle. Never rejects.
 */
export async function copyManifests(
  store: StoreWork,
  manifests: readonly ReachableManifest[],
  parts: ManifestParts,
): Promise<void> {
  const { stop } = parts.delivery.interruption
  const begun = new Map<Digest, Promise<void>>()
  const copy = async (manifest: ReachableManifest) => {
    // All of them have begun before this one, so that nobody waits for a place that the one waited for needs.
    await Promise.all(manifest.content.map((digest) => begun.get(digest)))
    if (!stop.aborted) await copyManifest(store, manifest, parts)
  }
  for (const manifest of manifests)
    begun.set(
      manifest.digest,
      store.places.run(() => copy(manifest)),
    )
  await Promise.all(begun.values())
}

async function copyManifest(
  store: StoreWork,
  manifest: ReachableManifest,
  parts: ManifestParts,
): Promise<void> {
  const { target, holdings, failures } = store
  const { digest, mediaType, content } = manifest
  if (failures.tooLong) {
    store.failed++
    return
  }
  if (!content.every((named) => holdings.hasBlob(named) || holdings.hasManifest(named))) {
    store.withheld++
    return
  }
  try {
    const bytes = await manifestBytes(manifest, parts)
    const object = { digest, key: target.manifestKey!(digest), headers: contentHeaders(mediaType) }
    await deliverBytes(target, object, bytes, parts.delivery)
    failures.succeeded()
    await parts.onStored(store, manifest)
  } catch (error) {
    if (parts.delivery.interruption.stop.aborted) return
    store.failed++
    parts.faults.add(error, { digest, store: target.id })
    failures.failed()
  }
}

/** From the workspace, where the walk has put it; from the upstream again when it is lost there. */
async function manifestBytes(
  { digest, mediaType, name, alsoIn = [] }: ReachableManifest,
  { upstream, workspace, delivery }: ManifestParts,
): Promise<Uint8Array> {
  const kept = await workspace.manifest(digest)
  if (kept !== undefined) return kept.bytes
  const { stop } = delivery.interruption
  const names = [name, ...alsoIn]
  for (const each of names) {
    const fetched = await untilAborted(stop, upstream.repository(each).manifest(digest))
    if (fetched === undefined) continue
    await workspace.keepManifest(digest, { mediaType, bytes: fetched.bytes })
    return fetched.bytes
  }
  const message = `${upstream.location} has no manifest ${digest} in ${names.join(', ')} any more`
  throw new PortolanError('CONTENT_INVALID', message)
}
