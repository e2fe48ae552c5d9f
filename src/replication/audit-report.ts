import type { Digest } from '../oci/digest.ts'
import type { AffectedImages } from './affected-images.ts'
import type { Orphan } from './orphans.ts'

/** What can be wrong with a store, the worst first. */
export const AUDIT_FINDING_KINDS = [
  /** The inventory says what is not so: doors send clients to nothing. */
  'mislisted',
  'altered',
  'size',
  'contentType',
  'notPublic',
  'missing',
  /** The store did not say: nothing is known. */
  'unreadable',
  /** The inventory lacks what is there, or cannot be used: doors send fewer clients than they could. */
  'stale',
] as const

export type AuditFindingKind = (typeof AUDIT_FINDING_KINDS)[number]

/** One thing that is wrong, and the images that would fail to pull by it; plain data. */
export interface AuditFinding extends AffectedImages {
  readonly kind: AuditFindingKind
  /** Says what was found and what was expected. */
  readonly message: string
  readonly key?: string
  readonly digest?: Digest
}

export interface StoreAudit {
  readonly store: string
  readonly location: string
  /** In the order of {@link AUDIT_FINDING_KINDS}. */
  readonly findings: readonly AuditFinding[]
  /** The oldest first; absent when they cannot be told, since not all that is reachable, listed or there is known. */
  readonly orphans?: readonly Orphan[]
  /** Blobs and manifests that it should hold. */
  readonly expected: number
  /** Of these, those that are there in the right size; absent when the store refused to be listed. */
  readonly held?: number
  /** How many were downloaded and compared with their digest, and their bytes. */
  readonly read: number
  readonly readBytes: number
  /** How many were fetched as clients fetch them. */
  readonly fetched: number
}

/** What an audit found; plain data, ready for JSON. */
export interface AuditReport {
  /** When it began, in milliseconds since 1970. */
  readonly at: number
  readonly stores: readonly StoreAudit[]
  /** What could not be read at the upstream: what lies behind it was not looked for. */
  readonly faults: readonly string[]
}

const TITLES: Readonly<Record<AuditFindingKind, string>> = {
  mislisted: 'in the inventory, but not so in the store',
  altered: 'altered',
  size: 'of another size',
  contentType: 'served with a wrong Content-Type',
  notPublic: 'not served to clients as it should be',
  missing: 'missing',
  unreadable: 'not readable',
  stale: 'stale',
}

const SHOWN = 20
const IMAGES_SHOWN = 3
const DAY = 24 * 3_600_000

/** Writes a report for people: each store with its findings, the worst first, the first few of each kind. */
export function formatAudit({ at, stores, faults }: AuditReport): string {
  const lines: string[] = []
  if (faults.length > 0) {
    lines.push(`upstream: ${faults.length} could not be read, so that what lies behind is not audited`)
    lines.push(...shorten(faults))
  }
  for (const { store, location, findings, orphans, expected, held, read, readBytes, fetched } of stores) {
    const there = held === undefined ? `${expected} expected` : `${held} of ${expected} there`
    lines.push(
      `store ${store} (${location}): ${findings.length === 0 ? 'nothing wrong' : `${findings.length} wrong`}; ` +
        `${there}, ${read} read (${formatBytes(readBytes)}), ${fetched} fetched as clients do`,
    )
    for (const kind of AUDIT_FINDING_KINDS) {
      const some = findings.filter((finding) => finding.kind === kind)
      if (some.length === 0) continue
      lines.push(`  ${TITLES[kind]}: ${some.length}`, ...shorten(some.map(formatFinding), '  '))
    }
    if (orphans === undefined) lines.push('  orphans: not looked for, since not everything could be read')
    else if (orphans.length > 0) {
      const bytes = orphans.reduce((sum, { size }) => sum + size, 0)
      const age = formatAge(at - orphans[0]!.modified)
      lines.push(`  orphans: ${orphans.length}, ${formatBytes(bytes)}, the oldest written ${age} ago`)
    }
  }
  return `${lines.join('\n')}\n`
}

function formatFinding({ message, images, imageCount }: AuditFinding): string {
  if (imageCount === 0) return message
  const shown = images.slice(0, IMAGES_SHOWN)
  const more = imageCount - shown.length
  return `${message} (${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''})`
}

function shorten(lines: readonly string[], indent = ''): string[] {
  const shown = lines.slice(0, SHOWN).map((line) => `${indent}  ${line}`)
  return lines.length <= SHOWN ? shown : [...shown, `${indent}  … and ${lines.length - SHOWN} more`]
}

function formatAge(milliseconds: number): string {
  const days = Math.floor(milliseconds / DAY)
  return days === 1 ? '1 day' : `${days} days`
}

function formatBytes(bytes: number): string {
  return `${bytes.toLocaleString('en')} bytes`
}
