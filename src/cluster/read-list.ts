import type { ClusterClient } from './client.ts'
import { readListPage } from './list-page.ts'

/** How the reading of a list ended. */
export type ListEnd =
  | { readonly kind: 'complete' | 'forbidden' | 'missing' }
  | { readonly kind: 'failed'; readonly reason: string }

/** Takes a list as it comes. */
export interface ListTaker {
  take(items: readonly unknown[]): void
  /** What was taken does not count: it all comes again. */
  restart(): void
}

export interface ListLimits {
  /** Objects that are asked for at once. */
  readonly pageSize: number
  readonly pagesMax: number
  readonly objectsMax: number
  /** How often a list is begun again. */
  readonly restartsMax: number
}

/** What is listed. */
export interface ListedPlace {
  readonly path: string
  /** Only what agrees with it, in the API's own words. */
  readonly fieldSelector?: string | undefined
}

/** By so much fewer objects are asked for after a page that is too large. */
const SHRINK = 8

/**
 * Reads a list, page by page, with one page in memory at a time (kubernetes.io/docs/reference/using-api/
 * api-concepts, "Retrieving large results sets in chunks"). Where the next page is of a moment that the server no
 * longer remembers (410) it begins anew.
 */
export async function readList(
  client: ClusterClient,
  { path, fieldSelector }: ListedPlace,
  taker: ListTaker,
  { pageSize, pagesMax, objectsMax, restartsMax }: ListLimits,
): Promise<ListEnd> {
  const failed = (reason: string): ListEnd => ({ kind: 'failed', reason })
  const asked = new Set<string>()
  let next: string | undefined
  let limit = pageSize
  let restarts = 0
  let objects = 0
  for (let pages = 0; pages < pagesMax; pages++) {
    const query = new URLSearchParams({
      limit: String(limit),
      ...(fieldSelector !== undefined && { fieldSelector }),
      ...(next !== undefined && { continue: next }),
    })
    const answer = await client.get(`${path}?${query}`)
    if (answer.kind === 'too-large') {
      if (limit === 1) return failed('one object alone is too large')
      limit = Math.ceil(limit / SHRINK)
      continue
    }
    if (answer.kind === 'expired') {
      if (restarts++ >= restartsMax)
        return failed(`its pages expired ${restarts} times before the last one came`)
      taker.restart()
      next = undefined
      objects = 0
      asked.clear()
      continue
    }
    if (answer.kind !== 'found') return answer
    const page = readListPage(answer.value)
    if (page === undefined) return failed('the answer is no list')
    taker.take(page.items)
    objects += page.items.length
    if (page.next === undefined) return { kind: 'complete' }
    if (objects > objectsMax) return failed(`it has more than ${objectsMax} objects`)
    if (asked.has(page.next)) return failed('its pages lead back to where they were')
    asked.add(page.next)
    next = page.next
  }
  return failed(`it has more than ${pagesMax} pages`)
}
