import type { LegacyCheckEvent } from '../../replication/legacy/check-legacy.ts'
import { cut } from './copy-lines.ts'
import type { Board } from './progress.ts'

/** What a check of an old name tells, and what is said beside it. */
export type LegacyProgressEvent = LegacyCheckEvent | { readonly kind: 'note'; readonly message: string }

/** How far a check of an old name is. */
export function createLegacyBoard(): Board<LegacyProgressEvent> {
  let sums = { done: 0, total: 0, tags: 0, manifests: 0, blobs: 0, referrers: 0 }
  return {
    note(event) {
      if (event.kind !== 'legacy') return false
      const { kind: _, ...counts } = event
      sums = counts
      return true
    },
    sums: () => sums,
    draw(_, { width }) {
      const { done, total, tags, manifests, blobs } = sums
      if (total === 0) return [cut('listing the repositories of the old name', width)]
      const counts = `${tags} tags, ${manifests} manifests, ${blobs} blobs`
      return [cut(`${done} of ${total} repositories; looked at ${counts}`, width)]
    },
  }
}
