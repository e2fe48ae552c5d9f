import { writeFile } from 'node:fs/promises'
import packageFile from '../../../package.json' with { type: 'json' }
import { PortolanError } from '../../errors.ts'
import { applyBaseline, formatBaseline, parseBaseline } from '../../migrate/baseline.ts'
import type { Finding } from '../../migrate/finding.ts'
import type { RegistryMap } from '../../migrate/map.ts'
import { toSarif } from '../../migrate/sarif.ts'
import { EXIT } from '../exit-code.ts'
import { TEXT_BYTES_MAX } from '../file-search.ts'
import { nodePlaces } from '../node-places.ts'
import { printJson, progressOutput, say } from '../print.ts'
import { readCluster } from '../read-cluster.ts'
import { readRegistryMap, readTextFile } from '../read-registry-map.ts'
import { Scan, type Scanned } from '../scan-files.ts'
import { formatTable } from '../table.ts'
import { walkFiles } from '../walk-files.ts'
import type { ScanOptions } from './scan-spec.ts'

/** Prints the references to old names in files, in the settings of this machine, or in a live cluster; gives the exit code. */
export async function runScan(paths: readonly string[], options: ScanOptions): Promise<number> {
  const map = await readRegistryMap(options)
  const baseline =
    options.baseline === undefined
      ? undefined
      : parseBaseline(await readTextFile(options.baseline), options.baseline)
  const scanned = options.cluster ? await readCluster(map, options) : await readFiles(map, paths, options)
  if (options.writeBaseline !== undefined) {
    await writeBaseline(options.writeBaseline, scanned.findings)
    return EXIT.done
  }
  const { fresh, known } = baseline
    ? applyBaseline(scanned.findings, baseline)
    : { fresh: scanned.findings, known: 0 }
  if (options.sarif)
    print(JSON.stringify(toSarif(fresh, { ...scanned, toolVersion: packageFile.version }), null, 2))
  else if (options.json) printJson({ ...scanned, findings: fresh, known })
  else printTable(fresh)
  sayRest(scanned, { fresh, known })
  // Of a cluster that shows nothing at all it cannot be said that it has nothing to find.
  if (scanned.cluster?.objects === 0 && scanned.notRead.length > 0) return EXIT.unreachable
  // What is only related may be wanted as it is.
  return fresh.some(({ verdict }) => verdict !== 'related') ? EXIT.failed : EXIT.done
}

async function readFiles(map: RegistryMap, paths: readonly string[], options: ScanOptions): Promise<Scanned> {
  const scan = new Scan(map, options)
  if (paths.includes('-')) scan.addBytes(options.stdinName, await readStdin())
  const progress = createProgress()
  const walked = walkFiles(
    options.node ? nodePlaces(options.root ?? '/') : paths.filter((path) => path !== '-'),
    {
      exclude: options.exclude ?? [],
      gitignore: options.ignore && !options.node,
      notRead: (entry) => scan.addNotRead(entry),
    },
  )
  for (const path of walked) {
    progress.step()
    scan.addFile(path)
  }
  progress.end()
  return scan.result()
}

async function readStdin(): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of process.stdin) {
    chunks.push(chunk)
    length += chunk.length
    if (length > TEXT_BYTES_MAX) {
      const message = `cannot read standard input: it is longer than ${TEXT_BYTES_MAX} bytes`
      throw new PortolanError('FILE_UNREADABLE', message, { file: '-' })
    }
  }
  return Buffer.concat(chunks)
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

function printTable(findings: readonly Finding[]): void {
  if (findings.length === 0) return
  const notes = [...new Set(findings.flatMap(({ note }) => note ?? []))]
  const rows = findings.map(({ path, line, column, written, replacement, owner, note, pods }) => [
    `${path}:${line}:${column}`,
    shown(written),
    (replacement ?? '-') + (note === undefined ? '' : ` [${notes.indexOf(note) + 1}]`),
    shown(owner) + (pods === undefined ? '' : ` (${count(pods, 'pod')})`),
  ])
  print(formatTable(['place', 'reference', 'becomes', 'belongs to'], rows))
  if (notes.length > 0) print(`\n${notes.map((note, index) => `  [${index + 1}] ${note}`).join('\n')}`)
}

/** The summary goes to standard error, where it does not get into what is piped on. */
function sayRest(
  { files, notRead, mentions, cluster }: Scanned,
  { fresh, known }: { fresh: readonly Finding[]; known: number },
): void {
  for (const { path, reason } of notRead) console.error(shown(`not read: ${path}: ${reason}`))
  const facts = [
    cluster === undefined ? count(files, 'file') : `${count(cluster.objects, 'object')} of ${cluster.server}`,
    count(fresh.length, 'finding'),
    ...(known > 0 ? [`${known} more known from the baseline`] : []),
    ...(notRead.length > 0 ? [`${notRead.length} not read`] : []),
    ...(mentions > 0 ? [`${count(mentions, 'file')} with mentions only (--include-text shows them)`] : []),
  ]
  say(facts.join(', '))
  if (cluster !== undefined) say('custom resources were not looked into: what comes of them shows as pods')
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

/** What stands in files may hold what would drive a terminal. */
function shown(text: string): string {
  return text.replace(/\p{Cc}/gu, '�')
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
