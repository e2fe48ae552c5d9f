import { PortolanError } from '../../errors.ts'
import { Semaphore } from '../../internal/semaphore.ts'
import type { Digest } from '../../oci/digest.ts'
import type { Platform } from '../../oci/manifest.ts'
import type { Name } from '../../oci/name.ts'
import type { Registry } from '../../registry/reader.ts'
import type { Runtime } from '../../runtime.ts'
import { ManifestMemory, ManifestReader, orFault } from '../manifest-reader.ts'
import { faultOf, RepositoryWalk } from '../walk-repository.ts'
import { blobStream } from './blob-stream.ts'
import { isUnreachable } from './copy-report.ts'
import { listSignatureTags } from './listed-tags.ts'

/** An image of which all is to be there. */
export interface VerifiedImage {
  readonly name: Name
  readonly digest: Digest
}

export interface VerifyOptions {
  readonly platforms: readonly Platform[]
  readonly referrers: boolean
  readonly signal?: AbortSignal
}

/** What was read, and all that is wrong: one sentence each. */
export interface Verification {
  readonly manifests: number
  readonly blobs: number
  readonly bytes: number
  readonly faults: readonly string[]
  /** Whether something is wrong, and all of it is that somebody could not be reached. */
  readonly isUnreachable: boolean
}

const AT_ONCE = 8

/** Reads images to the last byte, and compares all of it with its digests; each blob of a repository once. */
export async function verifyImages(
  runtime: Pick<Runtime, 'createHash'>,
  registry: Pick<Registry, 'repository'>,
  images: readonly VerifiedImage[],
  { platforms, referrers, signal }: VerifyOptions,
): Promise<Verification> {
  const places = new Semaphore(AT_ONCE)
  const read = { manifests: 0, blobs: 0, bytes: 0 }
  const faults: PortolanError[] = []
  for (const [name, group] of Map.groupBy(images, (image) => image.name)) {
    signal?.throwIfAborted()
    const repository = registry.repository(name)
    const manifests = new ManifestReader(registry, new ManifestMemory(), places)
    const walking = new RepositoryWalk(name, { repository, manifests, places, platforms, referrers })
    const listed = referrers ? await listSignatureTags(repository) : { tags: [], faults: [] }
    const walked = await walking.walkRoots(group, listed.tags)
    faults.push(...listed.faults, ...walked.faults)
    read.manifests += walked.reached.size
    const contents = [...walked.reached].map((digest) => manifests.contents.get(digest)!)
    const blobs = new Map(
      contents.flatMap((content) => content.blobs.map((blob) => [blob.digest, blob.size])),
    )
    await places.map(blobs, async ([digest, stated]) => {
      signal?.throwIfAborted()
      const fault = await orFault(async () => {
        const size = stated ?? (await repository.stat(digest))?.size ?? 0
        const lent = { ...runtime, ...(signal && { signal }) }
        for await (const piece of blobStream(repository, { digest, size }, 0, lent)) {
          read.bytes += piece.length
        }
        read.blobs++
      })
      if (fault instanceof PortolanError) faults.push(faultOf(name, fault))
    })
  }
  return { ...read, faults: faults.map(({ message }) => message), isUnreachable: isUnreachable(faults) }
}
