import { Semaphore } from '../internal/semaphore.ts'
import type { Digest } from '../oci/digest.ts'
import type { Done } from '../storage/workspace.ts'
import { contentHeaders, type DeliveryParts, deliverBytes, deliverSpool } from './deliver.ts'
import { createFailureStreak } from './failure-streak.ts'
import type { Holdings } from './holdings.ts'
import type { Reachable, ReachableBlob, ReachableManifest } from './reachable.ts'
import {
  type Arrival,
  type Lack,
  type ManifestRecipient,
  type Recipient,
  SMALL_BYTES,
  zero,
} from './recipient.ts'
import type { Checked } from './spot-check.ts'
import type { StoreClaim } from './store-writer.ts'
import type { Target } from './target.ts'

export interface StoreWorkParts {
  readonly concurrency: number
  /** What was looked at again of what it was believed to hold. */
  readonly checked: Checked
  /** By what its inventory may be written. */
  readonly claim: StoreClaim
}

/** What one run does with one store. */
export class StoreWork implements Recipient, ManifestRecipient {
  readonly target: Target
  readonly holdings: Holdings
  readonly checked: Checked
  readonly claim: StoreClaim
  readonly places: Semaphore
  readonly failures = createFailureStreak()
  readonly planned = zero()
  readonly stored = zero()
  failed = 0
  withheld = 0

  constructor(target: Target, holdings: Holdings, { concurrency, checked, claim }: StoreWorkParts) {
    this.target = target
    this.holdings = holdings
    this.checked = checked
    this.claim = claim
    this.places = new Semaphore(concurrency)
  }

  get id(): string {
    return this.target.id
  }

  get title(): string {
    return `store ${this.id}`
  }

  get recipient(): Recipient {
    return this
  }

  lacks(digest: Digest): Lack | undefined {
    return this.holdings.hasBlob(digest) ? undefined : { places: 1, isNowhere: true }
  }

  holds(digest: Digest): boolean {
    return this.holdings.hasBlob(digest) || this.holdings.hasManifest(digest)
  }

  async receive(
    { digest }: ReachableBlob,
    { spool, download, mayBeSpool }: Arrival,
    parts: DeliveryParts,
  ): Promise<void> {
    const { target } = this
    const object = { digest, key: target.blobKey(digest), headers: contentHeaders(), mayBeSpool }
    const size = await download.size
    if (size <= SMALL_BYTES) {
      await download.ended
      await deliverBytes(target, object, await spool.read(0, size), parts)
    } else {
      await deliverSpool(target, object, spool, download, parts)
    }
    await this.#note(digest, { size }, parts)
    this.stored.blobs++
  }

  async receiveManifest(
    { digest, mediaType, size }: ReachableManifest,
    bytes: Uint8Array,
    parts: DeliveryParts,
  ): Promise<void> {
    const object = { digest, key: this.target.manifestKey!(digest), headers: contentHeaders(mediaType) }
    await deliverBytes(this.target, object, bytes, parts)
    await this.#note(digest, { size, mediaType }, parts)
    this.stored.manifests++
  }

  mayResume(digest: Digest, { workspace }: DeliveryParts): boolean {
    return workspace.upload(this.id, digest) !== undefined
  }

  async #note(digest: Digest, done: Done, { workspace, onStored }: DeliveryParts): Promise<void> {
    await workspace.noteDone(this.id, digest, done)
    this.holdings.add(digest, done)
    this.stored.bytes += done.size
    onStored(this.id, digest, done.size)
  }
}

/** Blobs and manifests that a store lacks of what is reachable. */
export function countLacking(
  holdings: Holdings,
  { manifestKey }: Target,
  { blobs, manifests }: Pick<Reachable, 'blobs' | 'manifests'>,
): number {
  let lacking = 0
  for (const digest of blobs.keys()) if (!holdings.hasBlob(digest)) lacking++
  if (manifestKey === undefined) return lacking
  for (const digest of manifests.keys()) if (!holdings.hasManifest(digest)) lacking++
  return lacking
}
