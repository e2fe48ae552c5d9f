import type { CopiedImage, CopyReport } from '../replication/images/copy-report.ts'
import type { Verification } from '../replication/images/verify-images.ts'
import { EXIT } from './exit-code.ts'
import { formatBytes, formatCount } from './format-quantity.ts'

/** A copy, or an import, which does not say of what went wrong that it may pass. */
type ReportedCopy = Omit<CopyReport, 'isUnreachable'> & Partial<Pick<CopyReport, 'isUnreachable'>>

/** Images that the text names; all of them are in the JSON. */
const LISTED = 200

/**
 * The exit code of a copy: 1 when an image is not whole at the target, or more was wrong with any of them, and 3 when all
 * that went wrong is that somebody could not be reached.
 */
export function copyExitCode(report: ReportedCopy, verification?: Verification): number {
  const isWhole = report.images.every(({ status }) => status !== 'failed') && report.faults.length === 0
  const wrong = [
    ...(isWhole ? [] : [report]),
    ...(verification && verification.faults.length > 0 ? [verification] : []),
  ]
  if (wrong.length === 0) return EXIT.done
  return wrong.every(({ isUnreachable }) => isUnreachable) ? EXIT.unreachable : EXIT.failed
}

/** What a copy did, or would do, as text for people. */
export function describeCopy(report: ReportedCopy, verification?: Verification): string {
  const { images, faults, totals } = report
  const count = (status: CopiedImage['status']) => images.filter((image) => image.status === status).length
  const listed = images.slice(0, LISTED).flatMap(describeImage)
  const more = images.length > LISTED ? [`and ${formatCount(images.length - LISTED, 'image')} more`] : []
  const sums = (['copied', 'planned', 'there', 'failed'] as const)
    .filter((status) => count(status) > 0)
    .map((status) => `${count(status)} ${status}`)
  const sent = `${formatCount(totals.manifests, 'manifest')}, ${formatCount(totals.uploaded, 'blob')} of ${formatBytes(totals.bytes)} sent, ${totals.mounted} mounted, ${totals.there} there`
  // A dry run has sent nothing, and does not know yet what it would.
  const isPlan = count('planned') > 0
  return [
    ...listed,
    ...more,
    '',
    `${formatCount(images.length, 'image')}: ${sums.join(', ')}. ${isPlan ? 'Nothing was written: this is the plan' : sent}.`,
    ...(verification === undefined ? [] : [describeVerification(verification)]),
    ...[...faults, ...(verification?.faults ?? [])].map((fault) => `wrong: ${fault}`),
    '',
  ].join('\n')
}

function describeImage({ source, target, status, faults }: CopiedImage): string[] {
  return [`${status.padEnd(7)} ${source} → ${target}`, ...faults.map((fault) => `        ${fault}`)]
}

function describeVerification({ manifests, blobs, bytes, faults }: Verification): string {
  const read = `${formatCount(manifests, 'manifest')} and ${formatCount(blobs, 'blob')} of ${formatBytes(bytes)}`
  return faults.length === 0
    ? `Read again at the target: ${read}, all right.`
    : `Read again at the target: ${read}.`
}
