import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { readGeo } from '../../adapters/ranges/geo-file.ts'
import { readSnapshotFile, writeSnapshotFile } from '../../adapters/ranges/snapshot-file.ts'
import { diffRanges, type PlaceDiff } from '../../clouds/diff.ts'
import { fetchList } from '../../clouds/fetch/list.ts'
import type { Provider } from '../../clouds/provider.ts'
import { tooLarge } from '../../clouds/provider-list.ts'
import { chooseProviders, providers as knownProviders } from '../../clouds/providers.ts'
import { decodeRanges, encodeRanges, type Ranges, type RangesSource } from '../../clouds/snapshot.ts'
import { type ReceivedList, type RefusedList, updateRanges } from '../../clouds/update.ts'
import { PortolanError } from '../../errors.ts'
import { layered } from '../../transport/fetch.ts'
import { withUserAgent } from '../../transport/user-agent.ts'
import { commandRuntime } from '../command-runtime.ts'
import { EXIT } from '../exit-code.ts'
import { printJson, say } from '../print.ts'
import { formatTable } from '../table.ts'
import type { RangesUpdateOptions } from './ranges-spec.ts'

/** Lists; of providers whose list is not there, why; and why lists were refused before they were read. */
interface Lists {
  readonly lists: ReceivedList[]
  readonly missing: Map<string, string>
  readonly tooLarge: RefusedList[]
}

/** Makes a range snapshot from lists that are downloaded or saved, and says what is new; gives the exit code. */
export async function runRangesUpdate(options: RangesUpdateOptions): Promise<number> {
  const { out, from, force, json } = options
  const providers = chooseProviders(readSources(options.source ?? []))
  const previous = await readPrevious(out, force)
  const { lists, missing, ...early } =
    from === undefined ? await download(providers) : await readFolder(providers, from)
  progress('putting them together')
  const update = updateRanges({
    providers,
    lists,
    previous,
    geo: options.geo ? await readGeo() : undefined,
    created: new Date().toISOString(),
    force,
  })
  const { ranges } = update
  const refused = [...early.tooLarge, ...update.refused]
  for (const { reason } of refused) console.error(`portolan: ${reason}`)
  for (const [provider, why] of missing) {
    const kept = previous?.metadata.sources.find((source) => source.provider === provider)
    const then = kept === undefined ? 'it is left out' : `its list of ${dateOf(kept)} is kept`
    console.error(`portolan: ${why}${from !== undefined || options.allowMissing ? `; ${then}` : ''}`)
  }
  const gone = from === undefined && missing.size > 0 && (!options.allowMissing || lists.length === 0)
  if (refused.length > 0 || gone || ranges === undefined) {
    const hint = refused.length > 0 ? '' : ' (--allow-missing goes on without lists that do not come)'
    const message = `${out} stays as it was${hint}`
    console.error(`portolan: ${message}`)
    if (json) {
      const code = refused.length > 0 ? 'SNAPSHOT_INVALID' : 'UNREACHABLE'
      printJson({ error: { code, message }, refused, missing: Object.fromEntries(missing) })
    }
    return refused.length > 0 ? EXIT.failed : EXIT.unreachable
  }
  const bytes = encodeRanges(ranges)
  await writeSnapshotFile(out, bytes)
  const changes = previous && diffRanges(previous, ranges)
  const { created, sources, geo } = ranges.metadata
  const summary = { file: out, bytes: bytes.length, created, sources, geo, changes }
  if (json) printJson(summary)
  else process.stdout.write(describe(summary))
  return EXIT.done
}

function readSources(texts: readonly string[]): Record<string, string> {
  const ids = knownProviders.map(({ id }) => id)
  return Object.fromEntries(
    texts.map((text) => {
      const [, id = '', source = ''] = /^([^=]*)=(.*)$/.exec(text) ?? []
      const url = URL.parse(source)
      const usable = url !== null && /^https?:$/.test(url.protocol) && url.username + url.password === ''
      if (ids.includes(id) && (source === 'off' || usable)) return [id, source]
      const allowed = `PROVIDER=URL (http or https, without credentials) or PROVIDER=off, with a provider of ${ids.join(', ')}`
      throw new PortolanError('USAGE', `--source ${JSON.stringify(text)}: expected ${allowed}`, { text })
    }),
  )
}

/** The snapshot that is to be replaced. Another file is not overwritten unless that is forced. */
async function readPrevious(file: string, force: boolean): Promise<Ranges | undefined> {
  const bytes = await readSnapshotFile(file)
  if (bytes === undefined) return undefined
  try {
    return decodeRanges(bytes)
  } catch (error) {
    if (!(error instanceof PortolanError) || force) return undefined
    const message = `${file} is not replaced, because ${error.message} (--force replaces it)`
    throw new PortolanError(error.code, message, error.facts, error)
  }
}

async function download(providers: readonly Provider[]): Promise<Lists> {
  const polite = layered(commandRuntime.fetch, withUserAgent(commandRuntime.userAgent))
  const lists: Lists = { lists: [], missing: new Map(), tooLarge: [] }
  await Promise.all(
    providers.map(async (provider) => {
      const { id, title } = provider
      try {
        const fetched = await fetchList({ ...commandRuntime, fetch: polite }, provider)
        if (fetched === 'unchanged') return
        const { bytes, url: from } = fetched
        lists.lists.push({ provider: id, bytes, from, fetched: new Date().toISOString() })
        progress(`${title}: ${bytes.length} bytes`)
      } catch (error) {
        if (!(error instanceof PortolanError)) throw error
        if (error.code === 'UNREACHABLE') lists.missing.set(id, error.message)
        else lists.tooLarge.push({ provider: id, reason: error.message })
      }
    }),
  )
  return lists
}

async function readFolder(providers: readonly Provider[], folder: string): Promise<Lists> {
  const names = await readdir(folder).catch((error) => unreadable(folder, error))
  const lists: Lists = { lists: [], missing: new Map(), tooLarge: [] }
  for (const provider of providers) {
    const { id, fileName, maxBytes } = provider
    if (!names.includes(fileName)) {
      lists.missing.set(id, `there is no ${fileName} in ${folder}`)
      continue
    }
    const file = join(folder, fileName)
    const { size, mtime } = await stat(file).catch((error) => unreadable(file, error))
    if (size > maxBytes) {
      lists.tooLarge.push({ provider: id, reason: tooLarge(provider, `${size} bytes`).message })
      continue
    }
    const bytes = await readFile(file).catch((error) => unreadable(file, error))
    lists.lists.push({ provider: id, bytes, from: fileName, fetched: mtime.toISOString() })
  }
  if (lists.missing.size < providers.length) return lists
  const known = providers.map(({ fileName }) => fileName).join(', ')
  throw new PortolanError('USAGE', `${folder} holds no list; one is named ${known}`, { folder })
}

function unreadable(path: string, cause: unknown): never {
  const message = `cannot read ${path}: ${(cause as Error).message}`
  throw new PortolanError('FILE_UNREADABLE', message, { path }, cause)
}

function progress(text: string): void {
  if (process.stderr.isTTY) say(`  ${text}`)
}

interface Summary {
  readonly file: string
  readonly bytes: number
  readonly sources: readonly RangesSource[]
  readonly geo: Ranges['metadata']['geo']
  readonly changes: readonly PlaceDiff[] | undefined
}

function describe({ file, bytes, sources, geo, changes }: Summary): string {
  const lists = formatTable(
    ['provider', 'prefixes', 'date', 'from'],
    sources.map((source) => [source.provider, String(source.prefixes), dateOf(source), source.from]),
  )
  return `${lists}

${geo === undefined ? 'Addresses that nobody lists stay unknown.' : `Addresses that nobody lists: by cloud and country, as of ${geo.date}.`}
${describeChanges(changes)}
${file}: ${bytes} bytes
`
}

function describeChanges(changes: readonly PlaceDiff[] | undefined): string {
  if (changes === undefined) return 'There was no snapshot to compare with.'
  if (changes.length === 0) return 'No prefix is new, gone or elsewhere.'
  const rows = [...Map.groupBy(changes, ({ provider }) => provider)].flatMap(([provider, places]) => {
    const sum = (key: 'added' | 'removed' | 'moved') =>
      String(places.reduce((total, place) => total + place[key], 0))
    return [
      [provider, '', sum('added'), sum('removed'), sum('moved')],
      ...places.map(({ place, prefixes, added, removed, moved }) =>
        [`  ${place}`, prefixes, added, removed, moved].map(String),
      ),
    ]
  })
  return `\n${formatTable(['place', 'prefixes', 'added', 'removed', 'moved here'], rows)}\n`
}

/** What the list says of itself; else when it came. */
export function dateOf({ date, fetched }: RangesSource): string {
  return date ?? fetched
}
