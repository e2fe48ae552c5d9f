import { writeFile } from 'node:fs/promises'
import { PortolanError } from '../../errors.ts'
import { unifiedDiff } from '../../migrate/diff.ts'
import { findReferences } from '../../migrate/find.ts'
import type { Finding } from '../../migrate/finding.ts'
import { findingsOf } from '../../migrate/findings.ts'
import { HelmOverride } from '../../migrate/helm-override.ts'
import type { RegistryMap } from '../../migrate/map.ts'
import { type Rewritten, rewriteText } from '../../migrate/rewrite.ts'
import { pinned, ReplacementCheck, type Verification, withheld } from '../../migrate/verify.ts'
import { EXIT } from '../exit-code.ts'
import { FileSearch } from '../file-search.ts'
import { printJson, say } from '../print.ts'
import { readRegistryMap } from '../read-registry-map.ts'
import { createResolver } from '../registry-resolver.ts'
import { readTextFile } from '../text-file.ts'
import { reasonOf, walkFiles } from '../walk-files.ts'
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
  readonly findings: readonly Omit<Finding, 'path' | 'parts'>[]
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
  const targets = options.verify || options.pin ? new ReplacementCheck(createResolver()) : undefined
  let unreachable = false
  for (const path of candidates(paths, map, options, notDone)) {
    try {
      const file = await readTextFile(path)
      const source = { path, text: file.text }
      const { choose, ...verified } = await verify(source, map, targets, options)
      unreachable ||= verified.unreachable
      let rewritten = rewriteText(source, {
        find: (one) => find(one, options),
        map,
        ...(choose && { choose }),
        includeText: options.includeText,
      })
      if (rewritten.findings.length === 0) continue
      let written = false
      if (override !== undefined) {
        if (rewritten.findings.every(({ format }) => format === 'helm-values'))
          override.add(path, source.text, rewritten)
        else rewritten = { ...rewritten, edits: [], refused: 'its references are not values of a chart' }
      } else if (rewritten.edits.length > 0 && options.write) {
        await file.replace(rewritten.text, options.inPlaceBackup ? { backupSuffix: BACKUP_SUFFIX } : {})
        written = true
      }
      files.push(reportOf(path, rewritten, written))
      if (!options.json) show(path, source.text, rewritten, written, override !== undefined)
    } catch (error) {
      // One file that cannot be read or written keeps nobody from the others.
      if (!(error instanceof PortolanError) || !error.code.startsWith('FILE_')) throw error
      notDone.push({ path, reason: error.message })
    }
  }
  if (override !== undefined) await writeOverride(options.helmOverride!, override)
  if (options.json) printJson({ files, notDone })
  else for (const { path, reason } of notDone) console.error(`${path}: ${reason}`)
  if (unreachable) return EXIT.unreachable
  const done = files.every((file) => file.refused === undefined && !isPending(file, override !== undefined))
  return done && notDone.length === 0 ? EXIT.done : EXIT.failed
}

/** Files that hold a name that the map knows, read no further. */
function* candidates(
  paths: readonly string[],
  map: RegistryMap,
  { exclude = [], ignore }: RewriteOptions,
  notDone: NotDone[],
): Generator<string> {
  const search = new FileSearch(map.hints)
  const add = (path: string, reason: string) => notDone.push({ path, reason: `not read: ${reason}` })
  const options = {
    exclude,
    gitignore: ignore,
    notRead: ({ path, reason }: NotDone) => add(path, reason),
  }
  for (const path of walkFiles(paths, options)) {
    if (path.endsWith(BACKUP_SUFFIX)) continue
    try {
      const searched = search.search(path)
      if (searched.kind === 'hit') yield path
      if (searched.kind === 'too-long') add(path, 'it is too long to be parsed')
    } catch (error) {
      if (error instanceof PortolanError) throw error
      add(path, reasonOf(error))
    }
  }
}

function find(source: { path: string; text: string }, { includeText }: RewriteOptions) {
  return findReferences(source, { includeText })
}

/** Asks about each change of a file, and gives what to make of it. */
async function verify(
  source: { path: string; text: string },
  map: RegistryMap,
  targets: ReplacementCheck | undefined,
  options: RewriteOptions,
): Promise<{ choose?: (finding: Finding) => Finding; unreachable: boolean }> {
  if (targets === undefined) return { unreachable: false }
  const known = new Map<string, Verification>()
  const keyOf = ({ understood, replacement }: Finding) => `${understood} ${replacement}`
  const findings = findingsOf(source, find(source, options), map).filter(({ edits }) => edits.length > 0)
  await Promise.all(findings.map(async (one) => known.set(keyOf(one), await targets.verify(one))))
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

function reportOf(path: string, { findings, edits, refused }: Rewritten, written: boolean): FileReport {
  return {
    path,
    changed: edits.length > 0,
    written,
    ...(refused !== undefined && { refused }),
    findings: findings.map(({ parts: _, path: __, ...finding }) => finding),
  }
}

/** The diff on standard output; what people have to know besides on standard error. */
function show(
  path: string,
  text: string,
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
function isPending({ changed, written, findings }: FileReport, overridden: boolean): boolean {
  if (changed && !written && !overridden) return true
  return findings.some(
    ({ verdict, edits, confidence }) => verdict !== 'related' && edits.length === 0 && confidence !== 'text',
  )
}
