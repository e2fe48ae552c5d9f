import type { Inventory } from '../inventory/inventory.ts'
import type { AuditFindings } from './audit-findings.ts'
import { digestOfKey, type ExpectedObject, keyOfEntry } from './content-keys.ts'
import type { Listing } from './list-content.ts'
import type { Orphan } from './orphans.ts'
import type { Target } from './target.ts'

/** Compares what should be there with what is; gives what is there in its right size. */
export function auditListing(
  expected: ReadonlyMap<string, ExpectedObject>,
  listing: Listing,
  mislisted: ReadonlySet<string>,
  findings: AuditFindings,
): ExpectedObject[] {
  const held: ExpectedObject[] = []
  for (const object of expected.values()) {
    const { key, size } = object
    const found = listing.get(key)
    if (found !== undefined && (size === undefined || found.size === size)) {
      held.push({ ...object, size: found.size })
      auditContentType(object, found.contentType, findings)
    } else if (mislisted.has(key)) {
      // Said already, and worse.
    } else if (found === undefined) {
      findings.add('missing', `${key} is not there`, object)
    } else {
      findings.add('size', `${key} has ${found.size} bytes; expected ${size}`, object)
    }
  }
  return held
}

/** A manifest is taken by its `Content-Type`, which no digest covers. */
export function auditContentType(
  object: ExpectedObject,
  contentType: string | undefined,
  findings: AuditFindings,
): void {
  const { key, mediaType } = object
  if (mediaType === undefined || contentType === undefined || essence(contentType) === mediaType) return
  findings.add('contentType', `${key} is served as ${essence(contentType)}; expected ${mediaType}`, object)
}

/** A media type without its parameters. */
export function essence(contentType: string): string {
  return contentType.split(';', 1)[0]!.trim()
}

/** Finds what the inventory says and the store does not; gives the keys. */
export function auditInventory(
  target: Target,
  inventory: Inventory,
  listing: Listing,
  findings: AuditFindings,
): ReadonlySet<string> {
  const mislisted = new Set<string>()
  for (const entry of inventory.entries()) {
    const { digest, size } = entry
    const key = keyOfEntry(target, entry)
    const found = key === undefined ? undefined : listing.get(key)
    if (found?.size === size) continue
    const about = key ?? `the manifest ${digest}`
    if (key !== undefined) mislisted.add(key)
    findings.add(
      'mislisted',
      found === undefined
        ? `the inventory lists ${about}, which is not there`
        : `the inventory says that ${about} has ${size} bytes; it has ${found.size}`,
      { key: about, digest },
    )
  }
  return mislisted
}

/** Finds what the store holds, and its inventory does not say; one finding for all of it. */
export function auditStaleness(
  inventory: Inventory | undefined,
  held: readonly ExpectedObject[],
  findings: AuditFindings,
): void {
  if (inventory === undefined) {
    findings.add('stale', 'there is no inventory')
    return
  }
  const unlisted = held.filter(
    ({ digest, mediaType }) =>
      (mediaType === undefined ? inventory.blob(digest) : inventory.manifest(digest)) === undefined,
  )
  if (unlisted.length === 0) return
  const at = new Date(inventory.at).toISOString()
  findings.add(
    'stale',
    `the inventory of ${at} lacks ${unlisted.length} of what is there, such as ${unlisted[0]!.key}`,
  )
}

/** What lies at the path of a digest that it should not hold: somebody may be sent to it all the same. */
export function findUnexpected(
  target: Target,
  expected: ReadonlyMap<string, ExpectedObject>,
  listing: Listing,
): ExpectedObject[] {
  const unexpected: ExpectedObject[] = []
  for (const { key, size } of listing.values()) {
    if (!expected.has(key)) unexpected.push({ key, digest: digestOfKey(target, key)!, size })
  }
  return unexpected
}

/** What lies at the path of a digest that nothing leads to, the oldest first. */
export function findOrphans(
  target: Target,
  expected: ReadonlyMap<string, ExpectedObject>,
  listing: Listing,
  inventory: Inventory | undefined,
): Orphan[] {
  const orphans: Orphan[] = []
  for (const { key, size, modified } of listing.values()) {
    if (expected.has(key)) continue
    const digest = digestOfKey(target, key)!
    const isListed = inventory?.blob(digest) !== undefined || inventory?.manifest(digest) !== undefined
    orphans.push({ store: target.id, key, digest, size, modified, isListed })
  }
  return orphans.sort((a, b) => a.modified - b.modified)
}
