import type { UnreadPart } from '../migrate/examine.ts'
import type { Finding } from '../migrate/finding.ts'
import type { Mentions } from '../migrate/mention.ts'
import { printable } from './print.ts'
import type { Scanned } from './scan-files.ts'
import { formatTable } from './table.ts'

/** How many files with mentions are named one by one. */
const MENTIONS_MAX = 20
/** The same for lists of a cluster: an account that may list no custom resources has one for each kind. */
const LISTS_MAX = 30

/**
 * The findings as tables: values, then strings of programs, then what is only related, of which one line a name is
 * given unless `related` asks for all. '' when there are none.
 */
export function formatFindings(findings: readonly Finding[], { related = false } = {}): string {
  const notes = [...new Set(findings.flatMap(({ note }) => note ?? []))]
  const groupOf = ({ verdict, confidence, guard }: Finding) =>
    verdict === 'related' && guard === undefined ? 'related' : confidence === 'code' ? 'code' : 'values'
  const of = (group: string) => findings.filter((finding) => groupOf(finding) === group)
  const code = of('code')
  const tables = [
    tableOf(of('values'), notes),
    code.length === 0
      ? ''
      : `strings of programs (rewrite changes them with --include-code)\n${tableOf(code, notes)}`,
    related ? tableOf(of('related'), notes) : namesOf(of('related'), notes),
    notes.map((note, index) => `  [${index + 1}] ${printable(note)}`).join('\n'),
  ]
  return tables.filter((table) => table !== '').join('\n\n')
}

/** What is to be known besides the findings, one line each. */
export function formatRest({ notRead, partlyRead, mentions, cluster }: Scanned): string[] {
  const noun = cluster === undefined ? 'file' : 'object'
  const lists = cluster === undefined ? notRead.length : LISTS_MAX
  const more = (all: readonly unknown[], max: number, text: (number: number) => string) =>
    all.length > max ? [text(all.length - max)] : []
  return [
    ...notRead.slice(0, lists).map(({ path, reason }) => `not read: ${path}: ${reason}`),
    ...more(notRead, lists, (number) => `not read: ${number} more of the cluster (--json names them)`),
    ...partlyRead.map(formatUnread),
    ...mentions
      .slice(0, MENTIONS_MAX)
      .map((one) => (cluster === undefined ? formatMentions(one) : formatPlaceless(one))),
    ...more(
      mentions,
      MENTIONS_MAX,
      (number) => `not understood: ${count(number, `more ${noun}`)} with mentions (--json names them)`,
    ),
  ].map(printable)
}

/** How much there was, in one line. */
export function formatSummary(
  { files, notRead, partlyRead, mentions, cluster }: Scanned,
  { findings, known }: { readonly findings: number; readonly known: number },
): string {
  const broken = partlyRead.filter(({ template }) => !template).length
  const noun = cluster === undefined ? 'file' : 'object'
  const hint = cluster === undefined ? ' (--include-text shows them)' : ''
  const facts = [
    cluster === undefined ? count(files, 'file') : formatCluster(cluster),
    count(findings, 'finding'),
    ...(known > 0 ? [`${known} more known from the baseline`] : []),
    ...(cluster !== undefined && cluster.pullFailures.length > 0
      ? [`${count(cluster.pullFailures.length, 'image')} that pods cannot pull`]
      : []),
    ...(notRead.length > 0 ? [`${notRead.length} not read`] : []),
    ...(broken > 0 ? [`${broken} not fully read`] : []),
    ...(mentions.length > 0
      ? [`${count(mentions.length, noun)} with mentions that were not understood${hint}`]
      : []),
  ]
  return facts.join(', ')
}

function formatCluster({ objects, server, customKinds }: NonNullable<Scanned['cluster']>): string {
  const custom = customKinds === 0 ? '' : ` (${count(customKinds, 'kind')} of custom resources among them)`
  return `${count(objects, 'object')} of ${server}${custom}`
}

/** A part of a file that could not be read as what it is. */
export function formatUnread({ path, line, reason, template }: UnreadPart): string {
  return template
    ? `read by lines: ${path}:${line}: a template that no parser reads`
    : `not fully read: ${path}:${line}: ${reason}`
}

/** The names of a file that were not understood. */
export function formatMentions({ path, count: mentions, line }: Mentions): string {
  return `not understood: ${path}: ${count(mentions, 'mention')}, the first in line ${line}`
}

function formatPlaceless({ path, count: mentions }: Mentions): string {
  return `not understood: ${path}: ${count(mentions, 'mention')}`
}

/** `1 file`, `2 files`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

function tableOf(findings: readonly Finding[], notes: readonly string[]): string {
  if (findings.length === 0) return ''
  const rows = findings.map(({ path, line, column, written, replacement, owner, note, pods }) => [
    printable(`${path}:${line}:${column}`),
    printable(written),
    (replacement ?? '-') + markOf(note, notes),
    printable(owner) + (pods === undefined ? '' : ` (${count(pods, 'pod')})`),
  ])
  return formatTable(['place', 'reference', 'becomes', 'belongs to'], rows)
}

function namesOf(findings: readonly Finding[], notes: readonly string[]): string {
  const names = Map.groupBy(findings, ({ understood, note = '' }) => `${understood}${markOf(note, notes)}`)
  if (names.size === 0) return ''
  const rows = [...names].map(([name, all]) => [
    printable(name),
    count(all.length, 'place'),
    printable(`${all[0]!.path}:${all[0]!.line}`),
  ])
  return formatTable(['related (--related shows each place)', 'places', 'the first'], rows)
}

function markOf(note: string | undefined, notes: readonly string[]): string {
  return note === undefined ? '' : ` [${notes.indexOf(note) + 1}]`
}
