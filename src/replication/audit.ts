import { Semaphore } from '../internal/semaphore.ts'
import { untilAborted } from '../internal/until-aborted.ts'
import { createImageFinder } from './affected-images.ts'
import { AuditFindings } from './audit-findings.ts'
import type { AuditOptions } from './audit-options.ts'
import type { AuditReport } from './audit-report.ts'
import { StoreAuditor } from './audit-store.ts'
import type { Reachable } from './reachable.ts'
import type { Target } from './target.ts'

const STORES_AT_ONCE = 4

/**
 * Proves of each store that it holds all that is reachable, unaltered and for everyone to fetch, that its inventory
 * says so and is signed together with its proof of ownership, and tells what else lies there. Stores are audited by
 * themselves: what one refuses concerns no other. What the upstream does not say is taken from the inventories.
 *
 * No sync should run meanwhile: what it has stored and not yet listed looks stale.
 */
export async function audit(
  reachable: Reachable,
  targets: readonly Target[],
  options: AuditOptions,
): Promise<AuditReport> {
  const at = options.runtime.date().getTime()
  const imagesOf = createImageFinder(reachable)
  const auditing = new Semaphore(STORES_AT_ONCE).map(targets, (target) =>
    new StoreAuditor(target, reachable, new AuditFindings(imagesOf), options).audit(),
  )
  const stores = await untilAborted(options.signal, auditing)
  return { at, stores, faults: reachable.faults.map(({ message }) => message) }
}
