import { text } from 'node:stream/consumers'
import { PortolanError } from '../errors.ts'
import { parseFullReference } from '../oci/full-reference.ts'
import { parseImageList } from '../oci/image-list.ts'
import type { Name } from '../oci/name.ts'
import type { Reference } from '../oci/reference.ts'
import type { CopySource } from '../replication/images/copy-images.ts'
import { openImageLayout } from '../storage/fs/image-layout.ts'
import { readLayoutEntries } from '../storage/fs/layout-entries.ts'
import { commandRuntime } from './command-runtime.ts'
import { readTextFile } from './read-registry-map.ts'
import type { NamedRegistries } from './registries.ts'
import { usage } from './sync-parts.ts'

/** An image that a command line names, and where it is had from. */
export interface SourceImage extends Reference {
  /** As references name its registry; where it lies in a layout, the one that it came from, if that is known. */
  readonly host: string
  readonly source: CopySource
}

const LAYOUT = 'oci:'

/** Reads the images of a command line: references, layouts (`oci:FOLDER`, all that is in it), and those of a list. */
export async function readSources(
  words: readonly string[],
  list: string | undefined,
  registries: NamedRegistries,
): Promise<readonly SourceImage[]> {
  const listed = list === undefined ? [] : await readList(list)
  const read = [...words, ...listed].map(async (word) =>
    word.startsWith(LAYOUT) ? imagesOf(word.slice(LAYOUT.length)) : [imageOf(word, registries)],
  )
  return (await Promise.all(read)).flat()
}

async function readList(file: string): Promise<readonly string[]> {
  const { images, faults } = parseImageList(await (file === '-' ? text(process.stdin) : readTextFile(file)))
  if (faults.length === 0) return images.map(({ written }) => written)
  const lines = faults.map(({ line, message }) => `${file}:${line}: ${message}`)
  throw new PortolanError('USAGE', lines.join('\n'))
}

function imageOf(word: string, registries: NamedRegistries): SourceImage {
  const reference = parseFullReference(word)
  return { ...reference, source: registries.of(reference.host) }
}

/** What a layout holds under a name. */
async function imagesOf(folder: string): Promise<readonly SourceImage[]> {
  const entries = await readLayoutEntries(folder)
  if (entries.length === 0)
    throw usage(`${folder} has no image with a name such as NAME:TAG in its index.json`)
  const layout = await openImageLayout(folder, { runtime: commandRuntime, report: () => {} })
  const names = [...new Set(entries.map(({ name }) => name))]
  const opened = await Promise.all(names.map(async (name) => [name, await layout.repository(name)] as const))
  const repositories = new Map(opened)
  const source: CopySource = {
    location: `${LAYOUT}${folder}`,
    repository: (name: Name) => repositories.get(name) as ReturnType<CopySource['repository']>,
  }
  return entries
    .filter(({ name }) => repositories.get(name) !== undefined)
    .map(({ host = '', ...entry }) => ({ ...entry, host, source }))
}
