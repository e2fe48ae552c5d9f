import { writeArchive } from '../bundle/write-archive.ts'
import { type Name, parseTag, type Tag } from '../oci/name.ts'
import { formatReference, parseReference } from '../oci/reference.ts'
import {
  type CopyJob,
  type CopyOptions,
  type CopySource,
  copyImages,
} from '../replication/images/copy-images.ts'
import type { CopyReport } from '../replication/images/copy-report.ts'
import { copyToStore } from '../replication/images/copy-to-store.ts'
import { mapName, type NameMapping } from '../replication/images/name-map.ts'
import { registryTarget } from '../replication/images/registry-target.ts'
import { WritableLayout } from '../storage/fs/writable-layout.ts'
import { ArchiveFile, ArchivePipe } from './archive-output.ts'
import { commandRuntime } from './command-runtime.ts'
import type { ConfigStores } from './config-stores.ts'
import { type PlaceWord, readPlaceWord } from './copy-words.ts'
import type { NamedRegistries } from './registries.ts'
import { readSigningKey } from './signing-key.ts'
import { requireNames, type SourceImage } from './source-image.ts'
import { syncSection, usage } from './sync-parts.ts'
import { takeJournal } from './take-journal.ts'

/** As `sync` has it by itself, in milliseconds. */
const LEASE = 30_000

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

/**
 * Reads the last word of a copy: `HOST[/PREFIX]`, `HOST/NAME:TAG` where there is one image, `oci:FOLDER[:NAME:TAG]`,
 * `oci-archive:FILE[:NAME:TAG]`, or `store:ID`. Throws `USAGE`, and what opening a layout throws.
 */
export async function readDestination(word: string, parts: DestinationParts): Promise<CopyDestination> {
  const place = readPlaceWord(word)
  if (place === undefined) return registryAt(word, parts)
  if (place.kind === 'oci') return layoutAt(place, parts)
  if (place.kind === 'oci-archive') return archiveAt(place, parts)
  if (place.kind === 'store') return storeAt(place, parts)
  throw usage(`${place.location} is no target of a copy: bundle export writes bundles`)
}

function registryAt(word: string, { images, mappings, registries }: DestinationParts): CopyDestination {
  const { host, prefix, exact } = readPlace(word, images.length === 1)
  if (exact === undefined) requireNames(images, 'say at the end what it is to be called')
  const reader = registries.of(host)
  const target = registryTarget(commandRuntime, reader, registries.writer(host))
  return {
    reader,
    copy: (jobs, options) => copyImages(commandRuntime, target, jobs, options),
    nameOf: ({ host: from, name, tag }) => exact ?? { name: mapName(from, name, prefix, mappings), tag },
    close: async () => {},
  }
}

async function layoutAt(word: PlaceWord, parts: DestinationParts): Promise<CopyDestination> {
  const { location, place } = word
  const nameOf = namesIn(word, parts)
  const layout = await WritableLayout.open(place, commandRuntime)
  const target = {
    location,
    nameOf: (image: Parameters<typeof formatReference>[0]) => `${location}:${formatReference(image)}`,
    repository: (name: Name) => layout.repository(name),
  }
  return {
    async copy(jobs, options) {
      if (!options.dryRun) await layout.take(parts.say)
      return copyImages(commandRuntime, target, jobs, options)
    },
    nameOf,
    close: () => layout.close(),
  }
}

function archiveAt(word: PlaceWord, parts: DestinationParts): CopyDestination {
  const { place, location } = word
  const isOutput = place === '-'
  const output = isOutput ? new ArchivePipe(location) : new ArchiveFile(place, location)
  return {
    ...(isOutput && { isOutput }),
    copy: (jobs, options) => writeArchive(commandRuntime, output, jobs, options),
    nameOf: namesIn(word, parts),
    close: () => output.close(),
  }
}

/** A store has no names; under which its images are walked is told in faults. */
async function storeAt(word: PlaceWord, { stores, say }: DestinationParts): Promise<CopyDestination> {
  const { location, image } = word
  if (image !== undefined)
    throw usage(`the target ${location}@${image} has a digest: content has its own; expected ${location}`)
  const { config, target } = await stores.open(word)
  const section = syncSection(config)
  const signer = await readSigningKey(config)
  const workspace = await takeJournal(section, { lease: LEASE }, { say, end: () => {} })
  const { concurrency } = section
  const parts = {
    ...{ runtime: commandRuntime, workspace, location, target, concurrency, say },
    ...(signer && { signer }),
  }
  return {
    copy: (jobs, options) => copyToStore(parts, jobs, options),
    nameOf: ({ host, name, tag }) => ({ name: wholeName(host, name), tag }),
    close: () => workspace.close(),
  }
}

/** Names of images in a layout: with their hosts, by which containerd and others know them again. */
function namesIn(
  { image, location }: PlaceWord,
  { images, mappings }: DestinationParts,
): CopyDestination['nameOf'] {
  const named = image === undefined ? undefined : readNamed(image, location, images.length === 1)
  if (named?.name === undefined)
    requireNames(images, `say at the end what it is to be called: ${location}:NAME:TAG`)
  return ({ host, name, tag }) => {
    const wanted = named?.tag ?? tag
    if (named?.name !== undefined) return { name: named.name, tag: wanted }
    if (mappings.length > 0) return { name: mapName(host, name, '', mappings), tag: wanted }
    return { name: wholeName(host, name), tag: wanted }
  }
}

/** Reads `[HOST/]NAME:TAG`, or a tag alone, which is that of the image under its own name. */
function readNamed(
  text: string,
  location: string,
  isOne: boolean,
): { readonly name?: Name; readonly tag: Tag } {
  if (!isOne) throw usage(`the target ${location}:${text} names one image, which several cannot be`)
  const alone = parseTag(text)
  if (alone !== undefined) return { tag: alone }
  const { host, name, tag, digest } = parseReference(text)
  if (digest !== undefined)
    throw usage(`the target ${JSON.stringify(`${location}:${text}`)} has a digest: content has its own`)
  if (tag === undefined) throw usage(`the target ${location}:${text} has no tag: ${location}:NAME:TAG`)
  return { name: wholeName(host ?? '', name), tag }
}

/** The name of a repository with its host, where that is known. */
function wholeName(host: string, name: Name): Name {
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
