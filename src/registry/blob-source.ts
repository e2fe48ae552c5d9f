import type { Digest } from '../oci/digest.ts'
import type { Source } from '../transfer/source.ts'
import type { RepositoryReader } from './reader.ts'

/** A blob of a repository as something to download from. */
export function blobSource(repository: Pick<RepositoryReader, 'location' | 'blob'>, digest: Digest): Source {
  return {
    location: repository.location,
    open: (start, signal) => repository.blob(digest, { start, signal }),
  }
}
