import type { ProvenInventory } from '../backends/ownership/ownership.ts'
import { PortolanError } from '../errors.ts'
import { retry } from '../internal/retry.ts'
import { encodeInventory } from '../inventory/encode.ts'
import { mergeInventories } from '../inventory/merge.ts'
import { INVENTORY_POINTER_PATH, inventoryPath, OWNERSHIP_PATH } from '../inventory/paths.ts'
import { formatInventoryPointer, type InventoryPointer, parseInventoryPointer } from '../inventory/pointer.ts'
import type { Runtime } from '../runtime.ts'
import type { ObjectHeaders, ObjectStore } from '../storage/object-store.ts'
import type { Workspace } from '../storage/workspace.ts'
import { contentHeaders } from './deliver.ts'
import type { Holdings } from './holdings.ts'
import { inventoryCopy } from './read-holdings.ts'
import { isOurs, type Signer, signPointer } from './signed-pointer.ts'
import { digestOf, followPointer } from './store-inventory.ts'
import type { StoreClaim } from './store-writer.ts'
import type { Target } from './target.ts'

export interface InventoryParts {
  readonly runtime: Runtime
  readonly workspace: Workspace
  /** When the run began: stores that hold the same then have the same inventory, which a door keeps once. */
  readonly at: number
  /** Absent where there is no key. */
  readonly signer?: Signer
  /** By what the store may be written: on conditions, or by this journal alone. */
  readonly claim: StoreClaim
}

/** What changes under its name: a cache may answer with an old one for a minute. */
const CHANGING: ObjectHeaders = { contentType: 'application/json', cacheControl: 'public, max-age=60' }
/** Of the pointer, when others write it at the same time. */
const MAX_TRIES = 20
const BACKOFF = { first: 100, max: 3000 }
/** What is no pointer may be longer than one; its version is wanted all the same. */
const READ_MAX_BYTES = 1024 * 1024
/** How much older than the newest an inventory of a run that was broken off is, by the store's own clock, in milliseconds. */
const ABANDONED = 86_400_000

/**
 * Leaves in a store the list of all that it holds, when there is anything new: the file first, then the pointer to it,
 * so that whoever reads the one finds the other. What another run has listed since we began is listed too. The one
 * before stays, for those who have just read its pointer.
 */
export async function writeInventory(
  target: Target,
  holdings: Holdings,
  parts: InventoryParts,
): Promise<void> {
  const { id } = target
  const { runtime, workspace } = parts
  // The first one of a store of which nothing is known would say of all that lies there that it does not.
  if (holdings.changed && (holdings.count > 0 || holdings.base !== undefined)) {
    const again = (error: unknown) => error === OVERTAKEN
    const { bytes, pointer, before } = await retry(
      runtime,
      { attempts: MAX_TRIES, backoff: BACKOFF, again },
      () => writeOnce(target, holdings, parts),
    ).catch((error) => {
      throw error === OVERTAKEN ? crowded(target) : error
    })
    await workspace.keepFile(inventoryCopy(id), bytes)
    await tidy(target.objects, pointer, before)
  }
  await workspace.settle(id)
}

/** Somebody has written the pointer between our look at it and our own. */
const OVERTAKEN = new PortolanError('UNREACHABLE', 'somebody else writes the inventory')

interface Written {
  readonly bytes: Uint8Array
  readonly pointer: InventoryPointer
  /** The pointer that was replaced. */
  readonly before: InventoryPointer | undefined
}

async function writeOnce(target: Target, holdings: Holdings, parts: InventoryParts): Promise<Written> {
  const { objects } = target
  const { runtime, at, signer, claim } = parts
  await claim.confirm()
  const found = await objects.read(INVENTORY_POINTER_PATH, READ_MAX_BYTES)
  const before = found && readPointer(found.bytes)
  const entries = await allEntries(target, holdings, before, parts)
  const bytes = encodeInventory(entries, at)
  const digest = digestOf(bytes, runtime)
  const unsigned = {
    at,
    digest,
    count: entries.length,
    bytes: bytes.length,
    ...(before && before.digest !== digest && { previous: before.digest }),
  }
  const pointer = await signPointer(target, unsigned, signer, runtime)
  // A try before this one may have been written though its answer was lost.
  const isWritten = before?.digest === digest && (await isOurs(target, before, signer))
  if (isWritten) return { bytes, pointer, before: undefined }

  await objects.put(inventoryPath(digest), bytes, contentHeaders())
  const text = formatInventoryPointer(pointer)
  if (!claim.conditional) await objects.put(INVENTORY_POINTER_PATH, text, CHANGING)
  else if (!(await objects.replace(INVENTORY_POINTER_PATH, text, CHANGING, found?.version))) throw OVERTAKEN
  return { bytes, pointer, before }
}

/** What we hold, and what somebody else has listed since our beginning. */
async function allEntries(
  target: Target,
  holdings: Holdings,
  before: InventoryPointer | undefined,
  { runtime, signer, claim }: InventoryParts,
) {
  const { base } = holdings
  if (before === undefined || before.digest === base?.pointer.digest) return [...holdings.entries()]
  // What somebody else says that others hold would be signed with our key.
  if (!(await isOurs(target, before, signer))) return [...holdings.entries()]
  const theirs = await followPointer(target, before, runtime).catch((error) => {
    // Of no use to anybody.
    if (error instanceof PortolanError && error.code === 'CONTENT_INVALID') return undefined
    throw error
  })
  if (theirs === undefined) return [...holdings.entries()]
  // Where nobody else writes, what differs is what the store shows late: it takes nothing of ours away.
  const isNew = claim.conditional ? holdings.isNew : () => true
  const ours = { entries: holdings.entries(), isNew }
  return mergeInventories(ours, theirs.inventory, base?.inventory)
}

function readPointer(bytes: Uint8Array): InventoryPointer | undefined {
  try {
    return parseInventoryPointer(bytes)
  } catch {
    return undefined
  }
}

/** Deletes inventories that nobody reads any more; of those that no pointer named, only what is too old to be of a run. */
async function tidy(
  objects: ObjectStore,
  { digest }: InventoryPointer,
  before: InventoryPointer | undefined,
): Promise<void> {
  const current = inventoryPath(digest)
  const kept = before && inventoryPath(before.digest)
  const outdated = before?.previous && inventoryPath(before.previous)
  const files = []
  for await (const info of objects.list('portolan/inventory-')) files.push(info)
  const newest = files.find(({ key }) => key === current)?.modified
  for (const { key, modified } of files) {
    if (key === current || key === kept) continue
    const isAbandoned = newest !== undefined && newest - modified > ABANDONED
    if (key === outdated || isAbandoned) await objects.delete(key)
  }
}

function crowded({ id, objects: { location } }: Target): PortolanError {
  const message = `store ${id}: ${location} was given another inventory at each of ${MAX_TRIES} tries; the next run lists what this one has stored`
  return new PortolanError('UNREACHABLE', message, { store: id, location })
}

/**
 * Lays the proof of ownership into a store. It says when it was made, and so is made anew by every run; and which
 * inventory it goes with, which may be another run's by now.
 */
export async function writeProof(target: Target, { signer }: Pick<InventoryParts, 'signer'>): Promise<void> {
  if (signer === undefined) return
  const { id, url, objects } = target
  let named: ProvenInventory | undefined
  for (let turn = 0; turn < MAX_TRIES; turn++) {
    const inventory = await provenInventory(target, signer)
    // Whoever writes a pointer writes a proof after it; the last of them has looked at it since.
    if (inventory === named) return
    await objects.put(OWNERSHIP_PATH, await signer.prove({ store: id, url, inventory }), CHANGING)
    named = inventory
  }
}

/** What a store's pointer names now, if it is one that this key has signed. */
async function provenInventory(target: Target, signer: Signer): Promise<ProvenInventory> {
  const found = await target.objects.read(INVENTORY_POINTER_PATH, READ_MAX_BYTES)
  const pointer = found && readPointer(found.bytes)
  return pointer !== undefined && (await isOurs(target, pointer, signer)) ? pointer.digest : 'none'
}
