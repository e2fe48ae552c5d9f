import type { AuditBasis } from './audit-basis.ts'
import {
  AUDIT_FINDING_KINDS,
  type AuditFinding,
  type AuditFindingKind,
  type AuditReport,
  type RegistryAudit,
  type StoreAudit,
} from './audit-report.ts'
import type { Assurance } from './sample-size.ts'

const TITLES: Readonly<Record<AuditFindingKind, string>> = {
  swapped: 'an inventory that is not the one that was signed',
  mislisted: 'in the inventory, but not so in the store',
  altered: 'altered',
  moved: 'tags that stand for something else',
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
export function formatAudit({ at, stores, registries, faults }: AuditReport): string {
  const lines: string[] = []
  if (faults.length > 0) {
    lines.push(
      `upstream: ${faults.length} could not be read; what lies behind is audited as far as a store's inventory lists it`,
    )
    lines.push(...shorten(faults))
  }
  for (const store of stores) lines.push(...formatStore(store, at))
  for (const registry of registries) lines.push(...formatRegistry(registry))
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
  lines.push(...formatFindings(findings))
  lines.push(...formatOrphans(audit, at), ...formatStrangers(audit))
  lines.push(...notes.map((note) => `  note: ${note}`))
  if (audit.assurance) lines.push(`  ${formatAssurance(audit.assurance)}`)
  const { requests, fetchedBytes } = audit
  lines.push(
    `  it took ${requests.store} requests with credentials, and ${requests.clients} as clients make them (${formatBytes(fetchedBytes)})`,
  )
  return lines
}

function formatRegistry(audit: RegistryAudit): string[] {
  const { store, location, findings, tags, expected, held, read, readBytes, notes, assurance } = audit
  return [
    `registry ${store} (${location}): ${findings.length === 0 ? 'nothing wrong' : `${findings.length} wrong`}; ` +
      `${tags} tags, ${held} of ${expected} there, ${read} read (${formatBytes(readBytes)})`,
    ...formatFindings(findings),
    ...notes.map((note) => `  note: ${note}`),
    ...(assurance ? [`  ${formatAssurance(assurance)}`] : []),
  ]
}

function formatFindings(findings: readonly AuditFinding[]): string[] {
  return AUDIT_FINDING_KINDS.flatMap((kind) => {
    const some = findings.filter((finding) => finding.kind === kind)
    return some.length === 0
      ? []
      : [`  ${TITLES[kind]}: ${some.length}`, ...shorten(some.map(formatFinding), '  ')]
  })
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
