import type { Config } from './config.ts'
import type { ConfigPath, Remark } from './fault.ts'
import { diskPlace, type FilledPlace, filledPlace, isIn, registryPlace } from './filled-place.ts'

/** As much of a config as says where content lies, and what is ours alone. */
type Places = Pick<Config, 'stores'> &
  Partial<Pick<Config, 'upstreams' | 'sync' | 'tls' | 'adminTls' | 'cache'>>

interface FilledStore {
  readonly index: number
  readonly isFolder: boolean
  readonly place: FilledPlace
}

/**
 * Finds stores and registries that are filled at one and the same place, or one within the other, and what is for no client to see but
 * lies in a folder that is served. Folders are compared as they are written: who knows the disk gives their real paths.
 */
export function checkFilledPlaces(config: Places): Remark[] {
  return [...checkSharedPlaces(config), ...checkSharedRegistries(config), ...checkPrivateFiles(config)]
}

/** What is pushed to the upstream that is copied from would be copied again, and what two fills push is taken for the other's. */
function* checkSharedRegistries({ upstreams = [], sync }: Places): Iterable<Remark> {
  const source = upstreams.find(({ id, canonical }) => (sync === undefined ? canonical : id === sync.from))
  const before: { readonly place: FilledPlace; readonly message: string }[] = []
  if (source?.url !== undefined) {
    const { url, prefix } = source
    const message = `is, lies in or is around ${source.id}, which is copied from; give it a prefix or a url of its own`
    before.push({ place: registryPlace({ url, prefix }), message })
  }
  for (const [index, { fill }] of upstreams.entries()) {
    if (fill === undefined) continue
    const place = registryPlace(fill)
    const shared = before.find((other) => isIn(place, other.place) || isIn(other.place, place))
    if (shared !== undefined)
      yield { path: ['upstreams', index, 'fill', 'registry'], message: shared.message }
    const message = `is, lies in or is around what upstreams[${index}] is filled at; give each a prefix of its own`
    before.push({ place, message })
  }
}

/** What one store takes for its own, the other would list as a stranger's, replace or delete. */
function* checkSharedPlaces(config: Places): Iterable<Remark> {
  const byRoot = new Map<string, FilledStore[]>()
  for (const store of filledStores(config)) {
    const { index, isFolder, place } = store
    const there = byRoot.get(place.root) ?? []
    byRoot.set(place.root, there)
    const before = there.find((other) => isIn(place, other.place) || isIn(other.place, place))
    if (before === undefined) {
      there.push(store)
      continue
    }
    const path = ['stores', index, 'fill', ...(isFolder ? ['folder'] : [])]
    yield { path, message: togetherWith(before, place, isFolder) }
  }
}

function togetherWith(before: FilledStore, place: FilledPlace, isFolder: boolean): string {
  const name = `stores[${before.index}]`
  if (before.place.steps.length === place.steps.length) {
    const advice = isFolder ? 'give each its own' : 'give each a prefix of its own'
    return `is where ${name} is filled too: what one stores, the other would call its own; ${advice}`
  }
  return isFolder
    ? `lies in one folder with that of ${name}; put them side by side`
    : `lies in one bucket with ${name}, whose keys begin in the same way; give them prefixes side by side`
}

/** What is being written, and keys: a web server that serves the folder would hand them out. */
function* checkPrivateFiles(config: Places): Iterable<Remark> {
  const { stores, sync, tls, adminTls, cache } = config
  const folders = filledStores(config).filter(({ isFolder }) => isFolder)
  const files: (readonly [ConfigPath, string | undefined])[] = [
    [['sync', 'journal'], sync?.journal],
    [['sync', 'signingKey'], sync?.signingKey],
    [['tls', 'key'], tls?.key],
    [['adminTls', 'key'], adminTls?.key],
    [['cache', 'folder'], cache?.folder],
    ...stores.map(({ fill }, index) => {
      const partial = fill?.kind === 'folder' ? fill.partial : undefined
      return [['stores', index, 'fill', 'partial'], partial] as const
    }),
  ]
  for (const [path, file] of files) {
    if (file === undefined) continue
    const served = folders.find(({ place }) => isIn(diskPlace(file), place))
    if (served === undefined) continue
    const message = `lies in the folder of stores[${served.index}], which is served; put it elsewhere`
    yield { path, message }
  }
}

function filledStores({ stores }: Places): FilledStore[] {
  return stores.flatMap(({ fill }, index) =>
    fill === undefined ? [] : [{ index, isFolder: fill.kind === 'folder', place: filledPlace(fill) }],
  )
}
