import type { BundleFault } from '../bundle/bundle-fault.ts'
import type { BundleIndex } from '../bundle/form.ts'
import type { ImportReport } from '../bundle/import-bundle.ts'
import type { BundleVerification } from '../bundle/verify-bundle.ts'
import { copyExitCode, describeCopy } from './copy-report.ts'
import { EXIT } from './exit-code.ts'
import { formatBytes, formatCount } from './format-quantity.ts'
import { printable } from './print.ts'

/** Lines that the text has of one kind; all of them are in the JSON. */
const LISTED = 200

/** What was found out of a bundle, as text for people. */
export function describeBundle(index: BundleIndex, { contents, bytes, faults }: BundleVerification): string {
  const read = `${formatCount(index.images.length, 'image')}; ${formatCount(contents, 'content')} of ${formatBytes(bytes)} read`
  const counted =
    index.assumed.length === 0
      ? []
      : [`It counts on ${formatCount(index.assumed.length, 'content')} that the target has.`]
  const end = faults.length === 0 ? 'all right' : formatCount(faults.length, 'fault')
  const lacking = listed(index.missing.map(describeMissing))
  return [...listed(faults.map(describeFault)), ...lacking, ...counted, `${read}: ${end}.`, ''].join('\n')
}

/** What an import did, as text for people. */
export function describeImport(report: ImportReport): string {
  const lost = report.lost.map(
    ({ digest, repositories }) =>
      `lost: ${digest}, which the bundle counts on, is not in ${repositories.join(', ')}`,
  )
  return [...listed([...lost, ...report.missing.map(describeMissing)]), describeCopy(report)].join('\n')
}

/** 1 when an image is not whole at the target, or the target has lost what the bundle counts on. */
export function importExitCode(report: ImportReport): number {
  return report.lost.length > 0 ? EXIT.failed : copyExitCode(report)
}

function describeFault({ parts, message }: BundleFault): string {
  return printable(`wrong: ${parts.length === 0 ? '' : `${describeParts(parts)}: `}${message}`)
}

function describeParts(parts: readonly string[]): string {
  return parts.length === 1 ? parts[0]! : `${parts[0]} to ${parts.at(-1)}`
}

function describeMissing({ digest, name, why, message }: BundleIndex['missing'][number]): string {
  const what = [name, digest].filter((each) => each !== undefined).join(' ')
  return printable(`${why}: ${what}: ${message}`)
}

function listed(lines: readonly string[]): readonly string[] {
  if (lines.length <= LISTED) return lines
  return [...lines.slice(0, LISTED), `and ${formatCount(lines.length - LISTED, 'more line')}`]
}
