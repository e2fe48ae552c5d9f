import { writeFile } from 'node:fs/promises'
import packageFile from '../../../package.json' with { type: 'json' }
import { PortolanError } from '../../errors.ts'
import { applyBaseline, formatBaseline, parseBaseline } from '../../migrate/baseline.ts'
import type { Finding } from '../../migrate/finding.ts'
import type { RegistryMap } from '../../migrate/map.ts'
import { toSarif } from '../../migrate/sarif.ts'
import { EXIT } from '../exit-code.ts'
import { nodePlaces } from '../node-places.ts'
import { printLongJson, progressOutput, say } from '../print.ts'
import { formatPullFailures } from '../pull-report.ts'
import { readRegistryMap } from '../read-registry-map.ts'
import { readStdin } from '../read-stdin.ts'
import { type Scanned, scanFiles } from '../scan-files.ts'
import { count, formatFindings, formatRest, formatSummary } from '../scan-report.ts'
import { readTextFile } from '../text-file.ts'
import type { ScanOptions } from './scan-spec.ts'

/** Prints the references to old names in files, in the settings of this machine, or in a live cluster; gives the exit code. */
export async function runScan(paths: readonly string[], options: ScanOptions): Promise<number> {
  const map = await readRegistryMap(options)
  const baseline =
    options.baseline === undefined
      ? undefined
      : parseBaseline(await readTextFile(options.baseline), options.baseline)
  const scanned = options.cluster
    ? // What speaks to a network takes a good part of the time to load that a small scan takes.
      await (await import('../read-cluster.ts')).readCluster(map, options)
    : await readFiles(map, paths, options)
  if (options.writeBaseline !== undefined) {
    await writeBaseline(options.writeBaseline, scanned.findings)
    return EXIT.done
  }
  const { fresh, known } = baseline
    ? applyBaseline(scanned.findings, baseline)
    : { fresh: scanned.findings, known: 0 }
  if (options.sarif)
    print(JSON.stringify(toSarif(fresh, { ...scanned, toolVersion: packageFile.version }), null, 2))
  else if (options.json) await printLongJson({ ...scanned, findings: fresh.map(reported), known })
  else {
    const tables = [
      formatFindings(fresh, options),
      formatPullFailures(scanned.cluster?.pullFailures ?? []),
    ].filter((table) => table !== '')
    if (tables.length > 0) print(tables.join('\n\n'))
  }
  sayRest(scanned, { fresh, known })
  // Of a cluster that shows nothing at all it cannot be said that it has nothing to find.
  if (scanned.cluster?.objects === 0 && scanned.notRead.length > 0) return EXIT.unreachable
  // What is only related may be wanted as it is; of what was not read nobody knows.
  const isIncomplete =
    !options.cluster && (scanned.notRead.length > 0 || scanned.partlyRead.some(({ template }) => !template))
  return isIncomplete || fresh.some(({ verdict }) => verdict !== 'related') ? EXIT.failed : EXIT.done
}

/** What the finders say to the parts behind them is no part of the report. */
function reported({ isUse: _, beside: __, follows: ___, dns: ____, ...finding }: Finding): object {
  return finding
}

async function readFiles(map: RegistryMap, paths: readonly string[], options: ScanOptions): Promise<Scanned> {
  const content = paths.includes('-') ? { path: options.stdinName, bytes: await readStdin() } : undefined
  const progress = createProgress()
  const named = options.node ? nodePlaces(options.root ?? '/') : paths.filter((path) => path !== '-')
  const scanned = scanFiles(named, map, {
    includeText: options.includeText,
    exclude: options.exclude ?? [],
    gitignore: options.ignore && !options.node,
    onFile: progress.step,
    ...(content && { content }),
  })
  progress.end()
  return scanned
}

async function writeBaseline(file: string, findings: readonly Finding[]): Promise<void> {
  try {
    await writeFile(file, formatBaseline(findings))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new PortolanError('FILE_UNWRITABLE', `cannot write ${file}: ${reason}`, { file }, cause)
  }
  say(`${file}: ${count(findings.length, 'finding')} from now on known`)
}

/** The summary goes to standard error, where it does not get into what is piped on. */
function sayRest(scanned: Scanned, found: { fresh: readonly Finding[]; known: number }): void {
  for (const line of formatRest(scanned)) console.error(line)
  say(formatSummary(scanned, { findings: found.fresh.length, known: found.known }))
}

/** Says on a terminal how many files were looked through. */
function createProgress(): { step(): void; end(): void } {
  const output = progressOutput()
  if (!output.isTTY) return { step() {}, end() {} }
  let files = 0
  let last = performance.now()
  return {
    step() {
      files++
      if (files % 64 !== 0 || performance.now() - last < 100) return
      last = performance.now()
      output.write(`\r${count(files, 'file')}`)
    },
    end: () => output.write('\r\u001b[K'),
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
