import { PortolanError } from '../../errors.ts'
import { untilAborted } from '../../internal/until-aborted.ts'
import type { Digest } from '../../oci/digest.ts'
import type { Runtime } from '../../runtime.ts'
import { blobStream } from '../images/blob-stream.ts'
import { type Checked, READ_BYTES, SPOT_CHECKS } from '../spot-check.ts'
import { type ReadParts, readRepository } from './read-repository.ts'
import type { RegistryWork } from './registry-work.ts'
import type { RepositoryWork } from './repository-work.ts'

export interface SpotCheckParts {
  readonly runtime: Runtime
  /** Told of content that is not what its digest says. */
  readonly onFault: (error: unknown, about: { readonly digest?: Digest }) => void
}

/** One blob or manifest that is believed to be in a repository. */
interface Believed {
  readonly repository: RepositoryWork
  readonly digest: Digest
  readonly size: number
  readonly isManifest: boolean
}

/**
 * Looks again at a few of the blobs and manifests that earlier runs noted, by chance, and reads them as far as that is
 * little. Where one is not there, everything is asked for anew. What a registry gives under a digest that is not its own is
 * a fault, since nothing that is pushed would replace it.
 */
export async function spotCheckRegistry(
  work: RegistryWork,
  reading: ReadParts,
  { runtime, onFault }: SpotCheckParts,
): Promise<Checked> {
  const sample = drawSample(work, reading, runtime)
  let budget = READ_BYTES
  let read = 0
  let isRight = true
  await reading.places.map(sample, async (believed) => {
    const mayRead = believed.size <= budget
    if (mayRead) {
      budget -= believed.size
      read++
    }
    try {
      const isThere = await untilAborted(reading.stop, look(believed, mayRead, runtime))
      if (!isThere) isRight = false
    } catch (error) {
      if (!(error instanceof PortolanError) || error.code !== 'CONTENT_INVALID') throw error
      const { repository, digest } = believed
      repository.markAltered(digest)
      const message = `${error.message}; no push replaces it: delete it at the registry, and the next run with --recheck stores it anew`
      onFault(new PortolanError('CONTENT_INVALID', message, error.facts, error), { digest })
    }
  })
  if (!isRight) {
    reading.onWarning(`of what earlier runs stored, something is gone; everything is asked for anew`)
    for (const repository of work.readable) {
      repository.forget()
      await readRepository(repository, { ...reading, recheck: true })
    }
  }
  return { objects: sample.length, read, bytes: READ_BYTES - budget }
}

/** So many of all that was noted and is wanted, each as likely as any other (Vitter's algorithm R). */
function drawSample(
  { readable }: RegistryWork,
  { workspace }: ReadParts,
  { random }: Pick<Runtime, 'random'>,
): readonly Believed[] {
  const sample: Believed[] = []
  let seen = 0
  for (const repository of readable) {
    for (const [digest, { size, mediaType }] of workspace.done(repository.journalKey)) {
      if (!repository.holds(digest)) continue
      const place = seen < SPOT_CHECKS ? seen : Math.floor(random() * (seen + 1))
      if (place < SPOT_CHECKS)
        sample[place] = { repository, digest, size, isManifest: mediaType !== undefined }
      seen++
    }
  }
  return sample
}

/** Whether it is there. Throws `CONTENT_INVALID` when it is something else. */
async function look(
  { repository: { reader, target }, digest, size, isManifest }: Believed,
  mayRead: boolean,
  runtime: Runtime,
): Promise<boolean> {
  if (isManifest) {
    return mayRead ? (await reader.manifest(digest)) !== undefined : target.hasManifest(digest)
  }
  const info = await reader.stat(digest)
  if (info === undefined) return false
  if (info.size !== undefined && info.size !== size) {
    const message = `blob ${digest} at ${reader.location} has ${info.size} bytes; expected ${size}`
    throw new PortolanError('CONTENT_INVALID', message, { digest })
  }
  if (!mayRead) return true
  for await (const _ of blobStream(reader, { digest, size }, 0, runtime)) {
    // Read to its end, it is the blob.
  }
  return true
}
