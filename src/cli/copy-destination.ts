import type { Name, Tag } from '../oci/name.ts'
import { parseReference } from '../oci/reference.ts'
import type { CopySource } from '../replication/images/copy-images.ts'
import type { CopyTarget } from '../replication/images/copy-target.ts'
import { mapName, type NameMapping } from '../replication/images/name-map.ts'
import { registryTarget } from '../replication/images/registry-target.ts'
import { WritableLayout } from '../storage/fs/writable-layout.ts'
import { commandRuntime } from './command-runtime.ts'
import type { SourceImage } from './copy-source.ts'
import type { NamedRegistries } from './registries.ts'
import { usage } from './sync-parts.ts'

/** Where a command line wants images. */
export interface CopyDestination {
  readonly target: CopyTarget
  /** To read again what was written; absent where that is not offered. */
  readonly reader?: CopySource
  /** What an image is called there. */
  nameOf(image: SourceImage): { readonly name: Name; readonly tag?: Tag | undefined }
  close(): Promise<void>
}

const LAYOUT = 'oci:'

/**
 * Reads the last word of a copy: `HOST[/PREFIX]`, `HOST/NAME:TAG` where there is one image, or `oci:FOLDER`. Throws
 * `USAGE`, and what opening a layout throws.
 */
export async function readDestination(
  word: string,
  isOne: boolean,
  mappings: readonly NameMapping[],
  registries: NamedRegistries,
): Promise<CopyDestination> {
  if (word.startsWith(LAYOUT)) return layoutAt(word.slice(LAYOUT.length), mappings)
  const { host, prefix, exact } = readPlace(word, isOne)
  const reader = registries.of(host)
  return {
    target: registryTarget(commandRuntime, reader, registries.writer(host)),
    reader,
    nameOf: ({ host: from, name, tag }) => exact ?? { name: mapName(from, name, prefix, mappings), tag },
    close: async () => {},
  }
}

async function layoutAt(folder: string, mappings: readonly NameMapping[]): Promise<CopyDestination> {
  if (folder === '') throw usage('the target "oci:" names no folder: oci:FOLDER')
  const layout = await WritableLayout.open(folder, commandRuntime)
  return {
    target: { location: `${LAYOUT}${folder}`, repository: (name) => layout.repository(name) },
    // With its host, by which containerd and others know it again.
    nameOf: ({ host, name, tag }) =>
      mappings.length > 0
        ? { name: mapName(host, name, '', mappings), tag }
        : { name: (host === '' ? name : `${host}/${name}`) as Name, tag },
    close: () => layout.close(),
  }
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
