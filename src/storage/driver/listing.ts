import type { ObjectInfo } from '../object-store.ts'
import { untrue } from './failure.ts'

/** One answer to a listing, and what to ask the next one with. */
export interface ListingPage {
  readonly objects: readonly ObjectInfo[]
  readonly next?: string | undefined
}

/** In a row; services give such pages after mass deletion, but not for ever. */
const MAX_EMPTY_PAGES = 1000

/**
 * Every object of a paged listing. Throws `CONTENT_INVALID` when the pages cannot be a listing: keys that do not begin
 * with the prefix, that repeat or run backwards, pages that lead nowhere. So it always ends.
 */
export async function* readPages(
  location: string,
  prefix: string,
  page: (token: string | undefined) => Promise<ListingPage>,
): AsyncGenerator<ObjectInfo> {
  let token: string | undefined
  let last: string | undefined
  let empty = 0
  do {
    const { objects, next } = await page(token)
    for (const object of objects) {
      const { key } = object
      if (!key.startsWith(prefix)) throw untrue(location, key, `it is listed below ${JSON.stringify(prefix)}`)
      if (last !== undefined && compareKeys(last, key) >= 0) {
        throw untrue(location, key, `it is listed after ${JSON.stringify(last)}`)
      }
      last = key
      yield object
    }
    empty = objects.length === 0 ? empty + 1 : 0
    if (next !== undefined && (next === token || empty > MAX_EMPTY_PAGES)) {
      throw untrue(location, prefix, 'its listing does not come to an end')
    }
    token = next
  } while (token !== undefined)
}

/** The order of keys by their UTF-8 bytes, which is that of code points. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const [x, y] = [a.charCodeAt(at), b.charCodeAt(at)]
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

/** In UTF-16, surrogates stand before U+E000 to U+FFFF; what they encode stands after. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
