import { PortolanError } from '../../errors.ts'
import { type Digest, parseDigest } from '../../oci/digest.ts'
import { MANIFEST_MAX_BYTES, parseManifest } from '../../oci/manifest.ts'
import { matchesDigest } from '../../oci/verify.ts'
import type { RepositoryReader } from '../../registry/reader.ts'
import { readBody } from '../../transport/read-body.ts'
import type { Target } from '../target.ts'
import type { CopySource } from './copy-images.ts'

/**
 * A store as images are copied from it: by digest alone, since it has no names, tags and lists of referrers. Manifests are
 * compared with their digests, and blobs by whoever takes them.
 */
export function storeSource({ objects, blobKey, manifestKey }: Target, location: string): CopySource {
  const stat = async (digest: Digest) => {
    const found = await objects.stat(blobKey(digest))
    return found && { size: found.size }
  }
  const repository: RepositoryReader = {
    location,
    tags: () => [],
    resolve: async () => undefined,
    referrers: async () => [],
    stat,
    async manifest(reference) {
      const digest = parseDigest(reference)
      if (digest === undefined || manifestKey === undefined) return undefined
      const stream = await objects.get(manifestKey(digest))
      if (stream === undefined) return undefined
      const bytes = await readBody(new Response(stream), MANIFEST_MAX_BYTES)
      if (bytes === undefined || !(await matchesDigest(new Uint8Array(bytes), digest)))
        throw new PortolanError('CONTENT_INVALID', `manifest ${digest} was altered in ${location}`, {
          digest,
        })
      return { digest, mediaType: parseManifest(bytes, `${location}@${digest}`).mediaType, bytes }
    },
    async blob(digest, { start = 0, end, signal } = {}) {
      signal?.throwIfAborted()
      const found = await stat(digest)
      if (found === undefined) return undefined
      const last = Math.min(end ?? found.size, found.size)
      const isAll = start === 0 && last === found.size
      const body = await objects.get(blobKey(digest), isAll ? undefined : { start, end: last })
      return body && { start, size: found.size, body }
    },
  }
  return { location, repository: () => repository }
}
