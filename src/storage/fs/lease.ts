import { type FileHandle, open, rm } from 'node:fs/promises'
import { PortolanError } from '../../errors.ts'
import type { Runtime } from '../../runtime.ts'
import {
  createLease,
  type FoundLease,
  formatLease,
  type LeaseState,
  leaseFences,
  leaseFile,
  newestLease,
} from './lease-file.ts'
import { describeThisProcess, fateOf, type LeaseHolder } from './lease-holder.ts'
import { unwritable } from './workspace-file.ts'

/** How long without a heartbeat until another process may take a lease over, in milliseconds, unless told. */
export const LEASE_EXPIRY = 30_000
/** Heartbeats in that time. */
const BEATS = 10
/** After this part of it without one that is known to be written, nothing is written before a look at the lease. */
const FRESH = 1 / 3
/** After this part of it, the lease counts as lost: others must not be able to see it expire before its owner does. */
const STALE = 1 / 2

/** Heartbeats that are tried one after the other before a stale lease counts as lost. */
const RENEWALS = 3

export interface LeaseOptions {
  readonly runtime: Pick<Runtime, 'now' | 'after' | 'random'>
  /** In milliseconds. */
  readonly expiry: number
  /** Told when somebody has the lease of whom nothing can be seen, so that it has to be watched. */
  readonly onWait?: (message: string) => void
}

/** How the one before ended: `silent` is one that was not seen to end, and may still be writing. */
export type Predecessor = 'none' | 'released' | 'gone' | 'silent'

/**
 * Takes the lease of a folder. From a process that can be seen to be gone it is taken at once; one that cannot be seen,
 * since it is in another container or on another machine, is watched: no date is compared, only whether its heartbeat
 * changes while our own clock runs.
 *
 * Throws `FILE_UNWRITABLE`, naming the process that has it.
 */
export async function takeLease(folder: string, options: LeaseOptions): Promise<Lease> {
  const holder = await describeThisProcess()
  const owner = Array.from({ length: 3 }, () =>
    Math.floor(options.runtime.random() * 2 ** 32).toString(36),
  ).join('')
  const { expiry } = options
  try {
    for (;;) {
      const current = await newestLease(folder)
      const predecessor = current === undefined ? 'none' : await judge(folder, current, holder, options)
      if (predecessor === 'changed') continue
      const fence = (current?.fence ?? 0) + 1
      const state = { owner: `${owner}${fence.toString(36)}`, holder, expiry, beat: 0, released: false }
      if (!(await createLease(folder, fence, state))) continue
      const lease = await Lease.hold(folder, { fence, state, predecessor, runtime: options.runtime })
      if (lease !== undefined) return lease
    }
  } catch (error) {
    throw error instanceof PortolanError ? error : unwritable(folder, error)
  }
}

/** How the owner of a lease ended; throws when it has not. `changed` when there is another lease by now. */
async function judge(
  folder: string,
  current: FoundLease,
  here: LeaseHolder,
  { runtime, onWait = () => {} }: LeaseOptions,
): Promise<Predecessor | 'changed'> {
  const { fence, state } = current
  const expiry = state?.expiry ?? LEASE_EXPIRY
  if (state?.released) return 'released'
  if (state !== undefined && ended.has(state.owner)) return 'gone'
  const fate = state === undefined ? 'unknown' : await fateOf(state.holder, here)
  if (fate === 'alive') throw held(folder, state)
  if (fate === 'gone') return 'gone'
  onWait(`${describe(folder, state)}; waiting up to ${expiry / 1000} s for a sign of life`)
  const since = runtime.now()
  for (;;) {
    await new Promise<void>((resolve) => runtime.after(expiry / BEATS, resolve))
    // Before the look: what changes while we look may be seen or not.
    const moment = runtime.now()
    const next = await newestLease(folder)
    if (next?.fence !== fence) return 'changed'
    if (next.state?.released) return 'released'
    if (next.text !== current.text) throw held(folder, next.state)
    if (moment - since >= expiry) return 'silent'
  }
}

/** Leases that this process is done with, which their files do not say: it lost them, or could not write. */
const ended = new Set<string>()

interface HeldLease {
  readonly fence: number
  readonly state: LeaseState
  readonly predecessor: Predecessor
  readonly runtime: Pick<Runtime, 'now' | 'after'>
}

/** A lease of a folder that this process has until it loses it or gives it back. */
export class Lease {
  readonly fence: number
  readonly owner: string
  readonly predecessor: Predecessor
  readonly #folder: string
  readonly #runtime: Pick<Runtime, 'now' | 'after'>
  readonly #handle: FileHandle
  readonly #lost = new AbortController()
  #state: LeaseState
  /** When the last heartbeat that is known to be written was begun. */
  #seen: number
  #beating: Promise<void> | undefined
  #callOff = () => {}
  #ended = false

  private constructor(folder: string, { fence, state, predecessor, runtime }: HeldLease, handle: FileHandle) {
    this.fence = fence
    this.owner = state.owner
    this.predecessor = predecessor
    this.#folder = folder
    this.#runtime = runtime
    this.#handle = handle
    this.#state = state
    this.#seen = runtime.now()
  }

  /** Keeps a lease alive whose file was just made; `undefined` when somebody has a newer one already. */
  static async hold(folder: string, held: HeldLease): Promise<Lease | undefined> {
    const file = leaseFile(folder, held.fence)
    const fences = await leaseFences(folder)
    if (Math.max(...fences) > held.fence) {
      await rm(file, { force: true })
      return undefined
    }
    const lease = new Lease(folder, held, await open(file, 'r+'))
    for (const fence of fences) if (fence < held.fence) await rm(leaseFile(folder, fence), { force: true })
    lease.#schedule()
    return lease
  }

  /** Aborted with `LEASE_LOST` once somebody else has the lease, or may have it. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  /**
   * To be awaited before anything is written. A process that was stopped for a while, and does not know of it, finds
   * here that its lease is old, and looks. Rejects with `LEASE_LOST`.
   */
  async check(): Promise<void> {
    if (this.#ended) return
    if (this.#age() >= this.#state.expiry * FRESH) await this.#beat()
    this.#lost.signal.throwIfAborted()
  }

  /** Gives it back: the next one need not wait. */
  async release(): Promise<void> {
    if (this.#ended) return
    this.#callOff()
    await this.#beating
    this.#ended = true
    try {
      if (this.#lost.signal.aborted) ended.add(this.owner)
      else await this.#write({ ...this.#state, released: true })
    } catch (error) {
      ended.add(this.owner)
      throw error
    } finally {
      await this.#handle.close()
    }
  }

  #age(): number {
    return this.#runtime.now() - this.#seen
  }

  #schedule(): void {
    this.#callOff = this.#runtime.after(this.#state.expiry / BEATS, () => {
      void this.#beat().then(() => {
        if (!this.#ended && !this.#lost.signal.aborted) this.#schedule()
      })
    })
  }

  /** One at a time; never rejects. */
  #beat(): Promise<void> {
    this.#beating ??= this.#renewOrLose().then(() => {
      this.#beating = undefined
    })
    return this.#beating
  }

  /** A disk that fails for a moment is no loss yet, nor is one heartbeat in which the process was stopped. */
  async #renewOrLose(): Promise<void> {
    for (let tries = 0; tries < RENEWALS; tries++) {
      await this.#renew().catch(() => {})
      if (this.#lost.signal.aborted || this.#age() < this.#state.expiry * STALE) return
    }
    this.#lose('its heartbeat could not be written in time')
  }

  async #renew(): Promise<void> {
    const begun = this.#runtime.now()
    if (Math.max(...(await leaseFences(this.#folder))) > this.fence) {
      this.#lose('another process has taken it over')
      return
    }
    this.#state = { ...this.#state, beat: this.#state.beat + 1 }
    await this.#write(this.#state)
    this.#seen = begun
  }

  /** In place: a file that is replaced may be seen late on a network file system. */
  async #write(state: LeaseState): Promise<void> {
    const bytes = Buffer.from(formatLease(state))
    await this.#handle.write(bytes, 0, bytes.length, 0)
    await this.#handle.datasync()
  }

  #lose(why: string): void {
    if (this.#lost.signal.aborted) return
    this.#callOff()
    const message = `this run has lost the lease of ${this.#folder}: ${why}; it writes nothing more`
    this.#lost.abort(new PortolanError('LEASE_LOST', message, { path: this.#folder, fence: this.fence }))
  }
}

function describe(folder: string, state: LeaseState | undefined): string {
  const who = state === undefined ? 'another process' : `process ${state.holder.pid} on ${state.holder.host}`
  return `${folder} is in use by ${who}`
}

function held(folder: string, state: LeaseState | undefined): PortolanError {
  return new PortolanError(
    'FILE_UNWRITABLE',
    `${describe(folder, state)}; wait for it to end, or use another folder`,
    { path: folder, holder: state?.holder ?? {} },
  )
}
