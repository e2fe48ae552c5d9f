import { PortolanError } from '../errors.ts'
import type { Digest } from '../oci/digest.ts'
import { digestOfKey } from './content-keys.ts'
import type { Target } from './target.ts'

/** An object at the path of a digest that nothing leads to. */
export interface Orphan {
  readonly store: string
  readonly key: string
  readonly digest: Digest
  readonly size: number
  /** When it was written, in milliseconds since 1970. */
  readonly modified: number
  /** Whether the store's inventory lists it: doors may be sending clients to it. */
  readonly isListed: boolean
}

export interface KeptOrphan {
  readonly orphan: Orphan
  readonly why: string
}

export interface DeletedOrphans {
  readonly deleted: readonly Orphan[]
  readonly kept: readonly KeptOrphan[]
}

export interface DeleteOptions {
  /** How old an object must be, in milliseconds: younger ones may be of a sync that is under way. */
  readonly olderThan: number
  /** In milliseconds since 1970. */
  readonly now: number
}

/**
 * Deletes orphans that an audit listed. Kept are those that are too young, that an inventory lists, or that are not what
 * they were when they were listed; so is whatever is not at the path of a digest, wherever the list came from.
 */
export async function deleteOrphans(
  orphans: readonly Orphan[],
  targets: readonly Target[],
  options: DeleteOptions,
): Promise<DeletedOrphans> {
  const deleted: Orphan[] = []
  const kept: KeptOrphan[] = []
  for (const orphan of orphans) {
    const why = await deleteOrphan(
      orphan,
      targets.find(({ id }) => id === orphan.store),
      options,
    )
    if (why === undefined) deleted.push(orphan)
    else kept.push({ orphan, why })
  }
  return { deleted, kept }
}

/** Why it was not deleted; `undefined` when it was. */
async function deleteOrphan(
  { key, digest, size, modified, isListed }: Orphan,
  target: Target | undefined,
  { olderThan, now }: DeleteOptions,
): Promise<string | undefined> {
  if (target === undefined) return 'there is no such store'
  if (digestOfKey(target, key) !== digest) return 'it is not at the path of its digest'
  if (isListed) return 'the inventory lists it'
  // Written this way round, so that what is not a number keeps it.
  if (!(now - modified >= olderThan && olderThan >= 0)) return 'it is too young'
  try {
    const found = await target.objects.stat(key)
    if (found === undefined) return 'it is gone already'
    if (found.modified !== modified || found.size !== size) return 'it was written again'
    await target.objects.delete(key)
    return undefined
  } catch (error) {
    if (error instanceof PortolanError) return error.message
    throw error
  }
}
