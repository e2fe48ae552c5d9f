import { PortolanError } from '../../errors.ts'
import type { Digest } from '../../oci/digest.ts'
import type { Name, Tag } from '../../oci/name.ts'
import { orFault } from '../manifest-reader.ts'

/** An image that is to have a name at a target. */
export interface NamedJob {
  /** How to name it to people. */
  readonly written: string
  readonly to: { readonly name: Name; readonly tag?: Tag | undefined }
}

/**
 * Says of an image, by its digest, whether another one of the same copy is to have the same tag at the target and is
 * something else: whichever came last would stand there for both. Throws `USAGE` then. What cannot be asked for is in
 * nobody's way.
 */
export function createTagCheck<Job extends NamedJob>(
  jobs: readonly Job[],
  digestOf: (job: Job) => Promise<Digest | undefined>,
): (job: Job, digest: Digest) => Promise<void> {
  const nameOf = ({ to: { name, tag } }: Job) => `${name}:${tag}`
  const byName = Map.groupBy(
    jobs.filter(({ to }) => to.tag !== undefined),
    nameOf,
  )
  return async (job, digest) => {
    for (const other of byName.get(nameOf(job)) ?? []) {
      if (other === job) continue
      const found = await orFault(() => digestOf(other))
      if (found === undefined || found instanceof PortolanError || found === digest) continue
      const message = `${other.written}, which is something else, would become ${nameOf(job)} too: give one of them another name with --map, or leave it out`
      throw new PortolanError('USAGE', message, { name: nameOf(job) })
    }
  }
}
