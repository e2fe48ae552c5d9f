import type { SyncFault } from '../replication/events.ts'
import type { RegistryReport, StoreReport, SyncReport } from '../replication/sync-report.ts'
import { EXIT } from './exit-code.ts'
import { formatBytes, formatCount } from './format-quantity.ts'
import { formatTable } from './table.ts'

/** Faults that the text names; all of them are in the JSON. */
const FAULTS_LISTED = 50
/** Tags beside the chosen ones that the text names. */
const OTHERS_SHOWN = 5

/**
 * The exit code of a sync: 3 when all that went wrong is that something could not be reached, 1 too when what is chosen
 * is nothing, which nobody means.
 */
export function syncExitCode(report: SyncReport): number {
  const { dryRun, interrupted, stores, registries, faults } = report
  if (faults.length > 0) return exitCodeOfFaults(faults)
  if (isOfNothing(report)) return EXIT.failed
  const done = dryRun || (!interrupted && [...stores, ...registries].every(({ complete }) => complete))
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
  const { stores, registries, dryRun } = report
  const rowOf = dryRun ? planOf : outcomeOf
  const tables = [
    ...(stores.length === 0 ? [] : [tableOf('store', stores, rowOf)]),
    ...(registries.length === 0 ? [] : [tableOf('registry', registries, withTags(rowOf))]),
  ]
  return [
    `The chosen tags: ${reached}.`,
    '',
    ...tables.flatMap((table) => [table, '']),
    conclusion(report),
    ...describeOtherTags(registries),
    ...describeChecked([...stores, ...registries]),
    ...(faults.length === 0 ? [] : ['', ...describeFaults(faults)]),
    '',
  ].join('\n')
}

/** The cells of a row behind the first one, by their headings. */
type Row<Report> = (report: Report) => Readonly<Record<string, string>>

function tableOf<Report extends StoreReport>(kind: string, reports: readonly Report[], rowOf: Row<Report>) {
  const rows = reports.map((report) => ({ ...rowOf(report), location: report.location }))
  const headings = Object.keys(rows[0]!)
  return formatTable(
    [kind, ...headings],
    reports.map(({ store }, index) => [store, ...Object.values(rows[index]!)]),
  )
}

const planOf: Row<StoreReport> = (report) => {
  const { blobs, manifests, bytes } = report.planned
  const [blobCount, manifestCount, size] = isUnread(report)
    ? ['?', '?', '?']
    : [String(blobs), String(manifests), formatBytes(bytes)]
  return { 'lacks blobs': blobCount!, manifests: manifestCount!, bytes: size! }
}

const outcomeOf: Row<StoreReport> = (report) => {
  const { held, stored, failed, withheld, complete } = report
  return {
    holds: isUnread(report) ? '?' : String(held),
    stored: String(stored.blobs + stored.manifests),
    bytes: formatBytes(stored.bytes),
    failed: String(failed),
    withheld: String(withheld),
    complete: complete ? 'yes' : report.lacking === 0 ? 'unknown' : 'no',
  }
}

function withTags(rowOf: Row<StoreReport>): Row<RegistryReport> {
  return (report) => {
    const { tags } = report
    return { ...rowOf(report), tags: isUnread(report) ? '?' : `${tags.set} of ${tags.planned}` }
  }
}

/** What a registry has beside what it is to have; nothing deletes it. */
function describeOtherTags(registries: readonly RegistryReport[]): string[] {
  return registries.flatMap(({ store, otherTags }) => {
    if (otherTags === undefined || otherTags.count === 0) return []
    const { count, first } = otherTags
    const shown = first.slice(0, OTHERS_SHOWN).join(', ')
    const more = count > OTHERS_SHOWN ? ` and ${count - OTHERS_SHOWN} more` : ''
    return [
      `Registry ${store} has ${formatCount(count, 'tag')} beside the chosen ones, which stay: ${shown}${more}.`,
    ]
  })
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
    `Of what was known to be there, ${formatCount(objects, 'object')} were looked at again, ${read} whole.`,
  ]
}

function conclusion(report: SyncReport): string {
  const { dryRun, interrupted, download, downloaded, registries, faults } = report
  if (isOfNothing(report))
    return 'Nothing was chosen: no repository and tag of the upstream match what "sync" of the config, --repository and --tag ask for.'
  const stores = [...report.stores, ...registries]
  const everyOne =
    registries.length === 0 ? 'store' : report.stores.length === 0 ? 'registry' : 'store and registry'
  if (dryRun) {
    const what = `${formatCount(download.blobs, 'blob')} (${formatBytes(download.bytes)})`
    return `Nothing was changed: this is the plan. It downloads ${what}, each once for all${registries.length === 0 ? ' stores' : ''}.`
  }
  const from = `Downloaded ${formatBytes(downloaded)}.`
  if (interrupted) return `${from} Interrupted: the next run goes on from here.`
  const lacking = stores.filter((report) => report.lacking !== 0).map(({ store }) => store)
  if (lacking.length > 0) return `${from} Not complete: ${lacking.join(', ')}.`
  // What hides behind a fault of the upstream is in nobody's count.
  return faults.some(({ store }) => store === undefined)
    ? `${from} Every ${everyOne} has what could be read at the upstream; whether that is all is not known.`
    : `${from} Every ${everyOne} is complete.`
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
