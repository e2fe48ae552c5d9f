import { PortolanError } from '../errors.ts'
import { Semaphore } from '../internal/semaphore.ts'
import { untilAborted } from '../internal/until-aborted.ts'
import { INVENTORY_POINTER_PATH } from '../inventory/paths.ts'
import type { Digest } from '../oci/digest.ts'
import type { Runtime } from '../runtime.ts'
import type { ObjectInfo } from '../storage/object-store.ts'
import type { Done, Workspace } from '../storage/workspace.ts'
import { hashObject } from './hash-object.ts'
import { createHoldings, type Holdings } from './holdings.ts'
import type { Reachable, ReachableBlob } from './reachable.ts'
import { isOurs, type Signer } from './signed-pointer.ts'
import { type Checked, NOTHING_CHECKED, spotCheck } from './spot-check.ts'
import { type FoundInventory, type InventoryCopy, readStoreInventory } from './store-inventory.ts'
import type { Target } from './target.ts'

export interface HoldingsParts {
  readonly runtime: Runtime
  readonly workspace: Workspace
  readonly stop: AbortSignal
  /** Objects that are read at once. */
  readonly concurrency: number
  /** Believe the size of what lies in a store without an inventory, rather than read all of it. */
  readonly trustExisting: boolean
  /** Take neither inventory nor notes for true: find out anew what lies in a store. */
  readonly recheck: boolean
  /** Change nothing, neither there nor here. */
  readonly readOnly: boolean
  /** By whose key inventories are signed; absent where there is none. */
  readonly signer?: Signer
  readonly onWarning: (message: string, target: Target) => void
}

/** What a store holds, and how much of that was only believed and was looked at again. */
export interface KnownHoldings {
  readonly holdings: Holdings
  readonly checked: Checked
}

/** The name of the copy of a store's inventory in the workspace. */
export function inventoryCopy(store: string): string {
  return `${store}.inventory`
}

/**
 * Learns what a store holds: from its inventory and from what earlier runs noted since. Where there is no inventory, or
 * on a recheck, the store is listed, and of the blobs that are wanted those that match their digest are believed. What
 * a recheck cannot want, since the upstream does not say all of what it has, is believed as before.
 */
export async function readHoldings(
  target: Target,
  reachable: Reachable,
  parts: HoldingsParts,
): Promise<KnownHoldings> {
  const found = await readInventory(target, parts)
  const noted = parts.workspace.done(target.id)
  if (found !== undefined && !parts.recheck) {
    const unsigned = !(await isOurs(target, found.pointer, parts.signer))
    const believed = addTo(createHoldings({ base: found, believed: true, unsigned }), noted)
    // What our key vouches for from now on is compared with what is there.
    const inOrder = parts.workspace.inOrder && !unsigned
    const checked = parts.readOnly
      ? NOTHING_CHECKED
      : await spotCheck(target, believed, { ...parts, inOrder })
    return { holdings: believed, checked }
  }

  const holdings = createHoldings({ base: found, believed: false })
  if (!parts.recheck) addTo(holdings, noted)
  else if (reachable.faults.length > 0) {
    const isWanted = (digest: Digest) => reachable.blobs.has(digest) || reachable.manifests.has(digest)
    for (const { digest, ...done } of found?.inventory.entries() ?? []) {
      if (!isWanted(digest)) holdings.add(digest, done)
    }
    addTo(
      holdings,
      noted.entries().filter(([digest]) => !isWanted(digest)),
    )
  }
  await findExisting(target, reachable, holdings, parts)
  return { holdings, checked: NOTHING_CHECKED }
}

function addTo(holdings: Holdings, noted: Iterable<readonly [Digest, Done]>): Holdings {
  for (const [digest, done] of noted) holdings.add(digest, done)
  return holdings
}

async function readInventory(
  target: Target,
  { runtime, workspace, stop, readOnly, onWarning }: HoldingsParts,
): Promise<FoundInventory | undefined> {
  const name = inventoryCopy(target.id)
  const copy: InventoryCopy = {
    read: () => workspace.file(name),
    keep: async (bytes) => {
      if (!readOnly) await workspace.keepFile(name, bytes)
    },
  }
  try {
    return await untilAborted(stop, readStoreInventory(target, runtime, copy))
  } catch (error) {
    if (!(error instanceof PortolanError) || error.code !== 'CONTENT_INVALID') throw error
    const message = `store ${target.id} is listed anew, since its inventory cannot be used: ${error.message}`
    onWarning(message, target)
    return undefined
  }
}

async function findExisting(
  target: Target,
  { blobs }: Reachable,
  holdings: Holdings,
  parts: HoldingsParts,
): Promise<void> {
  const wanted = new Map<string, ReachableBlob>()
  for (const blob of blobs.values()) {
    if (!holdings.hasBlob(blob.digest)) wanted.set(target.blobKey(blob.digest), blob)
  }
  if (wanted.size === 0) return
  const present: (readonly [ReachableBlob, ObjectInfo])[] = []
  for await (const info of target.objects.list(commonStart(wanted.keys()))) {
    parts.stop.throwIfAborted()
    const blob = wanted.get(info.key)
    if (blob !== undefined) present.push([blob, info])
  }
  const forget = forgetOnce(target, parts)
  const places = new Semaphore(parts.concurrency)
  await places.map(present, ([blob, info]) => believe(target, blob, info, holdings, forget, parts))
}

/** Drops the list of a store that is checked again: a run that ends before its time must not leave one of what it deleted. */
function forgetOnce(
  { id, objects }: Target,
  { workspace, stop, recheck }: HoldingsParts,
): () => Promise<void> {
  let forgotten: Promise<void> | undefined
  return async () => {
    if (!recheck) return
    forgotten ??= untilAborted(stop, objects.delete(INVENTORY_POINTER_PATH)).then(() => workspace.settle(id))
    await forgotten
  }
}

/** Takes in a blob that lies in a store, once it is seen to be what its key says; deletes it when it is not. */
async function believe(
  target: Target,
  { digest, size }: ReachableBlob,
  info: ObjectInfo,
  holdings: Holdings,
  forget: () => Promise<void>,
  { runtime, workspace, stop, trustExisting, readOnly, onWarning }: HoldingsParts,
): Promise<void> {
  const sizeFault = (actual: number | undefined) =>
    size === undefined || actual === size ? undefined : `has ${actual} bytes instead of ${size}`
  let fault = sizeFault(info.size)
  // A listing may be older than the object.
  if (fault !== undefined) fault = sizeFault((await untilAborted(stop, target.objects.stat(info.key)))?.size)
  if (fault === undefined && !trustExisting && !readOnly) {
    const actual = await untilAborted(stop, hashObject(target.objects, info.key, digest, runtime))
    if (actual !== digest) fault = `is not what its key says, but ${actual ?? 'gone'}`
  }
  if (fault === undefined) {
    const done = { size: info.size }
    holdings.add(digest, done)
    if (!readOnly) await workspace.noteDone(target.id, digest, done)
    return
  }
  if (!readOnly) {
    await forget()
    await untilAborted(stop, target.objects.delete(info.key))
  }
  onWarning(`store ${target.id}: ${info.key} ${fault}; it is stored anew`, target)
}

/** What all keys begin with: a store may share its bucket with much else. */
function commonStart(keys: Iterable<string>): string {
  let start: string | undefined
  for (const key of keys) {
    start ??= key
    while (!key.startsWith(start)) start = start.slice(0, -1)
  }
  return start ?? ''
}
