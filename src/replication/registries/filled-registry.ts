import type { Registry } from '../../registry/reader.ts'
import type { CopyTarget, TargetRepository } from '../images/copy-target.ts'

/** A registry that is filled: an upstream of the door, as it is read and as it is pushed to. */
export interface FilledRegistry {
  readonly id: string
  readonly reader: Registry
  readonly writer: CopyTarget
}

/** A registry into which nothing is pushed without a look at the lease: `check` rejects when this run may not write any more. */
export function withLease(
  { id, reader, writer }: FilledRegistry,
  check: () => Promise<void>,
): FilledRegistry {
  const leased = (repository: TargetRepository): TargetRepository => {
    const written = async <T>(write: () => Promise<T>): Promise<T> => {
      await check()
      return write()
    }
    return {
      ...repository,
      putBlob: (...args) => written(() => repository.putBlob(...args)),
      putManifest: (...args) => written(() => repository.putManifest(...args)),
      listReferrer: (...args) => written(() => repository.listReferrer(...args)),
    }
  }
  return {
    id,
    reader,
    writer: { ...writer, repository: (name) => leased(writer.repository(name)) },
  }
}
