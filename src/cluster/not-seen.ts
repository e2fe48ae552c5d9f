import type { ListEnd } from './read-list.ts'
import { type ClusterResource, qualifiedName } from './resources.ts'

/** Objects of a cluster that were not looked at, and why. */
export interface NotSeen {
  readonly reason: string
  /** What was tried. */
  readonly verb: 'list' | 'get'
  /** As RBAC names it, such as `deployments.apps`; `*` for several kinds, a path for what is no object. */
  readonly resource: string
  /** Absent where all of them are meant. */
  readonly namespaces?: readonly string[]
}

/** How many namespaces a reason names; all of them are in the fields. */
const NAMED_MAX = 10

/** What is to be said of a list that was not read to its end; nothing where the cluster simply has none of a group. */
export function notListed(
  resource: ClusterResource,
  end: ListEnd,
  namespaces?: readonly string[],
): NotSeen | undefined {
  if (end.kind === 'complete') return undefined
  // A group of the API may be younger than the cluster, switched off, or taken away a moment ago.
  if (end.kind === 'missing' && resource.versions[0] !== 'v1') return undefined
  const name = qualifiedName(resource)
  const where = namespaces === undefined ? '' : ` in ${shorten(namespaces)}`
  const there = namespaces === undefined ? '' : ' there'
  const why =
    end.kind === 'failed'
      ? end.reason
      : end.kind === 'missing'
        ? 'the API server has none'
        : `needs the right to list ${name}${there}`
  const reason = `cannot list ${name}${where}: ${why}`
  return { verb: 'list', resource: name, ...(namespaces && { namespaces }), reason }
}

function shorten(namespaces: readonly string[]): string {
  const named = namespaces.slice(0, NAMED_MAX).join(', ')
  const more = namespaces.length - NAMED_MAX
  return more > 0 ? `${named} and ${more} more namespaces` : named
}
