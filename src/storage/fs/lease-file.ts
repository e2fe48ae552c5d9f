import { link, open, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from './folder-failure.ts'
import { type LeaseHolder, readHolder } from './lease-holder.ts'

/** What a lease's file says. Only its owner ever writes it. */
export interface LeaseState {
  /** Drawn by chance for each lease. */
  readonly owner: string
  readonly holder: LeaseHolder
  /** In milliseconds: whoever has seen no other `beat` for so long may take the next lease. */
  readonly expiry: number
  /** Grows as long as the owner lives. */
  readonly beat: number
  /** The owner has ended, and has left nothing half done. */
  readonly released: boolean
}

/** A lease as it lies in the folder. */
export interface FoundLease {
  /** The highest one is in force. */
  readonly fence: number
  /** To be compared with what it was before. */
  readonly text: string
  /** Absent when it cannot be read: its owner may just be writing it. */
  readonly state?: LeaseState
}

export const MIN_EXPIRY = 1000
export const MAX_EXPIRY = 600_000

const NAME = /^lease-([0-9]{1,15})\.json$/
/** A beat is written over the one before in place, so that every one has the same length. */
const BEAT_DIGITS = 15

export function leaseFile(folder: string, fence: number): string {
  return join(folder, `lease-${fence}.json`)
}

/** The lease in force; `undefined` when there never was one. */
export async function newestLease(folder: string): Promise<FoundLease | undefined> {
  for (;;) {
    const fence = Math.max(0, ...(await leaseFences(folder)))
    if (fence === 0) return undefined
    const text = await readFile(leaseFile(folder, fence), 'utf8').catch((error) => {
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    })
    // Deleted in between: there is a newer one.
    if (text === undefined) continue
    const state = parseLease(text)
    return { fence, text, ...(state && { state }) }
  }
}

/** The numbers of all leases whose files are there. */
export async function leaseFences(folder: string): Promise<number[]> {
  const names = await readdir(folder)
  return names.flatMap((name) => {
    const [, digits] = NAME.exec(name) ?? []
    return digits === undefined ? [] : [Number(digits)]
  })
}

/** Makes the file of a lease, whole and only if there is none of that number; false when there is one. */
export async function createLease(folder: string, fence: number, state: LeaseState): Promise<boolean> {
  const draft = join(folder, `lease.${state.owner}.draft`)
  const handle = await open(draft, 'wx', 0o644)
  try {
    await handle.writeFile(formatLease(state))
    await handle.sync()
    await handle.close()
    // A link appears with its text or not at all, and never over another one, on network file systems too.
    await link(draft, leaseFile(folder, fence))
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  } finally {
    await handle.close().catch(() => {})
    await rm(draft, { force: true })
  }
}

export function formatLease({ beat, ...state }: LeaseState): string {
  const digits = String(beat).padStart(BEAT_DIGITS, '0')
  // With a blank, "true" is as long as "false".
  return `${JSON.stringify({ version: 1, ...state, beat: digits })}${state.released ? ' ' : ''}\n`
}

/** By hand, since whoever fills a folder would load a library for it. */
function parseLease(text: string): LeaseState | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const { version, owner, expiry, beat, released, ...rest } = Object(value) as Readonly<
    Record<string, unknown>
  >
  const holder = readHolder(rest.holder)
  if (version !== 1 || holder === undefined || typeof owner !== 'string') return undefined
  if (typeof expiry !== 'number' || !(expiry >= MIN_EXPIRY && expiry <= MAX_EXPIRY)) return undefined
  if (typeof beat !== 'string' || !/^[0-9]+$/.test(beat) || typeof released !== 'boolean') return undefined
  return { owner, holder, expiry, beat: Number(beat), released }
}
