import { PortolanError } from '../errors.ts'
import type { FreeSpace } from '../storage/free-space.ts'
import type { Plan } from './plan.ts'
import type { Recipient } from './recipient.ts'
import type { StoreWork } from './store-work.ts'

/** What one disk is to take in. */
export interface DiskNeed {
  readonly free: number
  /** Bytes, those of blobs whose size nobody says not among them. */
  readonly needed: number
  readonly stores: readonly StoreWork[]
  /** Whether blobs on their way lie there too. */
  readonly holdsJournal: boolean
}

/**
 * The disks on which a plan does not fit, by what stores and the journal say of theirs. The journal holds as many blobs
 * as are on their way at once, the largest first.
 */
export async function findFullDisks(
  plan: Plan,
  stores: readonly StoreWork[],
  journal: { readonly free: FreeSpace | undefined; readonly concurrency: number },
): Promise<readonly DiskNeed[]> {
  const disks = new Map<
    string,
    { free: number; needed: number; stores: StoreWork[]; holdsJournal: boolean }
  >()
  const diskOf = ({ disk, bytes }: FreeSpace) => {
    const found = disks.get(disk) ?? { free: bytes, needed: 0, stores: [], holdsJournal: false }
    disks.set(disk, found)
    return found
  }
  for (const store of stores) {
    const free = await store.target.objects.free?.()
    if (free === undefined || store.planned.bytes === 0) continue
    const disk = diskOf(free)
    disk.needed += store.planned.bytes
    disk.stores.push(store)
  }
  if (journal.free !== undefined) {
    const disk = diskOf(journal.free)
    const onTheirWay = plan.blobs.slice(0, journal.concurrency)
    disk.needed += onTheirWay.reduce((sum, { blob }) => sum + (blob.size ?? 0), 0)
    disk.holdsJournal = true
  }
  return [...disks.values()].filter(({ needed, free }) => needed > free)
}

/** `STORE_REFUSED`: nothing is sent to a store that would fill its disk half way. */
export function tooLittleSpace(
  { target }: StoreWork,
  { needed, free, stores, holdsJournal }: DiskNeed,
): PortolanError {
  const others = stores.length + (holdsJournal ? 1 : 0) > 1 ? ', with what else of this run lies there,' : ''
  return new PortolanError(
    'STORE_REFUSED',
    `store ${target.id}: the plan${others} needs ${formatBytes(needed)} on the disk of ${target.objects.location}, which has ${formatBytes(free)} left; nothing is sent there`,
    { store: target.id, location: target.objects.location, needed, free },
  )
}

/** What to say when blobs on their way may not find space beside each other. */
export function journalTooSmall({ needed, free }: DiskNeed): string {
  return `the blobs on their way may need ${formatBytes(needed)} on the disk of the journal, which has ${formatBytes(free)} left; lower sync.concurrency, or put sync.journal elsewhere`
}

/** The plan for all other stores. */
export function withoutStores(plan: Plan, refused: ReadonlySet<Recipient>): Plan {
  const blobs = plan.blobs
    .map(({ blob, recipients }) => ({ blob, recipients: recipients.filter((each) => !refused.has(each)) }))
    .filter(({ recipients }) => recipients.length > 0)
  return {
    ...plan,
    blobs,
    manifests: new Map([...plan.manifests].filter(([store]) => !refused.has(store))),
  }
}

function formatBytes(bytes: number): string {
  return `${bytes.toLocaleString('en')} bytes`
}
