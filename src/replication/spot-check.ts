import { Semaphore } from '../internal/semaphore.ts'
import { untilAborted } from '../internal/until-aborted.ts'
import type { InventoryEntry } from '../inventory/inventory.ts'
import type { Runtime } from '../runtime.ts'
import { keyOfEntry, keyPrefixes } from './content-keys.ts'
import { hashObject } from './hash-object.ts'
import type { Holdings } from './holdings.ts'
import { lookAgain } from './look-again.ts'
import type { Target } from './target.ts'

export interface SpotCheckParts {
  readonly runtime: Runtime
  readonly stop: AbortSignal
  readonly concurrency: number
  /** Whether the run before ended in order; after one that did not, the size of everything is compared. */
  readonly inOrder: boolean
  readonly onWarning: (message: string, target: Target) => void
}

/** Objects that each run looks at again. */
export const SPOT_CHECKS = 8
/** Of those, the ones that are read whole and compared with their digest: up to so many bytes in all. */
export const READ_BYTES = 16 * 1024 * 1024

/** What was looked at again. */
export interface Checked {
  readonly objects: number
  /** Of those, how many were read whole and compared with their digest, and how many bytes that were. */
  readonly read: number
  readonly bytes: number
}

export const NOTHING_CHECKED: Checked = { objects: 0, read: 0, bytes: 0 }

/**
 * Looks again at a few of the objects that an inventory or an earlier run says are there, by chance; what is not right
 * is deleted, and is stored anew. One that is wrong, or a run before that did not end in order, has the sizes of all
 * compared with a listing. Gives what the few were.
 */
export async function spotCheck(target: Target, holdings: Holdings, parts: SpotCheckParts): Promise<Checked> {
  const sample = drawSample(holdings, parts.runtime)
  const places = new Semaphore(parts.concurrency)
  let budget = READ_BYTES
  let read = 0
  let isRight = true
  await places.map(sample, async (entry) => {
    const mayRead = entry.size <= budget
    if (mayRead) {
      budget -= entry.size
      read++
    }
    const fault = await untilAborted(parts.stop, faultOf(target, entry, mayRead, parts.runtime))
    if (fault === undefined) return
    isRight = false
    await drop(target, holdings, entry, fault, parts)
  })
  const checked = { objects: sample.length, read, bytes: READ_BYTES - budget }
  if (isRight && parts.inOrder) return checked
  await compareSizes(target, holdings, parts)
  if (isRight) return checked
  const message = `store ${target.id} held what was not right, of ${sample.length} objects that were looked at; read all of it with: portolan sync --store ${target.id} --recheck`
  parts.onWarning(message, target)
  return checked
}

/** So many entries of all, each as likely as any other, in one pass over them (Vitter's algorithm R). */
function drawSample(holdings: Holdings, { random }: Pick<Runtime, 'random'>): readonly InventoryEntry[] {
  const sample: InventoryEntry[] = []
  let seen = 0
  for (const entry of holdings.entries()) {
    const place = seen < SPOT_CHECKS ? seen : Math.floor(random() * (seen + 1))
    if (place < SPOT_CHECKS) sample[place] = entry
    seen++
  }
  return sample
}

async function faultOf(
  target: Target,
  entry: InventoryEntry,
  mayRead: boolean,
  runtime: Runtime,
): Promise<string | undefined> {
  const key = keyOfEntry(target, entry)
  if (key === undefined) return undefined
  const info = await lookAgain(runtime, () => target.objects.stat(key))
  if (info === undefined) return 'is not there'
  if (info.size !== entry.size) return `has ${info.size} bytes instead of ${entry.size}`
  if (!mayRead) return undefined
  const actual = await hashObject(target.objects, key, entry.digest, runtime)
  return actual === entry.digest ? undefined : `is not what its key says, but ${actual ?? 'gone'}`
}

async function compareSizes(target: Target, holdings: Holdings, parts: SpotCheckParts): Promise<void> {
  const sizes = new Map<string, number>()
  for (const prefix of keyPrefixes(target)) {
    for await (const { key, size } of target.objects.list(prefix)) {
      parts.stop.throwIfAborted()
      sizes.set(key, size)
    }
  }
  for (const entry of [...holdings.entries()]) {
    const key = keyOfEntry(target, entry)
    if (key === undefined || sizes.get(key) === entry.size) continue
    // A listing may be older than the object.
    const fault = await untilAborted(parts.stop, faultOf(target, entry, false, parts.runtime))
    if (fault !== undefined) await drop(target, holdings, entry, fault, parts)
  }
}

async function drop(
  target: Target,
  holdings: Holdings,
  entry: InventoryEntry,
  fault: string,
  { stop, onWarning }: SpotCheckParts,
): Promise<void> {
  const key = keyOfEntry(target, entry)!
  if (fault !== 'is not there') await untilAborted(stop, target.objects.delete(key))
  holdings.remove(entry)
  onWarning(`store ${target.id}: ${key} ${fault}, though it is listed; it is stored anew`, target)
}
