import { openBundleFolder } from '../adapters/node/open-bundle-folder.ts'
import { bundleRegistry } from '../bundle/bundle-registry.ts'
import { readImageName } from '../bundle/image-name.ts'
import type { LegacyConfig } from '../config/legacy-config.ts'
import { isRefusal } from '../config/refusal.ts'
import { readBackendUrl } from '../config/web-url.ts'
import { PortolanError } from '../errors.ts'
import { type Name, parseName } from '../oci/name.ts'
import type { RegistryAddress } from '../registry/address.ts'
import type { Registry } from '../registry/reader.ts'
import type { OldPlace } from '../replication/legacy/registry-old-name.ts'
import { openImageLayout } from '../storage/fs/image-layout.ts'
import { readBody } from '../transport/read-body.ts'
import { commandRuntime } from './command-runtime.ts'
import { type PlaceWord, readPlaceWord } from './copy-words.ts'
import { originOf } from './registries.ts'
import { usage } from './sync-parts.ts'
import { readTextFile } from './text-file.ts'

/** What the content of an old name is found by. */
export interface OldPlaceParts {
  readonly legacy: LegacyConfig
  /** Where the new name has it. */
  readonly canonical: Partial<RegistryAddress>
  /** `catalog`, `childRepositories`, or a file of names. */
  readonly repositories: string | undefined
  readonly connect: (address: RegistryAddress) => Registry
}

/** For the one question by which a door is known, in milliseconds, and of its answer, in bytes. */
const PROBE_TIMEOUT = 10_000
const REFUSAL_MAX = 64 * 1024

/** In which words a door says that it has no catalog. */
const DOOR_SAYS = 'this registry does not list its repositories'

const FORMS =
  'expected the registry where the content lies, such as old-backend.example/images or https://old-backend.example/images, or oci:FOLDER or bundle:FOLDER'

/**
 * Reads where the content of an old name lies, and opens it. Throws `USAGE` for what cannot be, and where that would be the
 * new name; and what opening a layout or a bundle throws.
 */
export async function openOldPlace(word: string, parts: OldPlaceParts): Promise<OldPlace> {
  const place = readPlaceWord(word)
  if (place !== undefined) {
    if (parts.repositories !== undefined)
      throw usage(`--repositories is for a registry: ${place.location} says itself what it has`)
    return openFiles(place)
  }
  const address = readAddress(word)
  await refuseNewName(word, address, parts)
  const registry = parts.connect(address)
  const { location } = registry
  const repository = (name: Name) => registry.repository(name)
  switch (parts.repositories) {
    case undefined:
    case 'catalog':
      return { location, repository, names: (onInvalid) => registry.catalog({ onInvalid }) }
    case 'childRepositories':
      return { location, repository, names: (onInvalid) => registry.childRepositories({ onInvalid }) }
    default: {
      const names = readNames(await readTextFile(parts.repositories), parts.repositories)
      return { location, repository, names: () => names, isNamed: true }
    }
  }
}

function readAddress(word: string): RegistryAddress {
  const isUrl = /^[a-z][a-z0-9+.-]*:\/\//i.test(word)
  const [host = ''] = word.split('/', 1)
  const url = readBackendUrl(isUrl ? word : originOf(host) + word.slice(host.length))
  // What it holds may be a password.
  if (isRefusal(url)) throw usage(`--from ${url.refused}; ${FORMS}`)
  const { origin, pathname } = new URL(url)
  const prefix = pathname.replace(/^\//, '')
  if (prefix !== '' && parseName(prefix) === undefined)
    throw usage(
      `--from ${JSON.stringify(word)}: ${JSON.stringify(prefix)} is no front of repository names; ${FORMS}`,
    )
  return { url: origin, prefix }
}

/** Whoever compares the new name with itself finds nothing missing. */
async function refuseNewName(
  word: string,
  { url, prefix }: RegistryAddress,
  { legacy, canonical }: OldPlaceParts,
): Promise<void> {
  const from = `--from ${JSON.stringify(word)}`
  const next = `name the registry where the content of ${legacy.host} lies`
  if (canonical.url === url && canonical.prefix === prefix)
    throw usage(`${from} is the canonical upstream of the config, which is what it is compared with: ${next}`)
  if (new URL(url).host === new URL(legacy.successor.url).host)
    throw usage(`${from} is the new name, ${legacy.successor.host}: ${next}`)
  if (await isDoor(url))
    throw usage(
      `${from} is answered by a door, which gives no catalog and has no content of its own, so that the new name would be compared with itself: ${next}`,
    )
}

/** By the words in which a door refuses its catalog. A registry that does not answer is told of when it is asked. */
async function isDoor(url: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(PROBE_TIMEOUT)
    const response = await commandRuntime.fetch(`${url}/v2/_catalog?n=1`, { redirect: 'manual', signal })
    if (response.ok) {
      await response.body?.cancel()
      return false
    }
    const bytes = await readBody(response, REFUSAL_MAX)
    return bytes !== undefined && new TextDecoder().decode(bytes).includes(DOOR_SAYS)
  } catch {
    return false
  }
}

/** One name a line, as clients of the old name use it; what is behind `#` is a remark. */
function readNames(text: string, file: string): readonly Name[] {
  const names: Name[] = []
  const faults: string[] = []
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const word = line.replace(/#.*/, '').trim()
    if (word === '') continue
    const name = parseName(word)
    if (name === undefined)
      faults.push(`${file}:${index + 1}: ${JSON.stringify(word)} is no name of a repository`)
    else names.push(name)
  }
  if (names.length === 0 && faults.length === 0) throw usage(`${file} names no repository: one a line`)
  if (faults.length > 0) throw new PortolanError('USAGE', faults.slice(0, 20).join('\n'))
  return names
}

async function openFiles({ kind, place, location, image }: PlaceWord): Promise<OldPlace> {
  if (image !== undefined) throw usage(`--from ${location} is enough: all that it has is looked at`)
  if (kind === 'bundle') {
    const bundle = await openBundleFolder(place)
    const registry = bundleRegistry(commandRuntime, bundle)
    const names = new Set(bundle.index.images.map(({ name }) => readImageName(name).name))
    return {
      location,
      *names() {
        for (const name of names) {
          if (registry.repository(name) !== undefined) yield name
          else
            throw new PortolanError(
              'CONTENT_INVALID',
              `${location} has ${name} of several hosts, and nobody can say which is meant`,
            )
        }
      },
      repository: (name) => registry.repository(name),
    }
  }
  if (kind !== 'oci') throw usage(`--from ${location} cannot be compared; ${FORMS}`)
  const problems: PortolanError[] = []
  const report = (problem: PortolanError) => void problems.push(problem)
  const layout = await openImageLayout(place, { runtime: commandRuntime, report })
  return {
    location,
    *names() {
      yield* layout.names()
      // What was left out is something that it has.
      for (const problem of problems) throw problem
    },
    repository: (name) => layout.repository(name),
  }
}
