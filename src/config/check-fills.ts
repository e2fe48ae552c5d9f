import { absolutePath, stepsOfPath } from './absolute-path.ts'
import type { ConfigPath, Remark } from './fault.ts'
import { formatConfigPath } from './fault.ts'
import { type DraftFill, type FilledPlace, filledPlace, placesOverlap } from './filled-place.ts'
import { DEFAULT_JOURNAL } from './schema/sync.ts'

/** As much of a config, as its file says it, as has to do with how stores are filled. */
export interface DraftFills {
  readonly stores?: readonly ({ readonly fill?: DraftFill | undefined } | undefined)[] | undefined
  readonly sync?:
    | { readonly journal?: string | undefined; readonly signingKey?: string | undefined }
    | undefined
  readonly tls?: { readonly key?: string | undefined } | undefined
  readonly adminTls?: { readonly key?: string | undefined } | undefined
}

const FILLS = ['s3', 'azureBlob', 'gcs', 'folder'] as const

/** Finds what is wrong between the values of `stores[].fill`, and between them and the files that are ours alone. */
export function* checkFills(draft: DraftFills, baseFolder: string): Iterable<Remark> {
  for (const [path, fill] of fillsOf(draft)) {
    const kinds = FILLS.filter((kind) => kind in fill)
    if (Object.keys(fill).length === 0) yield { path, message: `needs one of ${FILLS.join(', ')}` }
    if (kinds.length > 1) yield { path, message: `has ${kinds.join(' and ')}; keep one` }
    yield* checkAddress(path, fill)
    yield* checkCredentials(path, fill)
  }
  yield* checkPlacesApart(draft, baseFolder)
  yield* checkOwnFiles(draft, baseFolder)
}

function* fillsOf({ stores = [] }: DraftFills): Iterable<[ConfigPath, DraftFill]> {
  for (const [index, store] of stores.entries()) {
    if (store?.fill !== undefined) yield [['stores', index, 'fill'], store.fill]
  }
}

function* checkAddress(path: ConfigPath, { azureBlob }: DraftFill): Iterable<Remark> {
  if (azureBlob === undefined) return
  const ways = ['account', 'endpoint'].filter((key) => key in azureBlob)
  const azurePath = [...path, 'azureBlob']
  if (ways.length === 0) yield { path: azurePath, message: 'needs account or endpoint' }
  if (ways.length > 1) yield { path: azurePath, message: 'has both account and endpoint; keep one' }
}

/** The sets of keys of which credentials of each kind are made; what is in brackets may be left out. */
const CREDENTIALS = {
  s3: [['profile'], ['accessKeyId', 'secretAccessKey', '[sessionToken]']],
  azureBlob: [['sharedKey'], ['sas'], ['managedIdentity'], ['workloadIdentity']],
  gcs: [['key']],
} as const

function* checkCredentials(path: ConfigPath, fill: DraftFill): Iterable<Remark> {
  for (const kind of ['s3', 'azureBlob', 'gcs'] as const) {
    const credentials = fill[kind]?.credentials
    if (credentials === undefined) continue
    const keys = Object.keys(credentials)
    const here = [...path, kind, 'credentials']
    const ways: readonly (readonly string[])[] = CREDENTIALS[kind]
    if (!ways.some((way) => isMadeOf(keys, way))) {
      const allowed = ways.map((way) => way.join(' and ').replace(/ and \[(.*)\]/, ' (and $1)')).join(', or ')
      yield { path: here, message: `must be ${allowed}` }
    }
    for (const [key, source] of Object.entries(credentials)) {
      if (typeof source !== 'object' || source === null) continue
      const sources = ['variable', 'file'].filter((name) => name in source)
      if (sources.length !== 1) yield { path: [...here, key], message: 'needs one of variable and file' }
    }
  }
}

function isMadeOf(keys: readonly string[], way: readonly string[]): boolean {
  const known = way.map((key) => key.replace(/[[\]]/g, ''))
  return (
    keys.every((key) => known.includes(key)) && way.every((key) => key.startsWith('[') || keys.includes(key))
  )
}

/** What one store takes for its own, the other would list as a stranger's, replace, or delete. */
function* checkPlacesApart(draft: DraftFills, baseFolder: string): Iterable<Remark> {
  const before = new Map<string, { path: ConfigPath; place: FilledPlace }[]>()
  for (const [path, fill] of fillsOf(draft)) {
    const place = filledPlace(fill, baseFolder)
    if (place === undefined) continue
    const there = before.get(place.root) ?? []
    before.set(place.root, there)
    const found = there.find((each) => placesOverlap(each.place, place))
    if (found === undefined) there.push({ path, place })
    else {
      const same = found.place.steps.length === place.steps.length
      const how = same
        ? 'is the place that'
        : found.place.steps.length < place.steps.length
          ? 'lies in what'
          : 'holds what'
      const other = formatConfigPath(found.path)
      yield { path, message: `${how} ${other} fills; each store needs a place of its own` }
    }
  }
}

/** A folder of a store is served to everybody, with all that lies in it. */
function* checkOwnFiles(draft: DraftFills, baseFolder: string): Iterable<Remark> {
  const { sync, tls, adminTls } = draft
  const own: readonly (readonly [name: string, path: string | undefined])[] = [
    ['sync.journal', sync && ('journal' in sync ? sync.journal : DEFAULT_JOURNAL)],
    ['sync.signingKey', sync?.signingKey],
    ['tls.key', tls?.key],
    ['adminTls.key', adminTls?.key],
  ]
  for (const [path, { folder }] of fillsOf(draft)) {
    if (folder === undefined) continue
    const served = { root: 'disk', steps: stepsOfPath(absolutePath(folder, baseFolder)) }
    for (const [name, file] of own) {
      if (file === undefined) continue
      const steps = stepsOfPath(absolutePath(file, baseFolder))
      if (steps.length < served.steps.length || !placesOverlap(served, { root: 'disk', steps })) continue
      yield { path: [...path, 'folder'], message: `holds ${name}, which would be served with it` }
    }
  }
}
