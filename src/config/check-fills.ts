import type { Config, FillConfig } from './config.ts'
import type { ConfigPath, Remark } from './fault.ts'

/** Amazon's own endpoints, of whichever region: names of buckets are the same at all of them. */
const AMAZON = /^s3[a-z0-9.-]*\.amazonaws\.com$/
const GCS_ENDPOINT = 'https://storage.googleapis.com'

/** A folder that a web server serves, and where the config says so. */
interface ServedFolder {
  readonly index: number
  readonly folder: string
}

/**
 * Finds stores that are filled at one and the same place, and what is for no client to see but lies in a folder that is
 * served. Folders are compared as they are written: who knows the disk gives their real paths.
 */
export function checkFilledPlaces(config: Config): Remark[] {
  return [...checkSharedPlaces(config), ...checkPrivateFiles(config)]
}

function* checkSharedPlaces({ stores }: Config): Iterable<Remark> {
  const first = new Map<string, number>()
  for (const [index, { fill }] of stores.entries()) {
    if (fill === undefined || fill.kind === 'folder') continue
    const place = placeOf(fill)
    const before = first.get(place)
    if (before === undefined) first.set(place, index)
    else yield { path: ['stores', index, 'fill'], message: shared(before, 'give each a prefix of its own') }
  }
  const folders = servedFolders({ stores })
  for (const [position, { index, folder }] of folders.entries()) {
    const before = folders
      .slice(0, position)
      .find((other) => isIn(folder, other.folder) || isIn(other.folder, folder))
    if (before === undefined) continue
    const path = ['stores', index, 'fill', 'folder']
    if (folder === before.folder) yield { path, message: shared(before.index, 'give each its own') }
    else
      yield {
        path,
        message: `lies in one folder with that of stores[${before.index}]; put them side by side`,
      }
  }
}

function shared(before: number, advice: string): string {
  return `is where stores[${before}] is filled too: what one stores, the other would call its own; ${advice}`
}

/** What is being written, and keys: a web server that serves the folder would hand them out. */
function* checkPrivateFiles(config: Config): Iterable<Remark> {
  const { stores, sync, tls, adminTls } = config
  const folders = servedFolders(config)
  const files: (readonly [ConfigPath, string | undefined])[] = [
    [['sync', 'journal'], sync?.journal],
    [['sync', 'signingKey'], sync?.signingKey],
    [['tls', 'key'], tls?.key],
    [['adminTls', 'key'], adminTls?.key],
    ...stores.map(({ fill }, index) => {
      const partial = fill?.kind === 'folder' ? fill.partial : undefined
      return [['stores', index, 'fill', 'partial'], partial] as const
    }),
  ]
  for (const [path, file] of files) {
    if (file === undefined) continue
    const served = folders.find(({ folder }) => isIn(plainPath(file), folder))
    if (served === undefined) continue
    const message = `lies in the folder of stores[${served.index}], which is served; put it elsewhere`
    yield { path, message }
  }
}

function servedFolders({ stores }: Pick<Config, 'stores'>): ServedFolder[] {
  return stores.flatMap(({ fill }, index) =>
    fill?.kind === 'folder' ? [{ index, folder: plainPath(fill.folder) }] : [],
  )
}

/** The same for two fills that write to the same objects. */
function placeOf(fill: Exclude<FillConfig, { kind: 'folder' }>): string {
  switch (fill.kind) {
    case 's3': {
      const host = fill.endpoint === undefined ? '' : hostAndPath(fill.endpoint)
      return `${AMAZON.test(host) ? '' : host}/${fill.bucket}/${fill.prefix}`
    }
    case 'azureBlob': {
      const endpoint = fill.endpoint ?? `https://${fill.account}.blob.core.windows.net`
      return `${hostAndPath(endpoint)}/${fill.container}/${fill.prefix}`
    }
    case 'gcs':
      return `${hostAndPath(fill.endpoint ?? GCS_ENDPOINT)}/${fill.bucket}/${fill.prefix}`
  }
}

function hostAndPath(url: string): string {
  const { host, pathname } = new URL(url)
  return `${host}${pathname.replace(/\/+$/, '')}`
}

/** An absolute path without "." and "..", empty parts and a slash at its end. */
function plainPath(path: string): string {
  const parts: string[] = []
  for (const part of path.split(/[\\/]+/)) {
    if (part === '..') parts.pop()
    else if (part !== '.' && part !== '') parts.push(part)
  }
  return `/${parts.join('/')}`
}

function isIn(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`)
}
