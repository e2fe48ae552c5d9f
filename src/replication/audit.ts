import { Semaphore } from '../internal/semaphore.ts'
import { untilAborted } from '../internal/until-aborted.ts'
import { createImageFinder } from './affected-images.ts'
import { AuditFindings } from './audit-findings.ts'
import type { AuditOptions } from './audit-options.ts'
import type { AuditReport } from './audit-report.ts'
import { StoreAuditor } from './audit-store.ts'
import type { Reachable } from './reachable.ts'
import { RegistryAuditor } from './registries/audit-registry.ts'
import type { FilledRegistry } from './registries/filled-registry.ts'
import type { Target } from './target.ts'

const STORES_AT_ONCE = 4

/**
 * Proves of each store that it holds all that is reachable, unaltered and for everyone to fetch, that its inventory
 * says so and is signed together with its proof of ownership, and tells what else lies there. Stores are audited by
 * themselves: what one refuses concerns no other. What the upstream does not say is taken from the inventories.
 *
 * Of a registry that is filled, it proves that the chosen tags stand there for the same, and that all that they lead to is
 * there, unaltered.
 *
 * No sync should run meanwhile: what it has stored and not yet listed looks stale.
 */
export async function audit(
  reachable: Reachable,
  targets: readonly Target[],
  options: AuditOptions,
  filled: readonly FilledRegistry[] = [],
): Promise<AuditReport> {
  const at = options.runtime.date().getTime()
  const imagesOf = createImageFinder(reachable)
  const auditing = new Semaphore(STORES_AT_ONCE).map(targets, (target) =>
    new StoreAuditor(target, reachable, new AuditFindings(imagesOf), options).audit(),
  )
  const auditingRegistries = new Semaphore(STORES_AT_ONCE).map(filled, (registry) =>
    new RegistryAuditor(registry, reachable, new AuditFindings(imagesOf), options).audit(),
  )
  const both = Promise.all([auditing, auditingRegistries])
  const [stores, registries] = await untilAborted(options.signal, both)
  return { at, stores, registries, faults: reachable.faults.map(({ message }) => message) }
}
