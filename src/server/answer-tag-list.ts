import type { OciRequest } from '../oci/path.ts'
import type { Decision } from '../routing/decide.ts'
import type { TagLists } from './tag-lists.ts'

/** Where a list of tags is had from. */
export type TagSource = Pick<TagLists, 'list'>

/**
 * Where a client would be sent to an upstream for its list of tags, the door answers it instead, as far as the list can
 * be had. Whoever explains the door asks this too, so that both say the same.
 */
export function answerTagList(
  decision: Decision,
  request: OciRequest,
  source: TagSource,
): Decision | Promise<Decision> {
  if (request.kind !== 'tags' || decision.kind !== 'redirect') return decision
  const { backend, location: _, ...decided } = decision
  if (backend.kind !== 'upstream') return decision
  return source
    .list(backend, request.name)
    .then((tags): Decision => (tags === undefined ? decision : { ...decided, kind: 'answer', backend, tags }))
}
