import type { Name, Tag } from '../oci/name.ts'
import { compareTags } from '../oci/tag-order.ts'
import { faultReply } from './fault-reply.ts'
import { jsonReply } from './json-reply.ts'
import type { DoorReply } from './reply.ts'

/**
 * Answers a request for tags with the page that its query (raw, with or without `?`) asks for; `tags` are all there are,
 * in the order of lists. The link to the next page leads to the door itself, whoever the tags came from.
 */
export function answerTags(name: Name, tags: readonly Tag[], rawQuery: string): DoorReply {
  const query = new URLSearchParams(rawQuery)
  const limit = query.get('n')
  if (limit !== null && !/^[0-9]+$/.test(limit)) {
    return faultReply({ code: 'UNSUPPORTED', message: 'n must be a number of tags, 0 or more' }, 400)
  }
  const last = query.get('last')
  const rest = last === null ? tags : tags.filter((tag) => compareTags(tag, last) > 0)
  const page = limit === null ? rest : rest.slice(0, Number(limit))
  const reply = jsonReply('application/json', { name, tags: page })
  // OCI distribution spec 1.1, "Listing Tags": no Link when n is 0, nor when nothing is left.
  if (page.length > 0 && page.length < rest.length) {
    // Whom a client of a mirror means has to be said on each page.
    const namespace = query.get('ns')
    const kept = namespace === null ? '' : `&ns=${encodeURIComponent(namespace)}`
    reply.headers.Link = `</v2/${name}/tags/list?n=${limit}&last=${page.at(-1)}${kept}>; rel="next"`
  }
  return reply
}
