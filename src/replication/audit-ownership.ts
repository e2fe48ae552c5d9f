import { fetchInventory, fetchInventoryPointer } from '../backends/inventory/fetch-inventory.ts'
import { fetchOwnership } from '../backends/ownership/fetch-ownership.ts'
import {
  OWNERSHIP_MAX_BYTES,
  type OwnershipDemand,
  type ProvenOwnership,
  verifyOwnership,
} from '../backends/ownership/ownership.ts'
import type { OwnershipPolicy } from '../backends/ownership/ownership-policy.ts'
import { faultBesideProof, faultOfPointer } from '../backends/ownership/pointer-proof.ts'
import { PortolanError } from '../errors.ts'
import { INVENTORY_POINTER_PATH, OWNERSHIP_PATH } from '../inventory/paths.ts'
import type { InventoryPointer } from '../inventory/pointer.ts'
import type { Fetch, Runtime } from '../runtime.ts'
import type { AuditFindings } from './audit-findings.ts'
import type { FoundInventory } from './store-inventory.ts'
import type { Target } from './target.ts'

/** By what a store's proof of ownership and its inventory are judged. */
export interface OwnershipAudit {
  readonly policy: OwnershipPolicy
  readonly runtime: Pick<Runtime, 'fetch' | 'date'>
  readonly findings: AuditFindings
  /** Told of what is no fault yet. */
  readonly note: (message: string) => void
}

/** A proof that will be too old within so many milliseconds is worth a note. */
const SOON = 3 * 86_400_000

/**
 * Proves of a store that it shows whose it is, both as it lies there and as doors fetch it, and that its inventory is
 * the one that was signed with it.
 */
export async function auditOwnership(
  target: Target,
  pointer: InventoryPointer | 'absent' | 'unread',
  parts: OwnershipAudit,
): Promise<void> {
  const { policy, runtime, findings, note } = parts
  const now = runtime.date().getTime()
  const demand = { ...policy, store: target.id, storeUrl: target.url, now }
  const held = await readProof(target, demand, findings)
  if (held !== undefined) {
    const left = held.issued + policy.maxAge - now
    if (left < SOON) note(`${OWNERSHIP_PATH} will be too old at ${dateOf(held.issued + policy.maxAge)}`)
    if (held.inventory === undefined) {
      note(
        `${OWNERSHIP_PATH} is of version 1 and goes with any inventory; the next sync writes one that does not`,
      )
    }
    await auditServedProof(target, demand, runtime.fetch, findings)
  }
  if (pointer !== 'unread') await auditPointer(pointer, held, demand, parts)
}

/** What a store's proof says; nothing, and a finding, when it does not hold. */
async function readProof(
  { objects }: Target,
  demand: OwnershipDemand,
  findings: AuditFindings,
): Promise<ProvenOwnership | undefined> {
  try {
    const found = await objects.read(OWNERSHIP_PATH, OWNERSHIP_MAX_BYTES)
    const verdict = found && (await verifyOwnership(found.bytes, demand))
    if (verdict?.kind === 'proven') return verdict
    findings.add('unproven', `${OWNERSHIP_PATH}: ${verdict?.why ?? 'it is not there'}`)
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error
    const kind = error.code === 'CONTENT_INVALID' ? 'unproven' : 'unreadable'
    findings.add(kind, `${OWNERSHIP_PATH}: ${error.message}`)
  }
  return undefined
}

/** As doors fetch it: one that a store does not show them is as good as none. */
async function auditServedProof(
  { url }: Target,
  demand: OwnershipDemand,
  fetch: Fetch,
  findings: AuditFindings,
): Promise<void> {
  const served = await fetchOwnership(url, demand, fetch)
  if (served.kind === 'proven') return
  const fault = served.kind === 'refused' ? served : served.failure
  const why = 'why' in fault ? fault.why : 'it does not come'
  findings.add('notPublic', `${url}/${OWNERSHIP_PATH}: ${why}`)
}

async function auditPointer(
  pointer: InventoryPointer | 'absent',
  proven: ProvenOwnership | undefined,
  demand: OwnershipDemand,
  { findings, note }: OwnershipAudit,
): Promise<void> {
  if (pointer === 'absent') {
    if (proven?.inventory === undefined || proven.inventory === 'none') return
    const message = `the proof of ownership of ${dateOf(proven.issued)} goes with the inventory ${proven.inventory}, which cannot be had`
    findings.add('swapped', message)
    return
  }
  const fault = (await faultOfPointer(pointer, demand)) ?? (proven && faultBesideProof(pointer, proven))
  if (fault !== undefined) findings.add('swapped', `${INVENTORY_POINTER_PATH}: ${fault}`)
  else if (pointer.proof === undefined)
    note(`${INVENTORY_POINTER_PATH} is not signed; the next sync signs it`)
}

/** Finds that an inventory does not come as it lies in the store, whoever looks for it: doors go by what comes. */
export async function auditServedInventory(
  { url }: Target,
  { pointer }: FoundInventory,
  { fetch }: Pick<Runtime, 'fetch'>,
  findings: AuditFindings,
  signal: AbortSignal,
): Promise<void> {
  try {
    const served = await fetchInventoryPointer(url, undefined, fetch)
    if (served !== 'unchanged' && served.pointer.digest !== pointer.digest) {
      const message = `${url}/${INVENTORY_POINTER_PATH} names ${served.pointer.digest}; in the store it names ${pointer.digest}`
      findings.add('notPublic', message)
      return
    }
    await fetchInventory(url, pointer, fetch, signal)
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error
    findings.add('notPublic', `${url}: ${error.message}`)
  }
}

function dateOf(moment: number): string {
  return new Date(moment).toISOString()
}
