import { PortolanError } from '../errors.ts'
import type { ObjectInfo } from '../storage/object-store.ts'
import { digestOfKey, type ExpectedObject, keyPrefixes } from './content-keys.ts'
import { StrangerCount, type Strangers } from './strangers.ts'
import type { Target } from './target.ts'

/** What a store holds at the paths of its blobs and manifests, by key. */
export type Listing = ReadonlyMap<string, ObjectInfo>

/** What a store holds. */
export interface ListedContent {
  readonly listing: Listing
  /** Absent where the store lists nothing but the paths of digests. */
  readonly strangers?: Strangers
}

const PROGRESS_STEP = 1000

/** Lists all of a store; of one that is shared with too much else, or that lists no more, the paths of digests alone. */
export async function listContent(
  target: Target,
  expected: ReadonlyMap<string, ExpectedObject>,
  progress: (done: number) => void,
  signal?: AbortSignal,
): Promise<ListedContent> {
  const listing = new Map<string, ObjectInfo>()
  const strangers = new StrangerCount()
  const take = async (prefix: string) => {
    for await (const info of target.objects.list(prefix)) {
      signal?.throwIfAborted()
      if (!expected.has(info.key) && digestOfKey(target, info.key) === undefined) {
        if (prefix === '') strangers.add(info)
        if (prefix === '' && strangers.isFull) return
        continue
      }
      listing.set(info.key, info)
      if (listing.size % PROGRESS_STEP === 0) progress(listing.size)
    }
  }
  const refusal = await take('').then(() => undefined, refusalOf)
  if (refusal !== undefined || strangers.isFull) for (const prefix of keyPrefixes(target)) await take(prefix)
  progress(listing.size)
  return { listing, ...(refusal === undefined && { strangers: strangers.all }) }
}

/** Permissions may be for the paths of digests alone. */
function refusalOf(error: unknown): PortolanError {
  if (error instanceof PortolanError && error.code === 'STORE_REFUSED') return error
  throw error
}
