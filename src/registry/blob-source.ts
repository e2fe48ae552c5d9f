import type { Digest } from '../oci/digest.ts'
import type { Source } from '../transfer/source.ts'
import type { RepositoryReader } from './reader.ts'

/** From so many bytes on, a connection of its own costs little beside what comes over it. */
const LARGE_BYTES = 4 * 1024 * 1024

/** A blob of a repository as something to download from; of `size` bytes, where that is known. */
export function blobSource(
  repository: Pick<RepositoryReader, 'location' | 'blob'>,
  digest: Digest,
  size = 0,
): Source {
  return {
    location: repository.location,
    open: (start, signal) =>
      repository.blob(digest, { start, signal, ...(size - start >= LARGE_BYTES && { lend: true }) }),
  }
}
