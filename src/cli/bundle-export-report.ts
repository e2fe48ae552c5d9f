import type { BundleIndex, MissingContent } from '../bundle/form.ts'
import { EXIT } from './exit-code.ts'
import { formatBytes, formatCount } from './format-quantity.ts'

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
  readonly missing: readonly MissingContent[]
}

/** Lines of one kind that the text has; all of them are in the JSON. */
const LISTED = 200

/** Sums a bundle up. */
export function exportReport(
  status: ExportReport['status'],
  folder: string,
  index: BundleIndex,
  resumedFrom: number,
): ExportReport {
  const { partSize, length, images, contents, assumed, missing } = index
  const manifests = contents.filter(({ mediaType }) => mediaType !== undefined).length
  return {
    ...{ status, folder, resumedFrom, images, missing, manifests },
    parts: partSize === null ? 1 : Math.ceil(length / partSize),
    bytes: length,
    blobs: contents.length - manifests,
    assumed: assumed.length,
  }
}

/** The exit code of an export: 1 when the bundle is not complete, or nobody knows whether it is. */
export function exportExitCode({ missing }: ExportReport, allowUnknown: boolean): number {
  const counts = missing.filter(({ why }) => !allowUnknown || why !== 'unknown')
  return counts.length === 0 ? EXIT.done : EXIT.failed
}

/** What an export did, as text for people. */
export function describeExport(report: ExportReport): string {
  const { status, folder, parts, bytes, resumedFrom, images, manifests, blobs, assumed, missing } = report
  const before = resumedFrom === 0 ? '' : `, ${formatBytes(resumedFrom)} of it by an earlier run`
  const there =
    assumed === 0 ? '' : ` Left out, as the other side has it: ${formatCount(assumed, 'content')}.`
  return [
    ...listed(images, ({ name, digest }) => `${name.replace(/@.*$/, '')} ${digest}`),
    '',
    `${status === 'written' ? 'Written to' : 'To be written to'} ${folder}: ${formatCount(parts, 'part')} of ${formatBytes(bytes)} together${before}.`,
    `${formatCount(images.length, 'image')}, ${formatCount(manifests, 'manifest')}, ${formatCount(blobs, 'blob')}.${there}`,
    missing.length === 0
      ? 'It is complete.'
      : `It is not known to be complete; of ${formatCount(missing.length, 'thing')}:`,
    ...listed(missing, ({ why, message }) => `${why.padEnd(7)} ${message}`),
    '',
  ].join('\n')
}

function listed<Item>(items: readonly Item[], write: (item: Item) => string): string[] {
  const more = items.length > LISTED ? [`and ${items.length - LISTED} more`] : []
  return [...items.slice(0, LISTED).map(write), ...more]
}
