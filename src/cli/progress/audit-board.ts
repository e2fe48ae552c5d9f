import type { AuditEvent } from '../../replication/audit-options.ts'
import type { WalkEvent } from '../../replication/walk.ts'
import { cut, describeWalk } from './copy-lines.ts'
import type { Board } from './progress.ts'

/** What an audit tells: how far the walk is, then each store. */
export type AuditProgressEvent = WalkEvent | ({ readonly kind: 'audit' } & AuditEvent)

const STEPS: Readonly<Record<AuditEvent['step'], string>> = {
  listing: 'listed',
  content: 'read',
  public: 'fetched as clients do',
}

interface AuditSums {
  readonly repositories: { readonly done: number; readonly total: number }
  readonly stores: readonly AuditEvent[]
}

/** How far an audit is. */
export function createAuditBoard(): Board<AuditProgressEvent> {
  let sums: AuditSums = { repositories: { done: 0, total: 0 }, stores: [] }
  return {
    note(event) {
      if (event.kind === 'repository') {
        sums = { ...sums, repositories: { done: event.done, total: event.total } }
      } else if (event.kind === 'audit') {
        const { kind, ...step } = event
        sums = { ...sums, stores: [...sums.stores.filter(({ store }) => store !== step.store), step] }
      } else {
        return false
      }
      return true
    },
    sums: () => sums,
    draw(_, { width }) {
      const { repositories, stores } = sums
      if (stores.length === 0) {
        return [cut(describeWalk(repositories), width)]
      }
      return stores
        .toSorted((a, b) => (a.store < b.store ? -1 : 1))
        .map(({ store, step, done, total }) =>
          cut(`${store}: ${done}${total === undefined ? '' : ` of ${total}`} ${STEPS[step]}`, width),
        )
    },
  }
}
