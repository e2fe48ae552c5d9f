import { PortolanError } from '../../errors.ts'
import { untilAborted } from '../../internal/until-aborted.ts'
import { isSignatureTag } from '../../oci/name.ts'
import type { DeliveryParts } from '../deliver.ts'
import { isRefusedContent } from '../failure-streak.ts'
import type { FaultLog } from '../fault-log.ts'
import type { ReachableImage } from '../reachable.ts'
import type { RegistryWork } from './registry-work.ts'
import type { RepositoryWork } from './repository-work.ts'

export interface TagParts {
  readonly delivery: DeliveryParts
  readonly faults: FaultLog
}

/**
 * Sets the tags of a repository that stand for nothing or for something else there, those of signatures first: whoever asks
 * for signatures sees no image without its own. One whose manifest is not there is withheld. Never rejects.
 */
export async function putTags(
  work: RegistryWork,
  repository: RepositoryWork,
  parts: TagParts,
): Promise<void> {
  const lacking = repository.lackingTags
  const put = (tags: readonly ReachableImage[]) =>
    Promise.all(tags.map((image) => work.places.run(() => putTag(work, repository, image, parts))))
  await put(lacking.filter(({ tag }) => isSignatureTag(tag)))
  await put(lacking.filter(({ tag }) => !isSignatureTag(tag)))
}

async function putTag(
  work: RegistryWork,
  repository: RepositoryWork,
  { name, tag, digest }: ReachableImage,
  { delivery, faults }: TagParts,
): Promise<void> {
  const { workspace, interruption } = delivery
  const { stop } = interruption
  if (stop.aborted) return
  if (!repository.hasManifest(digest)) {
    work.withheld++
    return
  }
  if (work.failures.tooLong) {
    work.failed++
    return
  }
  try {
    const manifest = await workspace.manifest(digest)
    // It was there a moment ago: whoever took it away takes the journal away under us.
    if (manifest === undefined) {
      throw new PortolanError('CONTENT_INVALID', `the journal has no manifest ${digest} of ${name}:${tag}`)
    }
    await untilAborted(stop, repository.target.putManifest(tag, { digest, ...manifest }))
    repository.tags.set(tag, digest)
    work.stored.tags++
    work.failures.succeeded()
  } catch (error) {
    if (stop.aborted) return
    work.failed++
    faults.add(error, { digest, store: work.id })
    // That a tag may not change, say, says nothing of the others.
    if (!isRefusedContent(error)) work.failures.failed()
  }
}
