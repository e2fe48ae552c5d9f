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
  let opened = 0
  return {
    location: repository.location,
    open(start, signal) {
      const isLarge = size - start >= LARGE_BYTES
      // What has broken off goes on as one stream: what comes in ranges may be what the registry does not bear.
      const whole = opened++ === 0 && { size }
      return repository.blob(digest, { start, signal, ...(isLarge && { lend: true, ...whole }) })
    },
  }
}
