import { PortolanError } from '../../errors.ts'
import type { Inventory } from '../../inventory/inventory.ts'
import type { InventoryPointer } from '../../inventory/pointer.ts'
import type { Digest } from '../../oci/digest.ts'
import type { OciRequest } from '../../oci/path.ts'
import type { Listed } from '../../routing/decide.ts'
import type { Cancel, Fetch, Runtime } from '../../runtime.ts'
import type { ListedManifest } from '../health/check-manifest.ts'
import { fetchInventory, fetchInventoryPointer } from './fetch-inventory.ts'
import { findManifest, findObject } from './find-object.ts'
import { type Inventories, isByDigest, isListed } from './inventories.ts'

export interface StoreInventoryParts {
  /** The store's URL. */
  readonly url: string
  /** For pointers. */
  readonly fetch: Fetch
  /** For the files, which may take longer than an answer to a probe: without a time limit of its own. */
  readonly download: Fetch
  readonly runtime: Pick<Runtime, 'now' | 'after' | 'random' | 'background'>
  readonly inventories: Inventories
  /** What is wrong with a pointer's signature, if anything; absent where none is looked at. */
  readonly pointerFault?: (pointer: InventoryPointer) => Promise<string | undefined>
  /** Why a pointer is not the one that the store's proof of ownership goes with; absent likewise. */
  readonly faultBesideProof?: (pointer: InventoryPointer) => Promise<string | undefined>
  /** Told of every attempt, and what was wrong with the one before, if anything. */
  readonly report: (attempt: InventoryAttempt, before: string | undefined) => void
}

/** How an attempt to have the newest inventory of a store ended. */
export type InventoryAttempt =
  | { readonly kind: 'unchanged' }
  | {
      readonly kind: 'loaded'
      readonly inventory: Inventory
      readonly digest: Digest
      readonly pointer?: InventoryPointer
    }
  | { readonly kind: 'failed'; readonly problem: string }

/** How it stands with the inventory of a store. */
export interface InventoryStatus {
  /** `kept`: the newest could not be had, and an earlier one is in use. `missing`: the same, and there is none. */
  readonly status: 'pending' | 'ok' | 'kept' | 'missing'
  readonly digest?: Digest
  /** When the inventory in use was made, in milliseconds since 1970. */
  readonly at?: number
  readonly count?: number
  readonly problem?: string
}

/** Between two looks at the pointer of a store, in milliseconds. */
const INTERVAL = 60_000
/** Doors that were started together must not ask together: each waits up to this part less or more. */
const JITTER = 0.1
/** A pointer and a proof of ownership that caches keep come apart for a while, in milliseconds. */
const APART = 600_000
/** How long one file may take altogether, in milliseconds. */
const DOWNLOAD_TIMEOUT = 60_000

interface InUse {
  readonly inventory: Inventory
  readonly digest: Digest
  /** By which it was found; absent where another process found it. */
  readonly pointer?: InventoryPointer
  readonly object: Digest | undefined
  readonly manifest: ListedManifest | undefined
}

/**
 * The inventory of one store, loaded from its public URL and looked for anew every minute. What does not come or is not
 * right leaves the one before in use. Nothing is asked before the first `refresh`.
 */
export class StoreInventory {
  readonly #parts: StoreInventoryParts
  #inUse: InUse | undefined
  #etag: string | undefined
  /** Whether the inventory in use came by a pointer whose signature was looked at. */
  #isSigned = false
  /** Since when pointer and proof do not go together, by the runtime's clock. */
  #apartSince: number | undefined
  #problem: string | undefined
  #checked = false
  #cancel: Cancel = () => {}
  /** The attempt that runs; what another one finds is of no interest any more. */
  #running: AbortController | undefined
  /** Whether a newer one is to be looked for as soon as the attempt that runs is over. */
  #again = false
  #stopped = false

  constructor(parts: StoreInventoryParts) {
    this.#parts = parts
  }

  /**
   * What it says of a request: what it lists is present. What it does not list is absent, unless another store's newer
   * one lists it: then it may have come to this store too. As long as it is not there, what no other store's lists is
   * absent. `undefined` where nothing can be said and the store has to be asked.
   */
  presence(request: OciRequest): 'present' | 'absent' | undefined {
    const { inventory } = this.#inUse ?? {}
    const { inventories } = this.#parts
    if (!isByDigest(request)) return undefined
    if (inventory === undefined) return inventories.noneLists(request) ? 'absent' : undefined
    if (isListed(inventory, request)) return 'present'
    return inventories.newerLists(inventory, request) ? undefined : 'absent'
  }

  /** What it says of a content. */
  listed(request: OciRequest): Listed | undefined {
    const { inventory } = this.#inUse ?? {}
    if (inventory === undefined || !isByDigest(request)) return undefined
    if (request.kind === 'manifest') return inventory.manifest(request.reference)
    const size = inventory.blob(request.digest)
    return size === undefined ? undefined : { size }
  }

  /** A blob that is listed, small enough to be fetched again and again. */
  get object(): Digest | undefined {
    return this.#inUse?.object
  }

  /** A manifest that is listed, likewise. */
  get manifest(): ListedManifest | undefined {
    return this.#inUse?.manifest
  }

  get inUse(): { readonly digest: Digest; readonly inventory: Inventory } | undefined {
    return this.#inUse
  }

  get status(): InventoryStatus {
    const found = this.#inUse === undefined ? 'missing' : 'kept'
    return {
      status: !this.#checked ? 'pending' : this.#problem === undefined ? 'ok' : found,
      ...(this.#inUse && {
        digest: this.#inUse.digest,
        at: this.#inUse.inventory.at,
        count: this.#inUse.inventory.count,
      }),
      ...(this.#problem !== undefined && { problem: this.#problem }),
    }
  }

  /**
   * Looks for a newer one at once, and every minute from now on; after the attempt that runs, where one does: that may
   * have asked before what there is now.
   */
  refresh(): void {
    if (this.#stopped) return
    if (this.#running === undefined) this.#begin()
    else this.#again = true
  }

  /**
   * Goes by the one of this digest, which somebody else has loaded: the one that is in memory, or else what `read` gives.
   * Rejects as that does; the one before stays then.
   */
  async take(digest: Digest, read: () => Promise<Inventory>): Promise<void> {
    this.#running = undefined
    // To find in it by what the store is tried would take a look at all of it, with each reload.
    if (digest === this.#inUse?.digest) return
    const run = new AbortController()
    this.#running = run
    const inventory = await this.#parts.inventories.obtain(digest, read).catch((error: unknown) => {
      if (this.#running === run) this.#running = undefined
      throw error
    })
    // Another one, or none, was to be gone by meanwhile.
    if (this.#running !== run) return
    this.#running = undefined
    this.#checked = true
    this.#problem = undefined
    this.#use(digest, inventory)
  }

  /** Uses it no more, and asks for none until `refresh`: the store turned out to be somebody else's. */
  forget(): void {
    this.#cancel()
    this.#running?.abort()
    this.#running = undefined
    this.#again = false
    this.#inUse = undefined
    this.#etag = undefined
    this.#isSigned = false
    this.#apartSince = undefined
    this.#problem = undefined
    this.#checked = false
    this.#parts.inventories.remove(this)
  }

  stop(): void {
    this.forget()
    this.#stopped = true
  }

  #begin(): void {
    this.#parts.runtime.background(this.#load())
  }

  async #load(): Promise<void> {
    this.#cancel()
    const run = new AbortController()
    this.#running = run
    const attempt = await this.#attempt(run.signal).catch((error: unknown): InventoryAttempt => {
      const problem = error instanceof PortolanError ? error.message : String(error)
      return { kind: 'failed', problem }
    })
    if (this.#running !== run) return
    this.#running = undefined
    const { runtime, report } = this.#parts
    const wait = this.#again ? 0 : INTERVAL * (1 - JITTER + 2 * JITTER * runtime.random())
    this.#again = false
    this.#cancel = runtime.after(wait, () => this.#begin())
    const before = this.#problem
    this.#checked = true
    this.#problem = attempt.kind === 'failed' ? attempt.problem : undefined
    if (attempt.kind === 'loaded') this.#use(attempt.digest, attempt.inventory, attempt.pointer)
    report(attempt, before)
  }

  #use(digest: Digest, inventory: Inventory, pointer?: InventoryPointer): void {
    this.#inUse = {
      digest,
      inventory,
      ...(pointer && { pointer }),
      object: findObject(inventory),
      manifest: findManifest(inventory),
    }
    this.#parts.inventories.put(this, digest, inventory)
  }

  async #attempt(signal: AbortSignal): Promise<InventoryAttempt> {
    const { url, fetch, inventories } = this.#parts
    const fetched = await fetchInventoryPointer(url, this.#etag, fetch)
    if (fetched === 'unchanged') {
      // Of what stays for ever, the proof tells that there is a newer one.
      await this.#goesWithProof(this.#inUse?.pointer)
      return { kind: 'unchanged' }
    }
    const { pointer, etag } = fetched
    // Set only once what it stands for is in use: what was refused must come again.
    this.#etag = undefined
    await this.#requireSignature(pointer)
    if (!(await this.#goesWithProof(pointer))) return { kind: 'unchanged' }
    const { digest } = pointer
    if (digest === this.#inUse?.digest) {
      this.#etag = etag
      return { kind: 'unchanged' }
    }
    const inventory = await inventories.obtain(digest, () => this.#download(pointer, signal))
    if (inventory.count !== pointer.count || inventory.at !== pointer.at) {
      const message = 'the inventory is not of the date or the count that its pointer says'
      throw new PortolanError('CONTENT_INVALID', message)
    }
    if (!signal.aborted) {
      this.#etag = etag
      this.#isSigned = pointer.proof !== undefined
    }
    return { kind: 'loaded', inventory, digest, pointer }
  }

  /**
   * Whether a pointer is the one that the proof of ownership goes with. False for a while after it was not, as long as
   * another one is in use: a cache may have kept one of the two. Rejects after that.
   */
  async #goesWithProof(pointer: InventoryPointer | undefined): Promise<boolean> {
    const { faultBesideProof, runtime } = this.#parts
    const fault = pointer && (await faultBesideProof?.(pointer))
    if (fault === undefined) {
      this.#apartSince = undefined
      return true
    }
    this.#apartSince ??= runtime.now()
    if (this.#inUse !== undefined && runtime.now() - this.#apartSince < APART) return false
    throw new PortolanError('CONTENT_INVALID', `the pointer is refused: ${fault}`)
  }

  /** A signature that is wrong is refused; so is none, once there was one: it would be the way around. */
  async #requireSignature(pointer: InventoryPointer): Promise<void> {
    const { pointerFault } = this.#parts
    if (pointerFault === undefined) return
    const fault =
      this.#isSigned && pointer.proof === undefined
        ? 'it is not signed, and the one before was'
        : await pointerFault(pointer)
    if (fault !== undefined) throw new PortolanError('CONTENT_INVALID', `the pointer is refused: ${fault}`)
  }

  async #download(pointer: InventoryPointer, signal: AbortSignal): Promise<Inventory> {
    const { url, download, runtime } = this.#parts
    const late = new AbortController()
    const cancel = runtime.after(DOWNLOAD_TIMEOUT, () =>
      late.abort(new Error(`no complete answer within ${DOWNLOAD_TIMEOUT / 1000} s`)),
    )
    try {
      return await fetchInventory(url, pointer, download, AbortSignal.any([late.signal, signal]))
    } finally {
      cancel()
    }
  }
}
