import { isWithoutCatalog } from '../replication/collect.ts'
import { isEmptyListing, type LegacyCheck } from '../replication/legacy/check-legacy.ts'
import { EXIT } from './exit-code.ts'
import { formatCount } from './format-quantity.ts'
import { printable } from './print.ts'
import { formatTable } from './table.ts'

/** What became of the list. */
export interface WrittenList {
  readonly written: boolean
  /** Where it is, or would be; absent where no file is named. */
  readonly file?: string
  /** Why it was not written. */
  readonly why?: string
  /** Whether that is a fault. */
  readonly refused?: true
}

/** A check, and what was done with what came of it. */
export interface LegacyReport extends LegacyCheck {
  readonly file: WrittenList
  /** Whether the file is what the config names as `legacy.list`. */
  readonly isNamed: boolean
  /** Whether the repositories were those of the catalog of a registry. */
  readonly byCatalog: boolean
  /** A command that copies an image that is not there, where one can be given. */
  readonly copy?: string
}

/** Of each kind. */
const SHOWN = 10

/**
 * The exit code of a check: 1 when something is missing or different, or the list may not be written; 3 when that is not so,
 * but somebody did not say.
 */
export function legacyExitCode({ list: { counts }, incomplete, file }: LegacyReport): number {
  if (counts.missing + counts.different > 0) return EXIT.failed
  if (counts.unknown > 0 || incomplete.length > 0) return EXIT.unreachable
  return file.refused ? EXIT.failed : EXIT.done
}

/** A check for people: what was looked at, what is not as it must be, and at the end what to do. */
export function formatLegacyReport(report: LegacyReport): string {
  const { list, excepted } = report
  const { repositories, tags, manifests, blobs, referrers } = list.counts
  const counts = [
    formatCount(repositories, 'repository', 'repositories'),
    formatCount(tags, 'tag'),
    formatCount(manifests, 'manifest'),
    formatCount(blobs, 'blob'),
    formatCount(referrers, 'referrer'),
  ].join(', ')
  const accepted = excepted.slice(0, SHOWN).map(({ kind, image }) => `${kind}: ${image}`)
  const blocks = [
    ...block('What it has is not known whole', incompleteLines(report)),
    ...findingTables(list),
    ...block('Accepted by --except', [...accepted, ...more(list.counts.excepted)]),
  ]
  const head = `${list.host}, as ${list.listedFrom} had it at ${list.listed}: ${counts}.`
  const last = [verdict(report), fileSentence(report)].filter((sentence) => sentence !== '').join(' ')
  return `${[head, ...blocks, last].join(blocks.length === 0 ? '\n' : '\n\n')}\n`
}

function incompleteLines({ incomplete, byCatalog }: LegacyReport): string[] {
  const first = incomplete.slice(0, SHOWN).map(({ message }) => message)
  const needsNames = byCatalog && incomplete.some((fault) => isWithoutCatalog(fault) || isEmptyListing(fault))
  const advice =
    'name its repositories with --repositories FILE, or use --repositories childRepositories for Artifact Registry'
  return [...first, ...more(incomplete.length), ...(needsNames ? [advice] : [])]
}

function findingTables({ findings, counts }: LegacyReport['list']): string[] {
  return (['missing', 'different', 'unknown'] as const).flatMap((kind) => {
    const rows = findings.filter((finding) => finding.kind === kind).slice(0, SHOWN)
    if (rows.length === 0) return []
    const cells = rows.map(({ what, image, message }) => [what, image, printable(message)])
    const left = counts[kind] - rows.length
    const table = formatTable(['what', 'image', 'found'], cells)
    return [`${kind}: ${counts[kind]}\n${table}${left > 0 ? `\n  … and ${left} more` : ''}`]
  })
}

function block(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [[`${title}:`, ...lines.map((line) => `  ${printable(line)}`)].join('\n')]
}

function more(count: number): string[] {
  return count > SHOWN ? [`… and ${count - SHOWN} more`] : []
}

function verdict({ list, incomplete, copy }: LegacyReport): string {
  const { missing, different, unknown, excepted } = list.counts
  if (missing + different > 0) {
    const parts = [
      ...(missing > 0 ? [`${missing} missing`] : []),
      ...(different > 0 ? [`${different} different`] : []),
      ...(unknown > 0 ? [`${unknown} not known`] : []),
    ]
    const how = copy === undefined ? 'Bring them there' : `Copy what is missing, such as by "${copy}"`
    const lacksBlobs = list.findings.some(({ kind, what }) => kind === 'missing' && what === 'blob')
    const blobs = lacksBlobs
      ? ' A copy believes a registry that has a manifest, so that one whose blobs are missing has to be deleted there before.'
      : ''
    return `At ${list.successor}: ${parts.join(', ')}. ${how}, or accept them with --except, and check again.${blobs}`
  }
  if (unknown > 0)
    return `At ${list.successor}, nothing is known to be missing, but of ${unknown} nobody said. Check again.`
  if (incomplete.length > 0)
    return list.counts.tags === 0 ? '' : `At ${list.successor}, nothing is missing of what is known.`
  return excepted > 0
    ? `All of it is at ${list.successor}, but for what is accepted.`
    : `All of it is at ${list.successor}.`
}

function fileSentence({ file: { written, file, why }, isNamed }: LegacyReport): string {
  if (!written)
    return `Nothing is written: ${why ?? 'neither --out nor legacy.list of the config names a file'}.`
  const named = isNamed ? '' : '; the door goes by it when legacy.list of the config names it'
  return `Written: ${file}${named}.`
}
