import type { Exported } from '../bundle/export-bundle.ts'
import type { BundleIndex, MissingContent } from '../bundle/form.ts'
import type { KnownBy } from '../bundle/known-contents.ts'
import { EXIT } from './exit-code.ts'
import { formatBytes, formatCount } from './format-quantity.ts'
import { printable } from './print.ts'

/** What an export wrote, or would write. */
export interface ExportReport {
  readonly status: 'written' | 'planned'
  readonly folder: string
  readonly parts: number
  /** Of all parts together. */
  readonly bytes: number
  /** Bytes that an earlier run had written. */
  readonly resumedFrom: number
  readonly images: BundleIndex['images']
  readonly manifests: number
  readonly blobs: number
  /** What was left out since the other side has it. */
  readonly assumed: number
  /** The file that says so. */
  readonly since?: { readonly file: string } & KnownBy
  readonly missing: readonly MissingContent[]
}

/** Lines of one kind that the text has; all of them are in the JSON. */
const LISTED = 200

/** Sums a bundle up; `by` is what the file that `since` names was found to be. */
export function exportReport(
  status: ExportReport['status'],
  { output: folder, since }: { readonly output: string; readonly since?: string | undefined },
  { index, resumedFrom }: Exported,
  by: KnownBy | undefined,
): ExportReport {
  const { partSize, length, images, contents, assumed, missing } = index
  const manifests = contents.filter(({ mediaType }) => mediaType !== undefined).length
  return {
    ...{ status, folder, resumedFrom, images, missing, manifests },
    parts: partSize === null ? 1 : Math.ceil(length / partSize),
    bytes: length,
    blobs: contents.length - manifests,
    assumed: assumed.length,
    ...(since !== undefined && by && { since: { file: since, ...by } }),
  }
}

/** The exit code of an export: 1 when the bundle is not complete, or nobody knows whether it is. */
export function exportExitCode({ missing }: ExportReport, allowUnknown: boolean): number {
  const counts = missing.filter(({ why }) => !allowUnknown || why !== 'unknown')
  return counts.length === 0 ? EXIT.done : EXIT.failed
}

/** What an export did, as text for people. */
export function describeExport(report: ExportReport): string {
  const { status, folder, parts, bytes, resumedFrom, images, manifests, blobs, assumed, missing, since } =
    report
  const before = resumedFrom === 0 ? '' : `, ${formatBytes(resumedFrom)} of it by an earlier run`
  const there =
    assumed === 0 ? '' : ` Left out, as the other side has it: ${formatCount(assumed, 'content')}.`
  return [
    ...listed(images, ({ name, digest }) => `${name.replace(/@.*$/, '')} ${digest}`),
    '',
    `${status === 'written' ? 'Written to' : 'To be written to'} ${folder}: ${formatCount(parts, 'part')} of ${formatBytes(bytes)} together${before}.`,
    `${formatCount(images.length, 'image')}, ${formatCount(manifests, 'manifest')}, ${formatCount(blobs, 'blob')}.${there}`,
    ...(since === undefined ? [] : [describeSince(since)]),
    missing.length === 0
      ? 'It is complete.'
      : `It is not known to be complete; of ${formatCount(missing.length, 'thing')}:`,
    ...listed(missing, ({ why, message }) => printable(`${why.padEnd(7)} ${message}`)),
    '',
  ].join('\n')
}

function describeSince(since: NonNullable<ExportReport['since']>): string {
  if (since.kind === 'ledger')
    return `${since.file} is a ledger: it says what was sent, not what has arrived.`
  const signed = {
    valid: 'signed by the holder of the key',
    unchecked: 'signed, but nobody has checked by whom: --key does',
    none: 'not signed',
  }[since.signature]
  return printable(`${since.file} is a receipt of ${since.target}, ${signed}.`)
}

function listed<Item>(items: readonly Item[], write: (item: Item) => string): string[] {
  const more = items.length > LISTED ? [`and ${items.length - LISTED} more`] : []
  return [...items.slice(0, LISTED).map(write), ...more]
}
