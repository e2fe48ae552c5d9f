import type { InventoryEntry } from '../inventory/inventory.ts'
import { type Digest, parseDigest } from '../oci/digest.ts'
import type { Reachable } from './reachable.ts'
import type { Target } from './target.ts'

/** An object that a store should hold. */
export interface ExpectedObject {
  readonly key: string
  readonly digest: Digest
  /** Bytes; absent where nobody says. */
  readonly size?: number
  /** Of a manifest; absent for a blob, whose type nobody looks at. */
  readonly mediaType?: string
}

/** What a store should hold of what is reachable, by key. */
export function expectedObjects(
  target: Target,
  { blobs, manifests }: Reachable,
): Map<string, ExpectedObject> {
  const expected = new Map<string, ExpectedObject>()
  for (const { digest, size } of blobs.values()) {
    const key = target.blobKey(digest)
    expected.set(key, { key, digest, ...(size !== undefined && { size }) })
  }
  if (target.manifestKey === undefined) return expected
  for (const { digest, size, mediaType } of manifests.values()) {
    const key = target.manifestKey(digest)
    expected.set(key, { key, digest, size, mediaType })
  }
  return expected
}

/** Where a store keeps what its inventory lists; `undefined` for a manifest where it keeps none. */
export function keyOfEntry(
  { blobKey, manifestKey }: Target,
  { digest, mediaType }: Pick<InventoryEntry, 'digest' | 'mediaType'>,
): string | undefined {
  return mediaType === undefined ? blobKey(digest) : manifestKey?.(digest)
}

const SAMPLES = [`sha256:${'0'.repeat(64)}`, `sha512:${'f'.repeat(128)}`].map((text) => parseDigest(text)!)

/** What the keys of a store's blobs and manifests begin with, none of them the beginning of another. */
export function keyPrefixes({ blobKey, manifestKey }: Target): string[] {
  const prefixes = [blobKey, ...(manifestKey === undefined ? [] : [manifestKey])].map((keyOf) => {
    const [one = '', other = ''] = SAMPLES.map(keyOf)
    let length = 0
    while (length < one.length && one[length] === other[length]) length++
    return one.slice(0, length)
  })
  return [...new Set(prefixes)].filter((prefix) =>
    prefixes.every((other) => other === prefix || !prefix.startsWith(other)),
  )
}

/** The digest whose blob or manifest a key stands for; `undefined` for any key that the store's paths cannot give. */
export function digestOfKey({ blobKey, manifestKey }: Target, key: string): Digest | undefined {
  for (const [run] of key.matchAll(/[a-f0-9]{64,}/g)) {
    // What the path has before and after a digest may be hexadecimal digits as well.
    for (const [algorithm, length] of [
      ['sha256', 64],
      ['sha512', 128],
    ] as const) {
      for (let start = 0; start + length <= run.length; start++) {
        const digest = parseDigest(`${algorithm}:${run.slice(start, start + length)}`)
        if (digest !== undefined && (blobKey(digest) === key || manifestKey?.(digest) === key)) return digest
      }
    }
  }
  return undefined
}
