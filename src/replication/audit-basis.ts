import type { Inventory } from '../inventory/inventory.ts'
import { type ExpectedObject, expectedObjects, keyOfEntry } from './content-keys.ts'
import type { Reachable } from './reachable.ts'
import type { Target } from './target.ts'

/** What a store is compared with. */
export interface AuditBasis {
  /**
   * `upstream`: all that the tags lead to. `inventory`: what the store's own inventory lists, since the upstream says
   * nothing. `both`: since the upstream says only a part. `nothing`: neither is there.
   */
  readonly kind: 'upstream' | 'inventory' | 'both' | 'nothing'
  /** What should be there, by key. */
  readonly expected: ReadonlyMap<string, ExpectedObject>
}

/** What can be known of what a store should hold, by key. */
export function basisOf(target: Target, reachable: Reachable, inventory: Inventory | undefined): AuditBasis {
  const expected = expectedObjects(target, reachable)
  if (knowsAll(reachable)) return { kind: 'upstream', expected }
  const knowsSome = expected.size > 0
  if (inventory === undefined) return { kind: knowsSome ? 'upstream' : 'nothing', expected }
  for (const entry of inventory.entries()) {
    const key = keyOfEntry(target, entry)
    if (key !== undefined && !expected.has(key)) expected.set(key, { key, ...entry })
  }
  return { kind: knowsSome ? 'both' : 'inventory', expected }
}

/** Whether the upstream says all that it has: one that lists nothing is taken for one that does not. */
export function knowsAll({ faults, images }: Reachable): boolean {
  return faults.length === 0 && images.length > 0
}
