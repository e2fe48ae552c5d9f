import type { Semaphore } from '../../internal/semaphore.ts'
import { untilAborted } from '../../internal/until-aborted.ts'
import type { Digest } from '../../oci/digest.ts'
import type { Tag } from '../../oci/name.ts'
import type { Done, Workspace } from '../../storage/workspace.ts'
import type { ReachableBlob } from '../reachable.ts'
import { listTags, otherTags } from './list-tags.ts'
import type { RepositoryWork } from './repository-work.ts'

export interface ReadParts {
  readonly workspace: Workspace
  readonly stop: AbortSignal
  /** Sizes of blobs, where they are known. */
  readonly blobs: ReadonlyMap<Digest, ReachableBlob>
  /** Questions at once, to one registry. */
  readonly places: Semaphore
  /** Believe that what a manifest names is there when the manifest is. */
  readonly trustExisting: boolean
  /** Take no notes for true: ask for everything. */
  readonly recheck: boolean
  /** Note nothing. */
  readonly readOnly: boolean
  readonly onWarning: (message: string) => void
}

/**
 * Learns what a repository of a registry holds: the digest of each wanted tag that it lists, and what earlier runs noted.
 * Where a tag does not stand for what was noted to be there, somebody else was at work, or a run had no time to set it:
 * all that it leads to is asked for, and so is what is in no notes of a repository that has tags. Rejects as the registry
 * does.
 */
export async function readRepository(repository: RepositoryWork, parts: ReadParts): Promise<void> {
  const { workspace, recheck } = parts
  const listed = await untilAborted(parts.stop, listTags(repository.reader))
  await readTags(repository, listed, parts)
  const noted = recheck ? NOTHING : workspace.done(repository.journalKey)
  const unsure = unsureContents(repository, noted)
  for (const [digest, done] of noted) if (!unsure.has(digest)) repository.take(digest, done)
  const isAsked = (digest: Digest) => recheck || listed.size > 0 || unsure.has(digest)
  await findThere(repository, isAsked, parts)
  repository.isRead = true
}

/** What was noted and a tag should stand for, but does not, with all that it leads to. */
function unsureContents(
  { lackingTags, wanted }: RepositoryWork,
  noted: ReadonlyMap<Digest, Done>,
): ReadonlySet<Digest> {
  const unsure = new Set(lackingTags.flatMap(({ digest }) => (noted.has(digest) ? [digest] : [])))
  // Each manifest comes after all that it names.
  for (const { digest, content } of wanted.manifests.toReversed()) {
    if (unsure.has(digest)) for (const named of content) unsure.add(named)
  }
  return unsure
}

const NOTHING: ReadonlyMap<Digest, Done> = new Map()

async function readTags(
  repository: RepositoryWork,
  listed: ReadonlySet<Tag>,
  { places, stop }: ReadParts,
): Promise<void> {
  const { wanted, reader, tags } = repository
  const chosen = new Set(wanted.tags.map(({ tag }) => tag))
  repository.others = otherTags(listed, chosen)
  const asked = [...chosen].filter((tag) => listed.has(tag))
  await places.map(asked, async (tag) => {
    stop.throwIfAborted()
    const found = await untilAborted(stop, reader.resolve(tag))
    if (found !== undefined) tags.set(tag, found.digest)
  })
}

/** Asks for what is not known to be there: manifests, and then the blobs, those of manifests that are there too. */
async function findThere(
  repository: RepositoryWork,
  isAsked: (digest: Digest) => boolean,
  parts: ReadParts,
): Promise<void> {
  const { wanted, target, reader, name } = repository
  const { places, stop, blobs, trustExisting, recheck, onWarning } = parts
  // One that is about another may be missing on the list of that one: it is given once more, which lists it.
  const asked = repository.lackingManifests.filter(
    ({ digest, subject }) => subject === undefined && isAsked(digest),
  )
  const found = await places.map(asked, async ({ digest }) => {
    stop.throwIfAborted()
    return untilAborted(stop, target.hasManifest(digest))
  })
  const there = asked.filter((_, index) => found[index])
  for (const { digest, mediaType, size, content } of there) {
    await take(repository, digest, { mediaType, size }, parts)
    if (!trustExisting || recheck) continue
    for (const named of content) {
      if (wanted.blobs.has(named)) await take(repository, named, { size: blobs.get(named)?.size ?? 0 }, parts)
    }
  }
  await places.map(repository.lackingBlobs.filter(isAsked), async (digest) => {
    stop.throwIfAborted()
    const info = await untilAborted(stop, reader.stat(digest))
    if (info === undefined) return
    const expected = blobs.get(digest)?.size
    const { size = expected ?? 0 } = info
    if (expected !== undefined && size !== expected) {
      onWarning(`${name}@${digest} has ${size} bytes instead of ${expected}; it is pushed anew`)
    } else await take(repository, digest, { size }, parts)
  })
}

/** Takes it to be there; every later run does, too. */
async function take(
  repository: RepositoryWork,
  digest: Digest,
  done: Done,
  { workspace, readOnly }: ReadParts,
): Promise<void> {
  repository.take(digest, done)
  if (!readOnly) await workspace.noteDone(repository.journalKey, digest, done)
}
