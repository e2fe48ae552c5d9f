import { PortolanError } from '../../errors.ts'
import { Semaphore } from '../../internal/semaphore.ts'
import type { Digest } from '../../oci/digest.ts'
import type { Runtime } from '../../runtime.ts'
import type { Workspace } from '../../storage/workspace.ts'
import { MAX_FAILURES } from '../failure-streak.ts'
import type { Reachable } from '../reachable.ts'
import type { FilledRegistry } from './filled-registry.ts'
import { type ReadParts, readRepository } from './read-repository.ts'
import { RegistryWork } from './registry-work.ts'
import { spotCheckRegistry } from './spot-check-registry.ts'

export interface OpenParts extends Pick<ReadParts, 'trustExisting' | 'recheck' | 'readOnly'> {
  readonly runtime: Runtime
  readonly workspace: Workspace
  readonly stop: AbortSignal
  /** Blobs that are pushed at once. */
  readonly concurrency: number
  readonly onWarning: (message: string) => void
  /** Told of each repository that cannot be read, and of content that is altered. */
  readonly onFault: (error: unknown, about: { readonly digest?: Digest }) => void
}

const QUESTIONS_AT_ONCE = 16
const REPOSITORIES_AT_ONCE = 4

/**
 * Learns what a registry holds of what is reachable. A repository that cannot be read is a fault of its own, and
 * after several in a row no more are asked for. Rejects as the registry does where the sample cannot be looked at.
 */
export async function openRegistry(
  registry: FilledRegistry,
  reachable: Reachable,
  parts: OpenParts,
): Promise<RegistryWork> {
  const work = new RegistryWork(registry, reachable, parts.concurrency)
  const { stop, onFault } = parts
  const reading: ReadParts = { ...parts, blobs: reachable.blobs, places: new Semaphore(QUESTIONS_AT_ONCE) }
  let inARow = 0
  const read = async (repository: RegistryWork['repositories'][number]) => {
    stop.throwIfAborted()
    if (inARow >= MAX_FAILURES) return
    try {
      await readRepository(repository, reading)
      inARow = 0
    } catch (error) {
      if (stop.aborted || !(error instanceof PortolanError)) throw error
      inARow++
      onFault(error, {})
      if (inARow === MAX_FAILURES) onFault(gaveUp(work), {})
    }
  }
  await new Semaphore(REPOSITORIES_AT_ONCE).map(work.repositories, read)
  if (parts.readOnly || parts.recheck) return work
  work.checked = await spotCheckRegistry(work, reading, parts)
  return work
}

function gaveUp({ id, title }: RegistryWork): PortolanError {
  const message = `${MAX_FAILURES} repositories of ${title} in a row could not be read; no more of them are asked for in this run`
  return new PortolanError('UNREACHABLE', message, { store: id })
}
