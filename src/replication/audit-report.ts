import type { Digest } from '../oci/digest.ts'
import type { AffectedImages } from './affected-images.ts'
import type { AuditBasis } from './audit-basis.ts'
import type { Orphan } from './orphans.ts'
import type { Assurance } from './sample-size.ts'
import type { Strangers } from './strangers.ts'

/** What can be wrong with a store, the worst first. */
export const AUDIT_FINDING_KINDS = [
  /** The inventory is not the one that the operator's key vouches for. */
  'swapped',
  /** The inventory says what is not so: doors send clients to nothing. */
  'mislisted',
  'altered',
  'size',
  'contentType',
  'notPublic',
  'missing',
  /** The store does not prove whose it is: doors that ask for it send no clients there. */
  'unproven',
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
  /** What it was compared with. */
  readonly basis: AuditBasis['kind']
  /** In the order of {@link AUDIT_FINDING_KINDS}. */
  readonly findings: readonly AuditFinding[]
  /** What is no fault, or not yet. */
  readonly notes: readonly string[]
  /** The oldest first; absent when they cannot be told, since not all that is reachable, listed or there is known. */
  readonly orphans?: readonly Orphan[]
  /** What else lies there; absent where the store lists no more than the paths of digests. */
  readonly strangers?: Strangers
  /** Blobs and manifests that it should hold. */
  readonly expected: number
  /** Of these, those that are there in the right size; absent when the store refused to be listed. */
  readonly held?: number
  /** How many were downloaded and compared with their digest, and their bytes. */
  readonly read: number
  readonly readBytes: number
  /** How many were fetched as clients fetch them. */
  readonly fetched: number
  readonly fetchedBytes: number
  /** What all of it took: of the store with credentials, and as clients make them. */
  readonly requests: { readonly store: number; readonly clients: number }
  /** What a sample in which nothing is wrong says of all; absent where all was looked at, or something is wrong. */
  readonly assurance?: Assurance
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
  swapped: 'an inventory that is not the one that was signed',
  mislisted: 'in the inventory, but not so in the store',
  altered: 'altered',
  size: 'of another size',
  contentType: 'served with a wrong Content-Type',
  notPublic: 'not served to clients as it should be',
  missing: 'missing',
  unproven: 'without a proof of ownership that holds',
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
  for (const store of stores) lines.push(...formatStore(store, at))
  return `${lines.join('\n')}\n`
}

function formatStore(audit: StoreAudit, at: number): string[] {
  const { store, location, findings, expected, held, read, readBytes, fetched, notes } = audit
  const there = held === undefined ? `${expected} expected` : `${held} of ${expected} there`
  const lines = [
    `store ${store} (${location}): ${findings.length === 0 ? 'nothing wrong' : `${findings.length} wrong`}; ` +
      `${there}, ${read} read (${formatBytes(readBytes)}), ${fetched} fetched as clients do`,
  ]
  if (audit.basis !== 'upstream') lines.push(`  ${BASES[audit.basis]}`)
  for (const kind of AUDIT_FINDING_KINDS) {
    const some = findings.filter((finding) => finding.kind === kind)
    if (some.length === 0) continue
    lines.push(`  ${TITLES[kind]}: ${some.length}`, ...shorten(some.map(formatFinding), '  '))
  }
  lines.push(...formatOrphans(audit, at), ...formatStrangers(audit))
  lines.push(...notes.map((note) => `  note: ${note}`))
  if (audit.assurance) lines.push(`  ${formatAssurance(audit.assurance)}`)
  const { requests, fetchedBytes } = audit
  lines.push(
    `  it took ${requests.store} requests with credentials, and ${requests.clients} as clients make them (${formatBytes(fetchedBytes)})`,
  )
  return lines
}

const BASES: Readonly<Record<Exclude<AuditBasis['kind'], 'upstream'>, string>> = {
  inventory: 'the upstream says nothing of what it should hold: it is compared with its own inventory alone',
  both: 'the upstream says a part of what it should hold: the rest is taken from its own inventory',
  nothing: 'neither the upstream nor an inventory says what it should hold',
}

function formatOrphans({ orphans }: StoreAudit, at: number): string[] {
  if (orphans === undefined) return ['  orphans: not looked for, since not everything could be read']
  if (orphans.length === 0) return []
  const bytes = orphans.reduce((sum, { size }) => sum + size, 0)
  const age = formatAge(at - orphans[0]!.modified)
  return [
    `  orphans: ${orphans.length}, ${formatBytes(bytes)}, the oldest written ${age} ago`,
    ...shorten(orphans.map(describeObject), '  '),
  ]
}

function formatStrangers({ strangers }: StoreAudit): string[] {
  if (strangers === undefined) return ['  strangers: not looked for, since the store lists no more']
  const { count, bytes, first, isCut } = strangers
  if (count === 0) return []
  return [
    `  strangers, at no path of a digest: ${isCut ? `more than ${count}` : `${count}, ${formatBytes(bytes)}`}`,
    ...shorten(first.map(describeObject), '  ', count),
  ]
}

function describeObject({ key, size }: { readonly key: string; readonly size: number }): string {
  return `${JSON.stringify(key).slice(1, -1)} (${formatBytes(size)})`
}

/** In the words in which a sample was asked for. */
function formatAssurance({ confidence, fewerThan, of }: Assurance): string {
  const most = fewerThan - 1
  const sure = `the sample shows, with ${formatPercent(confidence)} confidence, that`
  if (most === 0) return `${sure} none of ${of.toLocaleString('en')} is bad`
  const share = (100 * most) / of
  // The next number above it of two digits: fewer than that are bad.
  const unit = 10 ** (Math.floor(Math.log10(share)) - 1)
  const above = Number(((Math.floor(share / unit) + 1) * unit).toPrecision(2))
  return `${sure} fewer than ${above} % are bad (at most ${most.toLocaleString('en')} of ${of.toLocaleString('en')})`
}

function formatPercent(share: number): string {
  return `${Number((100 * share).toPrecision(6))} %`
}

function formatFinding({ message, images, imageCount }: AuditFinding): string {
  if (imageCount === 0) return message
  const shown = images.slice(0, IMAGES_SHOWN)
  const more = imageCount - shown.length
  return `${message} (${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''})`
}

function shorten(lines: readonly string[], indent = '', count = lines.length): string[] {
  const shown = lines.slice(0, SHOWN).map((line) => `${indent}  ${line}`)
  return count <= SHOWN ? shown : [...shown, `${indent}  … and ${count - SHOWN} more`]
}

function formatAge(milliseconds: number): string {
  const days = Math.floor(milliseconds / DAY)
  return days === 1 ? '1 day' : `${days} days`
}

function formatBytes(bytes: number): string {
  return `${bytes.toLocaleString('en')} bytes`
}
