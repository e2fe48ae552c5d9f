import { PortolanError } from '../errors.ts'
import { untilAborted } from '../internal/until-aborted.ts'
import type { Digest } from '../oci/digest.ts'
import type { Registry } from '../registry/reader.ts'
import type { Workspace } from '../storage/workspace.ts'
import type { DeliveryParts } from './deliver.ts'
import { isRefusedContent } from './failure-streak.ts'
import type { FaultLog } from './fault-log.ts'
import type { ReachableManifest } from './reachable.ts'
import type { ManifestRecipient } from './recipient.ts'

export interface ManifestParts {
  readonly upstream: Registry
  readonly workspace: Workspace
  readonly delivery: DeliveryParts
  readonly faults: FaultLog
}

/**
 * Brings manifests, given in an order in which each comes after all that it names, to one store or repository. One that
 * names something which is not there is withheld: nothing may dangle. Never rejects.
 */
export async function copyManifests(
  into: ManifestRecipient,
  manifests: readonly ReachableManifest[],
  parts: ManifestParts,
): Promise<void> {
  const { stop } = parts.delivery.interruption
  const begun = new Map<Digest, Promise<void>>()
  const copy = async (manifest: ReachableManifest) => {
    // All of them have begun before this one, so that nobody waits for a place that the one waited for needs.
    await Promise.all(manifest.content.map((digest) => begun.get(digest)))
    if (!stop.aborted) await copyManifest(into, manifest, parts)
  }
  for (const manifest of manifests)
    begun.set(
      manifest.digest,
      into.recipient.places.run(() => copy(manifest)),
    )
  await Promise.all(begun.values())
}

async function copyManifest(
  into: ManifestRecipient,
  manifest: ReachableManifest,
  parts: ManifestParts,
): Promise<void> {
  const { recipient } = into
  const { digest, content } = manifest
  if (recipient.failures.tooLong) {
    recipient.failed++
    return
  }
  if (!content.every((named) => into.holds(named))) {
    recipient.withheld++
    return
  }
  try {
    const bytes = await manifestBytes(manifest, parts)
    await into.receiveManifest(manifest, bytes, parts.delivery)
    recipient.failures.succeeded()
  } catch (error) {
    if (parts.delivery.interruption.stop.aborted) return
    recipient.failed++
    parts.faults.add(error, { digest, store: recipient.id })
    if (!isRefusedContent(error)) recipient.failures.failed()
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
