import type { Reachable } from '../reachable.ts'
import { zero } from '../recipient.ts'
import { NOTHING_CHECKED } from '../spot-check.ts'
import type { RegistryReport } from '../sync-report.ts'
import type { FilledRegistry } from './filled-registry.ts'
import type { RegistryWork } from './registry-work.ts'

/** Other tags that a report names. */
const OTHERS_NAMED = 20

/** Blobs, manifests and tags that a registry lacks of what is reachable, those of repositories that could not be read too. */
export function countLackingAt({ repositories }: RegistryWork): number {
  const counts = repositories.map(
    ({ lackingBlobs, lackingManifests, lackingTags }) =>
      lackingBlobs.length + lackingManifests.length + lackingTags.length,
  )
  return counts.reduce((sum, count) => sum + count, 0)
}

/** What a sync did with a registry; `work` is absent where it could not be read. */
export function reportRegistry(
  { id, writer }: FilledRegistry,
  work: RegistryWork | undefined,
  reachable: Reachable,
): RegistryReport {
  const common = { store: id, location: writer.location }
  if (work === undefined) {
    return {
      ...{ ...common, checked: NOTHING_CHECKED, planned: zero(), stored: zero(), mounted: 0 },
      ...{ tags: { planned: 0, set: 0 }, failed: 0, withheld: 0, held: 0, complete: false },
    }
  }
  const { checked, failed, withheld, repositories, readable } = work
  const { tags: planned, ...plannedContent } = work.planned
  const { tags: set, mounted, ...stored } = work.stored
  const lacking = countLackingAt(work)
  // What hides behind a fault of the upstream is in nobody's count.
  const isKnown = reachable.faults.length === 0
  const others = readable.flatMap(({ name, others }) => others.map((tag) => `${name}:${tag}`))
  return {
    ...{
      ...common,
      checked,
      planned: plannedContent,
      stored,
      mounted,
      tags: { planned, set },
      failed,
      withheld,
    },
    held: repositories.reduce((sum, { held }) => sum + held, 0),
    ...{ lacking, complete: lacking === 0 && isKnown },
    ...(isKnown && { otherTags: { count: others.length, first: others.slice(0, OTHERS_NAMED) } }),
  }
}
