import { PortolanError } from '../../errors.ts'
import type { Semaphore } from '../../internal/semaphore.ts'
import type { Digest } from '../../oci/digest.ts'
import type { Name, Tag } from '../../oci/name.ts'
import { fallbackTag } from '../../registry/fallback-referrers.ts'
import type { RepositoryReader } from '../../registry/reader.ts'
import { collect, invalidEntries, MAX_TAGS } from '../collect.ts'
import type { ManifestContent } from '../manifest-content.ts'
import { type ManifestCache, ManifestReader, orFault } from '../manifest-reader.ts'
import { RepositoryMemory } from '../repository-memory.ts'
import { faultOf, RepositoryWalk } from '../walk-repository.ts'
import { AskedRepository, isNotAsked, type Questions } from './asked-repository.ts'
import type { ReadOldRepository } from './old-name.ts'

/** Each repository is read for itself: what another one has is of no use to who pulls from this one. */
export const NOTHING_KEPT: ManifestCache = { manifest: async () => undefined, keepManifest: async () => {} }

/** Reads all that the tags of a repository lead to, and what refers to that. Rejects only by mistakes of ours and the signal. */
export async function readOldRepository(
  name: Name,
  repository: RepositoryReader,
  { questions, places }: { readonly questions: Questions; readonly places: Semaphore },
): Promise<ReadOldRepository> {
  const asked = new AskedRepository(repository, questions)
  const listed = await collect((onInvalid) => asked.tags({ onInvalid }), MAX_TAGS)
  const warnings = [...invalidEntries(`the list of tags of ${name}`, listed)]
  const manifests = new ManifestReader({ repository: () => asked }, NOTHING_KEPT, places)
  const { tags, gone, incomplete } = await resolveTags(name, asked, listed.values, { manifests, places })
  if (listed.fault !== undefined) incomplete.unshift(faultOf(`tags of ${name}`, listed.fault))
  if (gone.length > 0)
    warnings.push(`${name} lists tags that stand for nothing: ${gone.slice(0, 5).join(', ')}`)

  const memory = new RepositoryMemory(NOW, { walked: 0, tags: new Map(), referrers: new Map() })
  const walking = new RepositoryWalk(name, {
    ...{ repository: asked, manifests, places, memory },
    ...{ platforms: [], referrers: true },
  })
  const roots = [...tags].map(([tag, digest]) => ({ tag, digest }))
  const { faults } = await walking.walkRoots(roots, [])
  const absent = [...asked.lacking].flatMap(([digest, why]) => (why === 'absent' ? [digest] : []))
  const lacks = new Set(absent)
  const isOfLacking = ({ code, facts }: PortolanError) =>
    code === 'CONTENT_INVALID' && lacks.has(facts.digest as Digest)
  const listedReferrers = [...memory.known.referrers].map(
    ([subject, { digests }]) => [subject, digests.filter((digest) => !lacks.has(digest))] as const,
  )
  return {
    ...{ name, tags, lacks, warnings, incomplete, contents: manifests.contents },
    referrers: referrersOf(listedReferrers, tags, manifests.contents),
    faults: faults.filter((fault) => !isOfLacking(fault)),
  }
}

/** Tags of one repository that are told of one by one, when they are not answered. */
const UNANSWERED_NAMED = 20

/** Nothing is known from before. */
const NOW = { now: 0, recheck: 0 }

async function resolveTags(
  name: Name,
  repository: AskedRepository,
  listed: readonly Tag[],
  { manifests, places }: { readonly manifests: ManifestReader; readonly places: Semaphore },
) {
  const gone: Tag[] = []
  const unanswered: PortolanError[] = []
  let unnamed = 0
  const resolved = await places.map(listed, async (tag) => {
    const first = await orFault(() => repository.resolve(tag, {}))
    // What cannot be read has a digest all the same, by which it is pulled.
    const isUnread = first instanceof PortolanError && first.code === 'CONTENT_INVALID'
    const found = isUnread ? await orFault(() => repository.resolve(tag)) : first
    if (found === undefined) gone.push(tag)
    else if (found instanceof PortolanError) {
      if (isNotAsked(found) || unanswered.length >= UNANSWERED_NAMED) unnamed++
      else unanswered.push(faultOf(`${name}:${tag}`, found))
    } else if (found.manifest !== undefined) await manifests.take(name, found.manifest)
    return found
  })
  const tags = new Map<Tag, Digest>()
  for (const [index, tag] of listed.entries()) {
    const found = resolved[index]
    if (found !== undefined && !(found instanceof PortolanError)) tags.set(tag, found.digest)
  }
  if (unnamed > 0) {
    const message = `${name}: of ${unnamed} more tags nobody said what they stand for`
    unanswered.push(new PortolanError('UNREACHABLE', message))
  }
  return { tags, gone, incomplete: unanswered }
}

/** What refers to a manifest by the list of the registry, and by the one that its fallback tag stands for. */
function referrersOf(
  listed: Iterable<readonly [Digest, readonly Digest[]]>,
  tags: ReadonlyMap<Tag, Digest>,
  contents: ReadonlyMap<Digest, ManifestContent>,
): ReadonlyMap<Digest, readonly Digest[]> {
  const referrers = new Map(listed)
  for (const subject of contents.keys()) {
    const index = tags.get(fallbackTag(subject))
    const named = index && contents.get(index)?.manifests.filter(({ digest }) => contents.has(digest))
    if (named === undefined) continue
    const all = [...(referrers.get(subject) ?? []), ...named.map(({ digest }) => digest)]
    referrers.set(subject, [...new Set(all)])
  }
  return new Map([...referrers].filter(([, digests]) => digests.length > 0))
}
