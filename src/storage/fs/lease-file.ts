import { link, open, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { codeOf } from './folder-failure.ts'
import { HOLDER, type LeaseHolder } from './lease-holder.ts'

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

const STATE = z.object({
  version: z.literal(1),
  owner: z.string().regex(/^[a-z0-9]{1,64}$/),
  holder: HOLDER,
  expiry: z.int().min(MIN_EXPIRY).max(MAX_EXPIRY),
  beat: z.string().regex(/^[0-9]+$/),
  released: z.boolean(),
})

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

function parseLease(text: string): LeaseState | undefined {
  try {
    const { beat, ...state } = STATE.parse(JSON.parse(text))
    return { ...state, beat: Number(beat) }
  } catch {
    return undefined
  }
}
