import type { Digest } from '../oci/digest.ts'

/** A manifest by what must be there before it. */
export interface Dependent {
  readonly digest: Digest
  readonly children: readonly Digest[]
  readonly subject?: Digest
}

/**
 * How far up each manifest stands: above all that it names and above what it is about. What is not among them does not
 * count. Nobody can write a circle of digests; in a list that claims one, it is cut somewhere.
 */
export function levelsOf(manifests: readonly Dependent[]): ReadonlyMap<Digest, number> {
  const byDigest = new Map(manifests.map((manifest) => [manifest.digest, manifest]))
  const levels = new Map<Digest, number>()
  const levelOf = (manifest: Dependent): number => {
    const before = levels.get(manifest.digest)
    if (before !== undefined) return before
    levels.set(manifest.digest, 0)
    const { children, subject } = manifest
    const below = [...children, ...(subject === undefined ? [] : [subject])].flatMap(
      (digest) => byDigest.get(digest) ?? [],
    )
    const level = below.reduce((highest, each) => Math.max(highest, levelOf(each) + 1), 0)
    levels.set(manifest.digest, level)
    return level
  }
  for (const manifest of manifests) levelOf(manifest)
  return levels
}
