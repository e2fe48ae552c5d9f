import type { SyncConfig } from '../config/config.ts'
import { PortolanError } from '../errors.ts'
import { Semaphore } from '../internal/semaphore.ts'
import type { Digest } from '../oci/digest.ts'
import { readPlatform } from '../oci/keep-platforms.ts'
import type { Platform } from '../oci/manifest.ts'
import { type Name, parseName } from '../oci/name.ts'
import { matchesPlatform } from '../oci/platform.ts'
import type { Registry } from '../registry/reader.ts'
import { createImageFinder } from './affected-images.ts'
import { assembleReachable } from './assemble.ts'
import {
  type Collected,
  collect,
  invalidEntries,
  isWithoutCatalog,
  MAX_REPOSITORIES,
  MAX_TAGS,
} from './collect.ts'
import type { ForeignLayer, ManifestContent } from './manifest-content.ts'
import { type ManifestCache, ManifestReader } from './manifest-reader.ts'
import type { Reachable } from './reachable.ts'
import { createSelector, type ImageSelector } from './selection.ts'
import type { WalkMemory } from './walk-memory.ts'
import { faultOf, RepositoryWalk, type WalkedRepository } from './walk-repository.ts'

export interface WalkParts {
  readonly workspace: ManifestCache
  /** What earlier walks were told; without it everything is asked. */
  readonly memory?: WalkMemory
  readonly report?: (event: WalkEvent) => void
  /** Ends the walk when it is aborted; questions that are under way end by themselves. */
  readonly signal?: AbortSignal
}

/** What a walk tells while it is under way, and at its end what the operator may not have meant. */
export type WalkEvent =
  | {
      readonly kind: 'repository'
      readonly name: Name
      readonly tags: number
      readonly done: number
      readonly total: number
    }
  | { readonly kind: 'warning'; readonly message: string }
  | { readonly kind: 'note'; readonly message: string }

type Contents = ReadonlyMap<Digest, ManifestContent>

const REPOSITORIES_AT_ONCE = 4
const REQUESTS_AT_ONCE = 16

/**
 * Follows the chosen tags of a registry to everything that they lead to. With nothing new, this costs the lists of
 * tags, one request a tag and, where there are lists of referrers, one for each manifest of which the memory does not know
 * them well enough.
 *
 * When only some platforms are wanted, an index is still reachable as it is, since its digest stands for all of it; its
 * `content` then holds what was kept. An image that is not in an index is kept whatever it is for. Foreign layers,
 * unless the config wants them, and the manifests of Docker's schema 1 are left out with a note.
 *
 * Throws `CONFIG_INVALID` for a filter or platform that cannot be read, what the workspace throws, and the reason of an
 * aborted signal. Whatever the registry does not give or gives wrongly is among the faults.
 */
export async function walk(source: Registry, config: SyncConfig, parts: WalkParts): Promise<Reachable> {
  const report = parts.report ?? (() => {})
  const warn = (message: string) => report({ kind: 'warning', message })
  const selector = createSelector(config)
  const platforms = config.platforms.map(readPlatform)
  const places = new Semaphore(REQUESTS_AT_ONCE)
  const manifests = new ManifestReader(source, parts.workspace, places)
  const matched = new Set<string>()

  const listed = await listRepositories(source, config, selector)
  for (const message of invalidEntries('the list of repositories', listed)) warn(message)
  const { chosen: names, matched: matchedNames } = selector.repositories(listed.values)
  for (const label of matchedNames) matched.add(label)

  let done = 0
  const walkOne = async (name: Name): Promise<WalkedRepository> => {
    parts.signal?.throwIfAborted()
    const repository = source.repository(name)
    const tags = await collect((onInvalid) => repository.tags({ onInvalid }), MAX_TAGS)
    for (const message of invalidEntries(`the list of tags of ${name}`, tags)) warn(message)
    // Part of a list would be taken for all of it: the highest of half the versions is the wrong one.
    const listedTags = tags.fault === undefined ? tags.values : []
    const selection = selector.tags(name, listedTags)
    for (const label of selection.matched) matched.add(label)
    if (tags.fault === undefined && tags.values.length === 0 && listed.namedBy !== undefined) {
      warn(`${listed.namedBy} names ${name}, which has no tags at ${source.location}`)
    }
    const { referrers } = config
    const memory = parts.memory?.repository(name)
    if (tags.fault === undefined) memory?.begin(listedTags)
    const walking = new RepositoryWalk(name, {
      ...{ repository, manifests, places, platforms, referrers },
      ...(memory && { memory }),
    })
    const walked = await walking.walk(selection.chosen, listedTags)
    report({ kind: 'repository', name, tags: walked.images.length, done: ++done, total: names.length })
    return tags.fault === undefined ? walked : { ...walked, faults: [faultOf(`tags of ${name}`, tags.fault)] }
  }
  const repositories = await new Semaphore(REPOSITORIES_AT_ONCE).map(names, walkOne)
  // What could not be asked any more is no fault of the registry.
  parts.signal?.throwIfAborted()
  await parts.memory?.save()

  const { contents } = manifests
  for (const message of idleFilters(selector, matched, config.platforms, platforms, contents)) warn(message)
  const reachable = assembleReachable(repositories, contents, config)
  for (const message of leftOut(repositories, contents, reachable, config)) report({ kind: 'note', message })
  if (listed.fault === undefined) return reachable
  return { ...reachable, faults: [listingFault(listed.fault, config), ...reachable.faults] }
}

/** Names the filters that match nothing: most likely they are mistakes. */
function* idleFilters(
  { labels }: ImageSelector,
  matched: ReadonlySet<string>,
  wanted: readonly string[],
  platforms: readonly Platform[],
  contents: Contents,
): Iterable<string> {
  for (const label of labels) if (!matched.has(label)) yield `${label} matches nothing`
  const offered = [...contents.values()].flatMap(({ manifests }) => manifests.map((child) => child.platform))
  for (const [index, platform] of platforms.entries()) {
    if (offered.some((each) => each !== undefined && matchesPlatform(platform, each))) continue
    yield `platforms ${JSON.stringify(wanted[index])} matches nothing`
  }
}

/** Says of what is reached what is not copied all the same. */
function* leftOut(
  repositories: readonly WalkedRepository[],
  contents: Contents,
  reachable: Reachable,
  { foreignLayers }: SyncConfig,
): Iterable<string> {
  let imagesOf: ReturnType<typeof createImageFinder> | undefined
  for (const { name, reached } of repositories) {
    for (const digest of reached) {
      const { isSchema1, foreign } = contents.get(digest)!
      if (isSchema1) yield `${name}@${digest} is of Docker's schema 1: only its blobs are copied`
      if (foreign.length === 0 || foreignLayers === 'copy') continue
      imagesOf ??= createImageFinder(reachable)
      const { images } = imagesOf(digest)
      const image = images.find((each) => each.startsWith(`${name}:`)) ?? images[0]
      const of = image === undefined ? '' : `${image}, `
      yield `${of}${name}@${digest}: left out, since they are foreign: ${describeForeign(foreign)}; "foreignLayers: copy" takes such layers along`
    }
  }
}

/** How many foreign layers of one image a note names. */
const MAX_FOREIGN = 3

function describeForeign(layers: readonly ForeignLayer[]): string {
  const named = layers.slice(0, MAX_FOREIGN).map(({ digest, size }) => `${digest} (${size} bytes)`)
  const more = layers.length - named.length
  return named.join(', ') + (more > 0 ? ` and ${more} more` : '')
}

/** Names of repositories, and which key of the config named them, where they are not as the registry lists them. */
interface ListedRepositories extends Collected<Name> {
  readonly namedBy?: 'repositories.list' | 'repositories.include'
}

/** Asks the registry for what it has only where the filters do not say it. */
async function listRepositories(
  source: Registry,
  { repositories: { list } }: SyncConfig,
  { onlyNames, mayHold }: ImageSelector,
): Promise<ListedRepositories> {
  if (typeof list !== 'string') {
    return { values: list.map(readListedName), invalid: [], namedBy: 'repositories.list' }
  }
  if (onlyNames !== undefined) return { values: onlyNames, invalid: [], namedBy: 'repositories.include' }
  return collect(
    (onInvalid) =>
      list === 'catalog' ? source.catalog({ onInvalid }) : source.childRepositories({ onInvalid, mayHold }),
    MAX_REPOSITORIES,
  )
}

function readListedName(text: string): Name {
  const name = parseName(text)
  if (name !== undefined) return name
  throw new PortolanError(
    'CONFIG_INVALID',
    `repositories.list holds ${JSON.stringify(text)}, which is not the name of a repository`,
    { name: text },
  )
}

/** Says beside why a catalog cannot be had what can be done about it: few registries give theirs to everybody. */
function listingFault(fault: PortolanError, { repositories: { list } }: SyncConfig): PortolanError {
  const { code, message, facts, cause } = faultOf('repositories', fault)
  if (list !== 'catalog' || !isWithoutCatalog(fault)) return new PortolanError(code, message, facts, cause)
  const advice =
    'set sync.repositories.list to the names of its repositories, or to childRepositories for Artifact Registry'
  return new PortolanError(code, `${message}; ${advice}`, facts, cause)
}
