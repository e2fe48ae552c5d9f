import type { PortolanError } from '../errors.ts'
import type { AuditReport } from '../replication/audit-report.ts'
import type { DeletedOrphans, Orphan } from '../replication/orphans.ts'
import { EXIT } from './exit-code.ts'
import { formatBytes, formatCount, formatTime } from './format-quantity.ts'
import { formatTable } from './table.ts'

/**
 * The exit code of an audit: 1 when something is known to be wrong, 3 when nothing is, but a store, a registry or the upstream
 * would not say.
 */
export function auditExitCode(
  { stores, registries }: AuditReport,
  faults: readonly Pick<PortolanError, 'code'>[],
): number {
  const kinds = [...stores, ...registries].flatMap(({ findings }) => findings.map(({ kind }) => kind))
  const isWrong =
    kinds.some((kind) => kind !== 'unreadable') || faults.some(({ code }) => code !== 'UNREACHABLE')
  if (isWrong) return EXIT.failed
  return kinds.length + faults.length > 0 ? EXIT.unreachable : EXIT.done
}

/** The orphans that may go: old enough, and in no inventory. */
export function oldOrphans({ at, stores }: AuditReport, olderThan: number): readonly Orphan[] {
  return stores
    .flatMap(({ orphans = [] }) => orphans)
    .filter(({ modified, isListed }) => !isListed && at - modified >= olderThan)
}

/** The list of what is about to be deleted, every object of it. */
export function describeOrphans(orphans: readonly Orphan[], now: number): string {
  if (orphans.length === 0) return '\nThere is no orphan to delete: none is old enough and in no inventory.\n'
  const table = formatTable(
    ['store', 'bytes', 'age', 'key'],
    orphans.map(({ store, size, modified, key }) => [
      store,
      formatBytes(size),
      formatTime(now - modified),
      key,
    ]),
  )
  return `\nOrphans to delete:\n\n${table}\n\n`
}

/** What was deleted, and what was not. */
export function describeDeletion({ deleted, kept }: DeletedOrphans): string {
  const bytes = deleted.reduce((sum, { size }) => sum + size, 0)
  return [
    `Deleted ${formatCount(deleted.length, 'object')} (${formatBytes(bytes)}).`,
    ...kept.map(({ orphan: { store, key }, why }) => `  kept in ${store}: ${key}: ${why}`),
    '',
  ].join('\n')
}
