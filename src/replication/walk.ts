import type { SyncConfig } from '../config/config.ts'
import { PortolanError } from '../errors.ts'
import { Semaphore } from '../internal/semaphore.ts'
import type { Digest } from '../oci/digest.ts'
import type { Platform } from '../oci/manifest.ts'
import { type Name, parseName } from '../oci/name.ts'
import { matchesPlatform } from '../oci/platform.ts'
import type { Registry } from '../registry/reader.ts'
import { assembleReachable } from './assemble.ts'
import type { ManifestContent } from './manifest-content.ts'
import { type ManifestCache, ManifestReader, orFault } from './manifest-reader.ts'
import { readPlatform } from './platforms.ts'
import type { Reachable } from './reachable.ts'
import { createSelector, type ImageSelector } from './selection.ts'
import { faultOf, RepositoryWalk, type WalkedRepository } from './walk-repository.ts'

export interface WalkParts {
  readonly workspace: ManifestCache
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
/** Far beyond any registry: a list that is longer does not end (some upstreams give the same page again and again). */
const MAX_REPOSITORIES = 100_000
const MAX_TAGS = 1_000_000

/**
 * Follows the chosen tags of a registry to everything that they lead to. With nothing new, this costs the lists of
 * tags, one request a tag and, where there are lists of referrers, one a manifest.
 *
 * When only some platforms are wanted, an index is still reachable as it is, since its digest stands for all of it; its
 * `content` then holds what was kept. An image that is not in an index is kept whatever it is for. Foreign layers and
 * the manifests of Docker's schema 1 are left out with a note.
 *
 * Throws `CONFIG_INVALID` for a filter or platform that cannot be read, what the workspace throws, and the reason of an
 * aborted signal. Whatever the registry does not give or gives wrongly is among the faults.
 */
export async function walk(source: Registry, config: SyncConfig, parts: WalkParts): Promise<Reachable> {
  const report = parts.report ?? (() => {})
  const selector = createSelector(config)
  const platforms = config.platforms.map(readPlatform)
  const places = new Semaphore(REQUESTS_AT_ONCE)
  const manifests = new ManifestReader(source, parts.workspace, places)
  const matched = new Set<string>()

  const listed = await listRepositories(source, config)
  const { chosen: names, matched: matchedNames } = selector.repositories(listed.values)
  for (const label of matchedNames) matched.add(label)

  let done = 0
  const walkOne = async (name: Name): Promise<WalkedRepository> => {
    parts.signal?.throwIfAborted()
    const repository = source.repository(name)
    const tags = await collect(repository.tags(), MAX_TAGS)
    // Part of a list would be taken for all of it: the highest of half the versions is the wrong one.
    const listedTags = tags.fault === undefined ? tags.values : []
    const selection = selector.tags(listedTags)
    for (const label of selection.matched) matched.add(label)
    if (tags.fault === undefined && tags.values.length === 0 && Array.isArray(config.repositories.list)) {
      report({
        kind: 'warning',
        message: `repositories.list names ${name}, which has no tags at ${source.location}`,
      })
    }
    const walking = new RepositoryWalk(name, {
      repository,
      manifests,
      places,
      platforms,
      referrers: config.referrers,
    })
    const walked = await walking.walk(selection.chosen, listedTags)
    report({ kind: 'repository', name, tags: walked.images.length, done: ++done, total: names.length })
    return tags.fault === undefined ? walked : { ...walked, faults: [faultOf(`tags of ${name}`, tags.fault)] }
  }
  const repositories = await new Semaphore(REPOSITORIES_AT_ONCE).map(names, walkOne)
  // What could not be asked any more is no fault of the registry.
  parts.signal?.throwIfAborted()

  const { contents } = manifests
  for (const message of idleFilters(selector, matched, config.platforms, platforms, contents)) {
    report({ kind: 'warning', message })
  }
  for (const message of leftOut(repositories, contents)) report({ kind: 'note', message })
  const reachable = assembleReachable(repositories, contents)
  if (listed.fault === undefined) return reachable
  return { ...reachable, faults: [faultOf('repositories', listed.fault), ...reachable.faults] }
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
function* leftOut(repositories: readonly WalkedRepository[], contents: Contents): Iterable<string> {
  for (const { name, reached } of repositories) {
    for (const digest of reached) {
      const { isSchema1, foreign } = contents.get(digest)!
      if (isSchema1) yield `${name}@${digest} is of Docker's schema 1: only its blobs are copied`
      if (foreign > 0) yield `${name}@${digest}: foreign layers are left out: ${foreign}`
    }
  }
}

async function listRepositories(
  source: Registry,
  { repositories: { list } }: SyncConfig,
): Promise<Collected<Name>> {
  if (list === 'catalog') return collect(source.catalog(), MAX_REPOSITORIES)
  if (list === 'childRepositories') return collect(source.childRepositories(), MAX_REPOSITORIES)
  const values = list.map((text) => {
    const name = parseName(text)
    if (name !== undefined) return name
    throw new PortolanError(
      'CONFIG_INVALID',
      `repositories.list holds ${JSON.stringify(text)}, which is not the name of a repository`,
      { name: text },
    )
  })
  return { values }
}

/** A list as far as it came, and what was wrong when it ended early. */
interface Collected<T> {
  readonly values: readonly T[]
  readonly fault?: PortolanError
}

async function collect<T>(list: Iterable<T> | AsyncIterable<T>, most: number): Promise<Collected<T>> {
  const values: T[] = []
  const fault = await orFault(async () => {
    for await (const value of list) {
      if (values.length === most) {
        throw new PortolanError('CONTENT_INVALID', `the list does not end after ${most} entries`)
      }
      values.push(value)
    }
  })
  return fault === undefined ? { values } : { values, fault }
}
