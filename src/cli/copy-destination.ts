import type { Name, Tag } from '../oci/name.ts'
import { parseReference } from '../oci/reference.ts'
import type { CopyJob, CopyOptions, CopySource } from '../replication/images/copy-images.ts'
import type { CopyReport } from '../replication/images/copy-report.ts'
import type { NameMapping } from '../replication/images/name-map.ts'
import type { ConfigStores } from './config-stores.ts'
import type { NamedRegistries } from './registries.ts'
import type { SourceImage } from './source-image.ts'
import { usage } from './sync-parts.ts'

/** Where a command line wants images. */
export interface CopyDestination {
  copy(jobs: readonly CopyJob[], options: CopyOptions): Promise<CopyReport>
  /** To read again what was written; absent where that is not offered. */
  readonly reader?: CopySource
  /** Whether standard output is where the images go, so that nothing else can. */
  readonly isOutput?: true
  /** What an image is called there. */
  nameOf(image: SourceImage): CopyJob['to']
  close(): Promise<void>
}

/** What the last word of a copy is read with. */
export interface DestinationParts {
  readonly images: readonly SourceImage[]
  readonly mappings: readonly NameMapping[]
  readonly registries: NamedRegistries
  readonly stores: ConfigStores
  readonly say: (line: string) => void
}

/** The name of a repository with its host, where that is known. */
export function wholeName(host: string, name: Name): Name {
  return (host === '' ? name : `${host}/${name}`) as Name
}

/** Reads `HOST[/PREFIX]`, and, where there is one image, `HOST/NAME:TAG`. Throws `USAGE`. */
export function readPlace(
  text: string,
  isOne: boolean,
): {
  readonly host: string
  readonly prefix: string
  readonly exact?: { readonly name: Name; readonly tag: Tag }
} {
  if (!text.includes('/')) return { host: text.toLowerCase(), prefix: '' }
  const { host, name, tag, digest } = parseReference(text)
  if (host === undefined) throw usage(`the target ${JSON.stringify(text)} names no registry: HOST[/PREFIX]`)
  if (digest !== undefined)
    throw usage(`the target ${JSON.stringify(text)} has a digest: content has its own`)
  if (tag === undefined) return { host, prefix: name }
  if (!isOne) throw usage(`the target ${JSON.stringify(text)} has a tag, which several images cannot share`)
  return { host, prefix: '', exact: { name, tag } }
}
