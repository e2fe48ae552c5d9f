import type { SyncFault } from '../replication/events.ts'
import type { StoreReport, SyncReport } from '../replication/sync-report.ts'
import { EXIT } from './exit-code.ts'
import { formatBytes, formatCount } from './format-quantity.ts'
import { formatTable } from './table.ts'

/** Faults that the text names; all of them are in the JSON. */
const FAULTS_LISTED = 50

/**
 * The exit code of a sync: 3 when all that went wrong is that something could not be reached, 1 too when what is chosen
 * is nothing, which nobody means.
 */
export function syncExitCode(report: SyncReport): number {
  const { dryRun, interrupted, stores, faults } = report
  if (faults.length > 0) return exitCodeOfFaults(faults)
  if (isOfNothing(report)) return EXIT.failed
  const done = dryRun || (!interrupted && stores.every(({ complete }) => complete))
  return done ? EXIT.done : EXIT.failed
}

/** Whether all could be read, and no image was chosen. */
function isOfNothing({ interrupted, images, faults }: SyncReport): boolean {
  return !interrupted && images === 0 && faults.length === 0
}

/** {@link EXIT.unreachable} when no fault is of another kind. */
export function exitCodeOfFaults(faults: readonly Pick<SyncFault, 'code'>[]): number {
  return faults.every(({ code }) => code === 'UNREACHABLE') ? EXIT.unreachable : EXIT.failed
}

/** What a sync did, or would do, as text for people. */
export function describeSync(report: SyncReport): string {
  const { images, manifests, blobs, faults } = report
  const reached = [
    formatCount(images, 'image'),
    formatCount(manifests, 'manifest'),
    formatCount(blobs, 'blob'),
  ].join(', ')
  return [
    `The chosen tags: ${reached}.`,
    '',
    report.dryRun ? describePlan(report) : describeStores(report.stores),
    '',
    conclusion(report),
    ...describeChecked(report.stores),
    ...(faults.length === 0 ? [] : ['', ...describeFaults(faults)]),
    '',
  ].join('\n')
}

function describePlan({ stores }: SyncReport): string {
  return formatTable(
    ['store', 'lacks blobs', 'manifests', 'bytes', 'location'],
    stores.map((report) => {
      const { store, planned, location } = report
      const counts = [String(planned.blobs), String(planned.manifests), formatBytes(planned.bytes)]
      return [store, ...(isUnread(report) ? counts.map(() => '?') : counts), location]
    }),
  )
}

function describeStores(stores: readonly StoreReport[]): string {
  return formatTable(
    ['store', 'holds', 'stored', 'bytes', 'failed', 'withheld', 'complete', 'location'],
    stores.map((report) => {
      const { store, held, stored, failed, withheld, complete, location } = report
      return [
        store,
        isUnread(report) ? '?' : String(held),
        String(stored.blobs + stored.manifests),
        formatBytes(stored.bytes),
        String(failed),
        String(withheld),
        complete ? 'yes' : report.lacking === 0 ? 'unknown' : 'no',
        location,
      ]
    }),
  )
}

/** A store that did not say what it holds. */
function isUnread({ lacking }: StoreReport): boolean {
  return lacking === undefined
}

/** How much of what was believed was looked at. */
function describeChecked(stores: readonly StoreReport[]): string[] {
  const sum = (of: (checked: StoreReport['checked']) => number) =>
    stores.reduce((total, { checked }) => total + of(checked), 0)
  const objects = sum((checked) => checked.objects)
  if (objects === 0) return []
  const read = `${sum((checked) => checked.read)} (${formatBytes(sum((checked) => checked.bytes))})`
  return [
    `Of what stores were known to hold, ${formatCount(objects, 'object')} were looked at again, ${read} whole.`,
  ]
}

function conclusion(report: SyncReport): string {
  const { dryRun, interrupted, download, downloaded, stores, faults } = report
  if (isOfNothing(report))
    return 'Nothing was chosen: no repository and tag of the upstream match what "sync" of the config, --repository and --tag ask for.'
  if (dryRun) {
    const what = `${formatCount(download.blobs, 'blob')} (${formatBytes(download.bytes)})`
    return `Nothing was changed: this is the plan. It downloads ${what}, each once for all stores.`
  }
  const from = `Downloaded ${formatBytes(downloaded)}.`
  if (interrupted) return `${from} Interrupted: the next run goes on from here.`
  const lacking = stores.filter((report) => report.lacking !== 0).map(({ store }) => store)
  if (lacking.length > 0) return `${from} Not complete: ${lacking.join(', ')}.`
  // What hides behind a fault of the upstream is in nobody's count.
  return faults.some(({ store }) => store === undefined)
    ? `${from} Every store has what could be read at the upstream; whether that is all is not known.`
    : `${from} Every store is complete.`
}

function describeFaults(faults: readonly SyncFault[]): string[] {
  const more = faults.length - FAULTS_LISTED
  return [
    `${formatCount(faults.length, 'fault')}:`,
    ...faults.slice(0, FAULTS_LISTED).map(describeFault),
    ...(more > 0 ? [`  … and ${more} more: --json has all of them`] : []),
  ]
}

function describeFault({ code, message, images = [] }: SyncFault): string {
  const of = images.length === 0 ? '' : ` (${images.join(', ')})`
  return `  ${code}: ${message.replace(/\p{Cc}+/gu, ' ')}${of}`
}
