import { describe, expect, it } from 'vitest'
import { createTestClock } from '../../test/support/test-clock.ts'
import { type Digest, digestEncoded } from '../oci/digest.ts'
import { openMemoryStore } from '../storage/memory/memory-store.ts'
import { digestOfKey, keyPrefixes } from './content-keys.ts'
import type { Target } from './target.ts'

describe('the keys of a store', () => {
  const targetOf = (blobKey: Target['blobKey'], manifestKey?: Target['blobKey']): Target => ({
    ...{ id: 'store', url: 'http://store', objects: openMemoryStore(createTestClock()), blobKey },
    ...(manifestKey && { manifestKey }),
  })
  const DIGESTS = [`sha256:${'0a'.repeat(32)}`, `sha512:${'f0'.repeat(64)}`] as Digest[]

  it.each<[string, Target['blobKey']]>([
    ['{digest}', (digest) => digest],
    ['a/{digest}/data', (digest) => `a/${digest}/data`],
    ['{algorithm}/{encoded}', (digest) => digest.replace(':', '/')],
    ['ab{encoded}cd.{algorithm}', (digest) => `ab${digestEncoded(digest)}cd.${digest.slice(0, 6)}`],
  ])('say their digests: %s', (_, blobKey) => {
    for (const digest of DIGESTS) {
      const key = blobKey(digest)
      expect(digestOfKey(targetOf(blobKey), key)).toBe(digest)
      expect(digestOfKey(targetOf(blobKey), `${key}x`)).toBeUndefined()
      expect(digestOfKey(targetOf(blobKey), `x/${key}`)).toBeUndefined()
      expect(keyPrefixes(targetOf(blobKey)).some((prefix) => key.startsWith(prefix))).toBe(true)
    }
  })

  it('are listed once, also where manifests lie among the blobs', () => {
    expect(
      keyPrefixes(
        targetOf(
          (digest) => `a/${digest}`,
          (digest) => `a/${digest}`,
        ),
      ),
    ).toEqual(['a/sha'])
    expect(
      keyPrefixes(
        targetOf(
          (digest) => digest.replace(':', '/'),
          (digest) => `manifests/${digest}`,
        ),
      ),
    ).toEqual(['sha', 'manifests/sha'])
    const shifting = (digest: Digest) => `${digestEncoded(digest)}/${digest}`
    expect(keyPrefixes(targetOf(shifting, (digest) => `manifests/${digest}`))).toEqual([''])
  })
})
