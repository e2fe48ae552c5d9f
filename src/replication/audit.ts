import { PortolanError } from '../errors.ts'
import { Semaphore } from '../internal/semaphore.ts'
import { untilAborted } from '../internal/until-aborted.ts'
import type { Inventory } from '../inventory/inventory.ts'
import type { Runtime } from '../runtime.ts'
import { createImageFinder } from './affected-images.ts'
import { auditContent, chooseSample, type SampleSize } from './audit-content.ts'
import { AuditFindings } from './audit-findings.ts'
import {
  auditInventory,
  auditListing,
  auditStaleness,
  findOrphans,
  type Listing,
  listContent,
} from './audit-listing.ts'
import { auditPublic } from './audit-public.ts'
import type { AuditReport, StoreAudit } from './audit-report.ts'
import { type ExpectedObject, expectedObjects } from './content-keys.ts'
import type { Reachable } from './reachable.ts'
import { readStoreInventory } from './store-inventory.ts'
import type { Target } from './target.ts'

export interface AuditOptions {
  /** Its `fetch` stands for any client, and so is without credentials. */
  readonly runtime: Runtime
  /** How much is downloaded and compared with its digest. */
  readonly content: SampleSize
  /** How many blobs, and how many manifests, are fetched as clients fetch them; 4 when it is left out. */
  readonly publicCount?: number
  readonly report?: (event: AuditEvent) => void
  /** Ends the audit when it is aborted: it rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/** How far the audit of a store is; `total` is absent while nobody knows it. */
export interface AuditEvent {
  readonly store: string
  readonly step: 'listing' | 'content' | 'public'
  readonly done: number
  readonly total?: number
}

const STORES_AT_ONCE = 4
const PUBLIC_COUNT = 4

/**
 * Proves of each store that it holds all that is reachable, unaltered and for everyone to fetch, that its inventory
 * says so, and tells what else lies there. Stores are audited by themselves: what one refuses concerns no other.
 *
 * No sync should run meanwhile: what it has stored and not yet listed looks stale.
 */
export async function audit(
  reachable: Reachable,
  targets: readonly Target[],
  options: AuditOptions,
): Promise<AuditReport> {
  const at = options.runtime.date().getTime()
  const imagesOf = createImageFinder(reachable)
  const auditing = new Semaphore(STORES_AT_ONCE).map(targets, (target) =>
    auditStore(target, reachable, new AuditFindings(imagesOf), options),
  )
  const stores = await untilAborted(options.signal, auditing)
  return { at, stores, faults: reachable.faults.map(({ message }) => message) }
}

async function auditStore(
  target: Target,
  reachable: Reachable,
  findings: AuditFindings,
  options: AuditOptions,
): Promise<StoreAudit> {
  const { id: store, objects } = target
  const { runtime, content, publicCount = PUBLIC_COUNT, report = () => {}, signal } = options
  signal?.throwIfAborted()
  const expected = expectedObjects(target, reachable)

  // The inventory first: what it says must be so at any moment after.
  const inventory = await attempt(
    findings,
    'inventory',
    async () => (await readStoreInventory(target, runtime))?.inventory,
  )
  const listing = await attempt(findings, 'listing', () =>
    listContent(target, expected, (done) => report({ store, step: 'listing', done }), signal),
  )
  const held = listing && compare(target, expected, listing.value, inventory, findings)
  // A store that lets nobody list it may still give what it holds.
  const candidates = held ?? [...expected.values()]

  const sample = chooseSample(candidates, content, runtime)
  const { read, readBytes } = await auditContent(
    target,
    sample,
    listing?.value,
    runtime,
    findings,
    (done) => report({ store, step: 'content', done, total: sample.length }),
    signal,
  )
  const blobs = candidates.filter(({ size, mediaType }) => size !== undefined && mediaType === undefined)
  const manifests = candidates.filter(({ mediaType }) => mediaType !== undefined)
  const offered = [blobs, manifests].flatMap((some) => chooseSample(some, { count: publicCount }, runtime))
  const fetched = await auditPublic(target, offered, runtime.fetch, findings, (done) => {
    signal?.throwIfAborted()
    report({ store, step: 'public', done, total: offered.length })
  })
  // What an unreadable image leads to looks like an orphan, and so does all of it where a registry lists nothing.
  const knowsAll = reachable.faults.length === 0 && reachable.images.length > 0
  const orphans =
    knowsAll && listing && inventory && findOrphans(target, expected, listing.value, inventory.value)
  return {
    store,
    location: objects.location,
    findings: findings.sorted(),
    ...(orphans && { orphans }),
    expected: expected.size,
    ...(held && { held: held.length }),
    read,
    readBytes,
    fetched,
  }
}

function compare(
  target: Target,
  expected: ReadonlyMap<string, ExpectedObject>,
  listing: Listing,
  inventory: Read<Inventory | undefined> | undefined,
  findings: AuditFindings,
): readonly ExpectedObject[] {
  const mislisted = inventory?.value && auditInventory(target, inventory.value, listing, findings)
  const held = auditListing(expected, listing, mislisted ?? new Set(), findings)
  if (inventory !== undefined) auditStaleness(inventory.value, held, findings)
  return held
}

interface Read<T> {
  readonly value: T
}

/** What an action gives; nothing, and a finding, when the store refuses it. */
async function attempt<T>(
  findings: AuditFindings,
  what: string,
  action: () => Promise<T>,
): Promise<Read<T> | undefined> {
  try {
    return { value: await action() }
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error
    // What cannot be used was read, and says nothing of what is there.
    const kind = error.code === 'CONTENT_INVALID' ? 'stale' : 'unreadable'
    findings.add(kind, `${what}: ${error.message}`)
    return undefined
  }
}
