import { type Digest, digestAlgorithm } from '../oci/digest.ts'
import type { HashAlgorithm, Runtime } from '../runtime.ts'
import type { ObjectStore } from '../storage/object-store.ts'

/** The digest of an object, by the algorithm of the one that it should have; `undefined` when there is no object. */
export async function hashObject(
  objects: ObjectStore,
  key: string,
  digest: Digest,
  { createHash }: Pick<Runtime, 'createHash'>,
): Promise<string | undefined> {
  const stream = await objects.get(key)
  if (stream === undefined) return undefined
  const algorithm = digestAlgorithm(digest) as HashAlgorithm
  const hash = createHash(algorithm)
  for await (const bytes of stream) hash.update(bytes)
  return `${algorithm}:${hash.hex()}`
}
