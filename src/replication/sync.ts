import { untilAborted } from '../internal/until-aborted.ts'
import type { Digest } from '../oci/digest.ts'
import type { Registry } from '../registry/reader.ts'
import type { Runtime } from '../runtime.ts'
import type { Workspace } from '../storage/workspace.ts'
import { copyBlobs } from './copy-blobs.ts'
import { copyManifests } from './copy-manifests.ts'
import type { DeliveryParts } from './deliver.ts'
import type { SyncEvent } from './events.ts'
import { createFaultLog, type FaultLog } from './fault-log.ts'
import { createInterruption, type Interruption } from './interruption.ts'
import { withLease } from './leased-store.ts'
import { makePlan, type Plan } from './plan.ts'
import type { Reachable } from './reachable.ts'
import { ReadBack } from './read-back.ts'
import { readHoldings } from './read-holdings.ts'
import { fillRegistry, planRegistry } from './registries/fill-registry.ts'
import { type FilledRegistry, withLease as withRegistryLease } from './registries/filled-registry.ts'
import { openRegistry } from './registries/open-registry.ts'
import type { RegistryWork } from './registries/registry-work.ts'
import { reportRegistry } from './registries/report-registry.ts'
import type { Signer } from './signed-pointer.ts'
import { findFullDisks, journalTooSmall, tooLittleSpace, withoutStores } from './space.ts'
import { NOTHING_CHECKED } from './spot-check.ts'
import { countLacking, StoreWork } from './store-work.ts'
import { claimStore, nameOfJournal, SHARED_CLAIM } from './store-writer.ts'
import type { StoreReport, SyncReport } from './sync-report.ts'
import type { Target } from './target.ts'
import { withTimeLimits } from './timed-store.ts'
import type { VerifyMode } from './verify-copy.ts'
import { writeInventory, writeProof } from './write-inventory.ts'

export interface SyncParts {
  readonly runtime: Runtime
  readonly upstream: Registry
  /** Finds all that the chosen tags lead to. */
  readonly walk: (signal: AbortSignal) => Promise<Reachable>
  readonly targets: readonly Target[]
  /** Registries that are filled beside the stores. */
  readonly registries?: readonly FilledRegistry[]
  readonly workspace: Workspace
  /** Makes the proof of whose a store is; absent for none. */
  readonly signer?: Signer
  readonly report?: (event: SyncEvent) => void
  /** Ends the run within seconds; what is there is listed, the rest is left to the next run. */
  readonly signal?: AbortSignal
  readonly options: SyncOptions
}

export interface SyncOptions {
  /** Blobs that are downloaded at once, and uploaded at once to each store. */
  readonly concurrency: number
  readonly verify: VerifyMode
  /** Believe what lies in a store that has no inventory, without reading it. */
  readonly trustExisting: boolean
  /** Find out anew what lies in the stores, whatever their inventories say. */
  readonly recheck: boolean
  /** Write to a store that another journal has written, though two cannot write it together. */
  readonly takeLease: boolean
  /** Only say what would be done. */
  readonly dryRun: boolean
}

/**
 * Fills stores and registries from an upstream. What goes wrong with one content, one store or one registry is a fault in
 * the report and stops nothing else. Rejects with what `walk` throws, and when the workspace cannot be read.
 */
export async function sync(given: SyncParts): Promise<SyncReport> {
  const { workspace, options, report = () => {} } = given
  const targets = given.targets.map((target) =>
    withLease(withTimeLimits(target, given.runtime), workspace.check),
  )
  const registries = (given.registries ?? []).map((each) => withRegistryLease(each, workspace.check))
  const signal = AbortSignal.any([workspace.lost, ...(given.signal === undefined ? [] : [given.signal])])
  const parts: SyncParts = { ...given, targets, registries, signal }
  const interruption = createInterruption(parts.runtime, signal)
  const faults = createFaultLog((fault) => report({ kind: 'failed', fault }))
  try {
    const reachable = await findReachable(parts, interruption.stop, faults)
    const { images, manifests, blobs } = reachable
    report({ kind: 'walked', images: images.length, manifests: manifests.size, blobs: blobs.size })

    const [stores, works] = await Promise.all([
      openStores(parts, reachable, interruption.stop, faults),
      openRegistries(parts, reachable, interruption.stop, faults),
    ])
    const plan = makePlan(reachable, stores, works)
    const { download } = plan
    const planned = [...stores, ...works].map(({ id, planned: { blobs, manifests, bytes } }) => {
      return { store: id, blobs, manifests, bytes }
    })
    report({ kind: 'planned', download, stores: planned })

    const refused = await refuseFullDisks(plan, stores, parts, faults)
    const fitting = stores.filter((store) => !refused.has(store))
    const downloaded = options.dryRun
      ? 0
      : await carryOut(withoutStores(plan, refused), reachable, fitting, works, parts, interruption, faults)
    const interrupted = interruption.stop.aborted
    if (workspace.lost.aborted) faults.add(workspace.lost.reason, {})
    report({ kind: 'finished', interrupted })
    return {
      ...{ interrupted, dryRun: options.dryRun, download, downloaded },
      ...{ images: images.length, manifests: manifests.size, blobs: blobs.size },
      stores: parts.targets.map((target) => reportStore(target, stores, reachable)),
      registries: registries.map((registry) => {
        return reportRegistry(
          registry,
          works.find(({ id }) => id === registry.id),
          reachable,
        )
      }),
      faults: faults.faults,
    }
  } finally {
    interruption.release()
  }
}

const NOTHING: Reachable = {
  ...{ images: [], repositories: [], manifests: new Map(), blobs: new Map(), faults: [] },
}

/** What the walk finds; nothing when the run was told to end meanwhile. */
async function findReachable({ walk }: SyncParts, stop: AbortSignal, faults: FaultLog): Promise<Reachable> {
  if (stop.aborted) return NOTHING
  const found = await untilAborted(stop, walk(stop)).catch((error) => {
    if (stop.aborted) return NOTHING
    throw error
  })
  faults.reachable = found
  for (const fault of found.faults) faults.add(fault, {})
  return found
}

/** The stores that can be read; of each other one there is a fault. */
async function openStores(
  { runtime, targets, workspace, signer, options, report = () => {} }: SyncParts,
  reachable: Reachable,
  stop: AbortSignal,
  faults: FaultLog,
): Promise<readonly StoreWork[]> {
  const { concurrency, trustExisting, recheck, takeLease, dryRun } = options
  const onWarning = (message: string, { id }: Target) => report({ kind: 'warning', message, store: id })
  const believing = { trustExisting, recheck, readOnly: dryRun }
  const parts = { runtime, workspace, stop, concurrency, ...believing, ...(signer && { signer }), onWarning }
  let named: Promise<string> | undefined
  const writer = () => {
    named ??= nameOfJournal(workspace, runtime)
    return named
  }
  const opened = await Promise.all(
    targets.map(async (target) => {
      try {
        const { holdings, checked } = await untilAborted(stop, readHoldings(target, reachable, parts))
        const isIdle = dryRun || (!holdings.changed && countLacking(holdings, target, reachable) === 0)
        const claim = isIdle
          ? SHARED_CLAIM
          : await untilAborted(stop, claimStore(target, { runtime, writer: await writer(), takeLease }))
        return [new StoreWork(target, holdings, { concurrency, checked, claim })]
      } catch (error) {
        if (!stop.aborted) faults.add(error, { store: target.id })
        return []
      }
    }),
  )
  return opened.flat()
}

/** The registries that can be read; of each other one there is a fault. */
async function openRegistries(
  { runtime, registries = [], workspace, options, report = () => {} }: SyncParts,
  reachable: Reachable,
  stop: AbortSignal,
  faults: FaultLog,
): Promise<readonly RegistryWork[]> {
  const { concurrency, trustExisting, recheck, dryRun } = options
  const opened = await Promise.all(
    registries.map(async (registry) => {
      const { id } = registry
      const parts = {
        ...{ runtime, workspace, stop, concurrency, trustExisting, recheck, readOnly: dryRun },
        onWarning: (message: string) =>
          report({ kind: 'warning', message: `registry ${id}: ${message}`, store: id }),
        onFault: (error: unknown, about: { readonly digest?: Digest }) =>
          faults.add(error, { ...about, store: id }),
      }
      try {
        const work = await openRegistry(registry, reachable, parts)
        planRegistry(work)
        return [work]
      } catch (error) {
        if (!stop.aborted) faults.add(error, { store: id })
        return []
      }
    }),
  )
  return opened.flat()
}

/** The stores on whose disks the plan does not fit, each with a fault; a warning where only the journal's is too small. */
async function refuseFullDisks(
  plan: Plan,
  stores: readonly StoreWork[],
  { workspace, options, report = () => {} }: SyncParts,
  faults: FaultLog,
): Promise<ReadonlySet<StoreWork>> {
  const journal = { free: await workspace.free(), concurrency: options.concurrency }
  const full = await findFullDisks(plan, stores, journal)
  for (const need of full) {
    for (const store of need.stores) faults.add(tooLittleSpace(store, need), { store: store.target.id })
    if (need.stores.length === 0) report({ kind: 'warning', message: journalTooSmall(need) })
  }
  return new Set(full.flatMap((need) => need.stores))
}

/**
 * Brings each store what it lacks, then the list of what it holds, and each registry what it lacks, then its tags; gives the
 * bytes that were downloaded.
 */
async function carryOut(
  plan: Plan,
  reachable: Reachable,
  stores: readonly StoreWork[],
  registries: readonly RegistryWork[],
  parts: SyncParts,
  interruption: Interruption,
  faults: FaultLog,
): Promise<number> {
  const { runtime, upstream, workspace, options, report = () => {} } = parts
  const { stop, cut } = interruption
  const delivery: DeliveryParts = {
    ...{ runtime, workspace, interruption, readBack: new ReadBack(options.verify) },
    onBytes: (store, digest, bytes) => report({ kind: 'uploaded', store, digest, bytes }),
    onStored: (store, digest, size) => report({ kind: 'stored', store, digest, size }),
    onWarning: (message, store) => report({ kind: 'warning', message, store }),
  }
  const at = runtime.date().getTime()
  let downloaded = 0

  if (reachable.faults.length === 0 && !stop.aborted) {
    const wanted = new Set(plan.blobs.map(({ blob }) => blob.digest))
    await workspace.tidySpools((digest) => wanted.has(digest))
  }
  const copy = copyBlobs(plan.blobs, {
    ...{ runtime, upstream, workspace, delivery, faults, concurrency: options.concurrency },
    onWarning: (message) => report({ kind: 'warning', message }),
    onDownloaded({ digest }, bytes) {
      downloaded += bytes
      report({ kind: 'downloaded', digest, bytes })
    },
  })
  const finish = async (store: StoreWork) => {
    const { target, holdings, claim } = store
    await copy.of(store)
    await copyManifests(store, plan.manifests.get(store) ?? [], { upstream, workspace, delivery, faults })
    try {
      await untilAborted(cut, writeInventory(target, holdings, { ...parts, at, claim }))
      await untilAborted(cut, writeProof(target, parts))
    } catch (error) {
      if (!cut.aborted) faults.add(error, { store: target.id })
    }
  }
  const finishRegistry = async (work: RegistryWork) => {
    await copy.of(work)
    await fillRegistry(work, { upstream, workspace, delivery, faults })
  }
  await Promise.all([...stores.map(finish), ...registries.map(finishRegistry)])
  await copy.all
  return downloaded
}

function reportStore(
  { id, objects }: Target,
  stores: readonly StoreWork[],
  reachable: Reachable,
): StoreReport {
  const common = { store: id, location: objects.location }
  const work = stores.find(({ target }) => target.id === id)
  if (work === undefined) {
    const none = { blobs: 0, manifests: 0, bytes: 0 }
    return {
      ...{ ...common, checked: NOTHING_CHECKED, planned: none, stored: none },
      ...{ failed: 0, withheld: 0, held: 0, complete: false },
    }
  }
  const { checked, planned, stored, failed, withheld, holdings } = work
  const lacking = countLacking(holdings, work.target, reachable)
  // What hides behind a fault of the upstream is in nobody's count.
  const complete = lacking === 0 && reachable.faults.length === 0
  const held = holdings.count
  return { ...common, checked, planned, stored, failed, withheld, held, lacking, complete }
}
