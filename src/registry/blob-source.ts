import type { Digest } from '../oci/digest.ts'
import type { Source } from '../transfer/source.ts'
import { openRanged, type RangedBlob } from './ranged-blob.ts'
import type { RepositoryReader } from './reader.ts'

/** From so many bytes on, a connection of its own costs little beside what comes over it. */
const LARGE_BYTES = 4 * 1024 * 1024

/**
 * A blob of a repository as something to download from; of `size` bytes, where that is known. With `far`, large ones of a
 * registry that is far come in several ranges at once.
 */
export function blobSource(
  repository: Pick<RepositoryReader, 'location' | 'blob'>,
  digest: Digest,
  size = 0,
  far?: Pick<RangedBlob, 'distance' | 'runtime'>,
): Source {
  return {
    location: repository.location,
    open(start, signal) {
      const lend = size - start >= LARGE_BYTES && { lend: true }
      if (far === undefined || size === 0) return repository.blob(digest, { start, signal, ...lend })
      return openRanged({ repository, digest, size, ...far }, start, signal, lend || {})
    },
  }
}
