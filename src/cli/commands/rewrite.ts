import { writeFile } from 'node:fs/promises'
import { PortolanError } from '../../errors.ts'
import { unifiedDiff } from '../../migrate/diff.ts'
import type { Examined, UnreadPart } from '../../migrate/examine.ts'
import type { Finding } from '../../migrate/finding.ts'
import { HelmOverride } from '../../migrate/helm-override.ts'
import type { Mentions } from '../../migrate/mention.ts'
import { type Rewritten, rewriteExamined } from '../../migrate/rewrite.ts'
import { pinned, TargetChecker, type Verification } from '../../migrate/verify.ts'
import { withheld } from '../../migrate/withheld.ts'
import { FileExaminer } from '../examine-files.ts'
import { EXIT } from '../exit-code.ts'
import { printable, printLongJson, say } from '../print.ts'
import { readRegistryMap } from '../read-registry-map.ts'
import { formatMentions, formatUnread } from '../scan-report.ts'
import { replaceText } from '../text-file.ts'
import type { RewriteOptions } from './rewrite-spec.ts'

/** What a backup is called after its file; backups are never rewritten. */
const BACKUP_SUFFIX = '.bak'

/** A file that was left, whatever is in it, and why. */
interface NotDone {
  readonly path: string
  readonly reason: string
}

/** What became of one file, as `--json` prints it. */
interface FileReport {
  readonly path: string
  readonly changed: boolean
  readonly written: boolean
  readonly refused?: string
  readonly findings: readonly object[]
  /** Parts of it that could not be read as what they are. */
  readonly partlyRead: readonly UnreadPart[]
  /** Names that were not understood. */
  readonly mentions?: Mentions
  /** Something is left to be done in it. */
  readonly isPending: boolean
}

/**
 * Changes old names in files to new ones: shows a unified diff, or writes. Ends with 1 when something is left to be
 * done (a diff that is not written, a reference that has to be changed by hand, a file that is left alone), with 3 when
 * a registry gave no answer.
 */
export async function runRewrite(paths: readonly string[], options: RewriteOptions): Promise<number> {
  const map = await readRegistryMap(options)
  const files: FileReport[] = []
  const notDone: NotDone[] = []
  const override = options.helmOverride === undefined ? undefined : new HelmOverride()
  const checker = options.verify || options.pin ? await createChecker() : undefined
  let unreachable = false
  const examiner = new FileExaminer(
    {
      map,
      includeText: options.includeText,
      exclude: [...(options.exclude ?? []), `*${BACKUP_SUFFIX}`],
      gitignore: options.ignore,
    },
    ({ path, reason }) => notDone.push({ path, reason: `not read: ${reason}` }),
  )
  for (const looked of examiner.examine(paths)) {
    if (looked.kind === 'clean') continue
    const { path, decoded, examined } = looked.file
    try {
      const { choose, ...verified } = await verify(examined, checker, options)
      unreachable ||= verified.unreachable
      let rewritten = rewriteExamined(examined, { ...options, ...(choose && { choose }) })
      let written = false
      if (override !== undefined && rewritten.findings.length > 0) {
        if (rewritten.findings.every(({ format }) => format === 'helm-values'))
          override.add(path, decoded.text, rewritten)
        else rewritten = { ...rewritten, edits: [], refused: 'its references are not values of a chart' }
      } else if (rewritten.edits.length > 0 && options.write) {
        const backup = options.inPlaceBackup ? { backupSuffix: BACKUP_SUFFIX } : {}
        await replaceText(path, decoded, rewritten.text, backup)
        written = true
      }
      const report = reportOf(examined, rewritten, { written, overridden: override !== undefined })
      files.push(report)
      if (!options.json) show(examined, rewritten, written, override !== undefined)
    } catch (error) {
      // One file that cannot be read or written keeps nobody from the others.
      if (!(error instanceof PortolanError) || !error.code.startsWith('FILE_')) throw error
      notDone.push({ path, reason: error.message })
    }
  }
  if (override !== undefined) await writeOverride(options.helmOverride!, override)
  if (options.json) {
    const printed = files.map(({ isPending: _, ...file }) => file)
    await printLongJson({ files: printed, notDone })
  } else for (const { path, reason } of notDone) console.error(`${path}: ${reason}`)
  if (unreachable) return EXIT.unreachable
  return files.every((file) => !file.isPending) && notDone.length === 0 ? EXIT.done : EXIT.failed
}

/** What speaks to a network is loaded when it is asked. */
async function createChecker(): Promise<TargetChecker> {
  const { createResolver } = await import('../registry-resolver.ts')
  return new TargetChecker(createResolver())
}

/** Asks about each change of a file, and gives what to make of it. */
async function verify(
  examined: Examined,
  checker: TargetChecker | undefined,
  options: RewriteOptions,
): Promise<{ choose?: (finding: Finding) => Finding; unreachable: boolean }> {
  if (checker === undefined) return { unreachable: false }
  const known = new Map<string, Verification>()
  const keyOf = ({ understood, replacement }: Finding) => `${understood} ${replacement}`
  const findings = examined.findings.filter(({ edits }) => edits.length > 0)
  await Promise.all(findings.map(async (one) => known.set(keyOf(one), await checker.verify(one))))
  return {
    unreachable: [...known.values()].some(({ kind }) => kind === 'unreachable'),
    choose(finding) {
      const verification = known.get(keyOf(finding))
      if (verification === undefined || verification.kind === 'nothing-to-ask') return finding
      if (verification.kind !== 'same') return withheld(finding, `left as it is: ${verification.reason}`)
      return options.pin ? pinned(finding, verification.digest) : finding
    },
  }
}

function reportOf(
  { source, unread, mentions }: Examined,
  rewritten: Rewritten,
  how: { readonly written: boolean; readonly overridden: boolean },
): FileReport {
  const { findings, edits, refused } = rewritten
  return {
    path: source.path,
    changed: edits.length > 0,
    written: how.written,
    ...(refused !== undefined && { refused }),
    findings: findings.map(reported),
    partlyRead: unread,
    ...(mentions && { mentions }),
    isPending: refused !== undefined || unread.some(({ template }) => !template) || isPending(rewritten, how),
  }
}

/** What the finders say to the parts behind them, and the path, which the file has, are no part of the report. */
function reported({
  path: _path,
  parts: _parts,
  isUse: _isUse,
  beside: _beside,
  follows: _follows,
  dns: _dns,
  ...finding
}: Finding): object {
  return finding
}

/** The diff on standard output; what people have to know besides on standard error. */
function show(
  { source: { path, text }, unread, mentions }: Examined,
  { findings, edits, refused }: Rewritten,
  written: boolean,
  quiet: boolean,
): void {
  if (edits.length > 0 && !quiet) {
    if (written)
      process.stdout.write(`${path}: ${edits.length} ${edits.length === 1 ? 'value' : 'values'} changed\n`)
    else process.stdout.write(unifiedDiff(path, text, edits))
  }
  if (refused !== undefined) console.error(`${path}: left alone: ${refused}`)
  for (const { line, column, written: reference, verdict, replacement, note, edits: own } of findings) {
    if (own.length > 0 && verdict === 'moved' && note === undefined) continue
    const becomes =
      replacement === undefined ? '' : ` (${own.length > 0 ? 'becomes' : 'should become'} ${replacement})`
    console.error(
      `${path}:${line}:${column}: ${verdict}: ${reference}${becomes}${note === undefined ? '' : `: ${note}`}`,
    )
  }
  for (const part of unread) console.error(printable(formatUnread(part)))
  if (mentions !== undefined) console.error(printable(formatMentions(mentions)))
}

async function writeOverride(path: string, override: HelmOverride): Promise<void> {
  if (path === '-') {
    process.stdout.write(override.toString())
    return
  }
  try {
    await writeFile(path, override.toString())
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new PortolanError('FILE_UNWRITABLE', `cannot write ${path}: ${why}`, { file: path }, cause)
  }
  say(
    `${path}: ${override.count} ${override.count === 1 ? 'value' : 'values'}; give it to helm with --values`,
  )
}

/** Whether a file holds old names still that could be new ones; what is only related is for people to judge. */
function isPending(
  { findings, edits }: Rewritten,
  { written, overridden }: { readonly written: boolean; readonly overridden: boolean },
): boolean {
  if (edits.length > 0 && !written && !overridden) return true
  return findings.some(
    ({ verdict, edits: own, confidence }) =>
      verdict !== 'related' && confidence !== 'text' && own.length === 0,
  )
}
