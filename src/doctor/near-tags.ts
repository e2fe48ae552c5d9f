import { nearestWord } from '../config/suggestion.ts'
import { compareTags } from '../oci/tag-order.ts'

/** How many are offered. */
const OFFERED = 3

/**
 * Tags of a list, as a registry answers it, that are nearest to one that is not in it: those that a slip of the fingers
 * turns into it, then those that sort last, which are the newest of most. None where the list has the tag.
 */
export function nearTags(tag: string, answer: Uint8Array): readonly string[] {
  const tags = tagsOf(answer)
  if (tags.includes(tag)) return []
  const left = new Set(tags)
  const near: string[] = []
  while (near.length < OFFERED) {
    const nearest = nearestWord(tag, left)
    if (nearest === undefined) break
    near.push(nearest)
    left.delete(nearest)
  }
  return near.length > 0 ? near : tags.toSorted(compareTags).reverse().slice(0, OFFERED)
}

function tagsOf(answer: Uint8Array): readonly string[] {
  const list: unknown = JSON.parse(new TextDecoder().decode(answer))
  const { tags } = (list ?? {}) as { tags?: unknown }
  return Array.isArray(tags) ? tags.filter((each) => typeof each === 'string') : []
}
