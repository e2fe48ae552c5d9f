import { resolve } from 'node:path'
import type { Config, UpstreamConfig } from '../../config/config.ts'
import type { LegacyConfig } from '../../config/legacy-config.ts'
import { PortolanError } from '../../errors.ts'
import { untilAborted } from '../../internal/until-aborted.ts'
import { FINDINGS_MAX, type LegacyList } from '../../legacy/legacy-list.ts'
import { checkLegacy, type LegacyCheck } from '../../replication/legacy/check-legacy.ts'
import { Exceptions } from '../../replication/legacy/exceptions.ts'
import { listedOldName } from '../../replication/legacy/listed-old-name.ts'
import type { OldName } from '../../replication/legacy/old-name.ts'
import { registryOldName } from '../../replication/legacy/registry-old-name.ts'
import { commandRuntime } from '../command-runtime.ts'
import { connectRegistry } from '../connections.ts'
import { copyCommand } from '../copy-command.ts'
import { readPlaceWord } from '../copy-words.ts'
import { EXIT } from '../exit-code.ts'
import { interruptible } from '../interruption.ts'
import { keepList, readLists } from '../legacy-lists.ts'
import { formatLegacyReport, legacyExitCode } from '../legacy-report.ts'
import { openNewName } from '../new-name.ts'
import { openOldPlace } from '../old-place.ts'
import { printJson, printLongJson, progressOutput } from '../print.ts'
import { createLegacyBoard, type LegacyProgressEvent } from '../progress/legacy-board.ts'
import { createProgress, type Progress } from '../progress/progress.ts'
import { nameOf, readConfig } from '../read-config.ts'
import { politenessOf, usage } from '../sync-parts.ts'
import type { LegacyCheckOptions } from './legacy-check-spec.ts'

/** What `sync` has by itself, for a config that has none. */
const POLITENESS = { concurrency: 4, requestsPerSecond: 100, maxWait: 15 * 60_000 }

/** Proves that the new name has all that the old one has, and writes the list by which a door goes; gives the exit code. */
export async function runLegacyCheck(options: LegacyCheckOptions): Promise<number> {
  const config = await readConfig(options.config)
  const legacy = legacySection(config, nameOf(options.config))
  const exceptions = readExceptions(options.except ?? [])
  const lists = await readLists(legacy, options)
  const progress = createProgress<LegacyProgressEvent>({
    output: progressOutput(),
    clock: commandRuntime,
    colour: !process.env.NO_COLOR,
    board: createLegacyBoard(),
  })
  const interruption = interruptible(progress.say, 'writing nothing')
  const { signal } = interruption
  try {
    const checking = check({
      ...{ config, legacy, options, exceptions },
      ...{ known: lists.known, progress, signal },
    })
    const found = await untilAborted(signal, checking)
    progress.end()
    const file = await keepList(found, lists, options, progress.say)
    const report = {
      ...found,
      file,
      isNamed: file.file !== undefined && resolve(file.file) === legacy.list,
      byCatalog: isByCatalog(options),
      ...copyOf(found, options.from, canonicalOf(config)),
    }
    if (options.json) {
      const { repositories: _, version: __, ...list } = found.list
      const incomplete = found.incomplete
        .slice(0, FINDINGS_MAX)
        .map(({ code, message }) => ({ code, message }))
      await printLongJson({ ...list, excepted: found.excepted, incomplete, list: file })
    } else process.stdout.write(formatLegacyReport(report))
    return legacyExitCode(report)
  } catch (error) {
    if (!signal.aborted) throw error
    const message = 'interrupted: nothing is written'
    if (options.json) printJson({ error: { code: 'INTERRUPTED', message } })
    return EXIT.failed
  } finally {
    progress.end()
    interruption[Symbol.dispose]()
  }
}

/** Throws `USAGE` for a pattern that cannot be read. */
function readExceptions(patterns: readonly string[]): Exceptions {
  try {
    return new Exceptions(patterns)
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error
    throw usage(`--except ${error.message}`)
  }
}

function isByCatalog({ from, repositories = 'catalog' }: LegacyCheckOptions): boolean {
  return from !== undefined && readPlaceWord(from) === undefined && repositories === 'catalog'
}

function legacySection({ legacy }: Config, file: string): LegacyConfig {
  if (legacy !== undefined) return legacy
  throw usage(`${file} has no "legacy", which says what the old name is and what takes its place`)
}

interface CheckParts {
  readonly config: Config
  readonly legacy: LegacyConfig
  readonly options: LegacyCheckOptions
  readonly exceptions: Exceptions
  readonly known: LegacyList | undefined
  readonly progress: Progress<LegacyProgressEvent>
  readonly signal: AbortSignal
}

async function check(parts: CheckParts): Promise<LegacyCheck> {
  const { config, legacy, options, exceptions, known, progress, signal } = parts
  const { report } = progress
  const began = commandRuntime.date().toISOString()
  const connect = (address: { url: string; prefix: string }, tokenServices?: readonly string[]) =>
    connectRegistry({ ...address, tokenServices, ...politenessOf(config.sync ?? POLITENESS, signal, report) })
  const canonical = canonicalOf(config)
  const warn = (message: string) => report({ kind: 'warning', message })
  const { from, repositories } = options
  const next = await openNewName(config, canonical, { connect, warn })
  const openOld = async (place: string): Promise<OldName> =>
    registryOldName(await openOldPlace(place, { legacy, canonical, repositories, connect }), began, signal)
  const old = from === undefined ? listedOldName(known!) : await openOld(from)
  const { host } = legacy
  return checkLegacy(old, next, { host, began, exceptions, blobs: options.blobs, signal, report })
}

function canonicalOf({ upstreams }: Config): UpstreamConfig {
  return upstreams.find(({ canonical }) => canonical)!
}

/** Of the images that a copy would complete, the first. */
function copyOf(
  { list }: LegacyCheck,
  from: string | undefined,
  canonical: UpstreamConfig,
): { readonly copy?: string } {
  const missing = list.findings.filter(({ kind, what }) => kind === 'missing' && what !== 'blob')
  const [first] = missing.flatMap(({ what, image, partOf }) => (what === 'tag' ? image : (partOf ?? [])))
  const copy = first === undefined ? undefined : copyCommand(first, from ?? list.listedFrom, canonical)
  return copy === undefined ? {} : { copy }
}
