import { describe, expect, it } from 'vitest'
import { MemoryRegistry } from '../../../test/support/memory-registry.ts'
import { PortolanError } from '../../errors.ts'
import { parseName, parseTag } from '../../oci/name.ts'
import { parsePlatform } from '../../oci/platform.ts'
import { fallbackTag } from '../../registry/fallback-referrers.ts'
import { findReferrers, resolveImage } from './resolve-image.ts'

const NAME = parseName('app')!
const TAG = parseTag('1')!
const platform = (text: string) => parsePlatform(text)!

/** An index for two platforms with an attestation, and a single image. */
function registry() {
  const made = new MemoryRegistry()
  const amd64 = made.addImage('app', { layers: ['a'], platform: platform('linux/amd64') })
  const arm64 = made.addImage('app', { layers: ['b'], platform: platform('linux/arm64') })
  const index = made.addIndex('app', [amd64, arm64])
  const single = made.addImage('app', { layers: ['c'] })
  made.tag('app', '1', index)
  made.tag('app', 'single', single)
  return { made, repository: made.repository(NAME), amd64, arm64, index, single }
}

describe('an image', () => {
  it('is what its tag stands for, without its bytes', async () => {
    const { made, repository, index } = registry()
    expect(await resolveImage(repository, NAME, { tag: TAG })).toBe(index.digest)
    expect(made.requests).toEqual(['HEAD app:1'])
  })

  it.each([
    ['linux/amd64', 'amd64'],
    ['linux/arm64/v8', 'arm64'],
  ] as const)('is that of %s in an index', async (text, key) => {
    const { repository, ...images } = registry()
    const found = await resolveImage(repository, NAME, { tag: TAG, platform: platform(text) })
    expect(found).toBe(images[key].digest)
  })

  it('is what it is where it is no index', async () => {
    const { repository, single } = registry()
    const asked = { tag: parseTag('single')!, platform: platform('linux/s390x') }
    expect(await resolveImage(repository, NAME, asked)).toBe(single.digest)
  })

  it('is looked for by its digest where it has one beside its tag', async () => {
    const { repository, single, made } = registry()
    expect(await resolveImage(repository, NAME, { tag: TAG, digest: single.digest })).toBe(single.digest)
    made.lose('app', single.digest)
    await expect(resolveImage(repository, NAME, { tag: TAG, digest: single.digest })).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      message: `registry.test/app@${single.digest} is not there`,
    })
  })

  it.each([
    [{ tag: parseTag('2')! }, 'registry.test/app:2 is not there'],
    [
      { tag: TAG, platform: platform('linux/s390x') },
      'registry.test/app:1 is not there for linux/s390x, only for linux/amd64, linux/arm64',
    ],
  ])('is missing: %j', async (question, message) => {
    const { repository } = registry()
    await expect(resolveImage(repository, NAME, question)).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      message,
    })
  })

  it('is not said to be missing where nobody answers', async () => {
    const { made, repository } = registry()
    made.failing.set('HEAD app:1', new PortolanError('ACCESS_DENIED', 'no'))
    await expect(resolveImage(repository, NAME, { tag: TAG })).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
    })
  })
})

describe('referrers', () => {
  it.each([false, true])('are those of the list, and of cosign (fallback tag: %s)', async (fallback) => {
    const { made, repository, index } = registry()
    const signature = made.addImage('app', { layers: ['s'] })
    made.tag('app', `${fallbackTag(index.digest)}.sig`, signature)
    const about = made.addImage('app', { layers: ['p'], subject: index, artifactType: 'application/proof' })
    if (fallback) {
      made.withoutReferrers = true
      const described = { ...about, artifactType: 'application/proof' }
      made.tag('app', fallbackTag(index.digest), made.addIndex('app', [described]))
    }
    expect(await findReferrers(repository, index.digest)).toEqual([
      { digest: about.digest, artifactType: 'application/proof' },
      { digest: signature.digest, tag: `${fallbackTag(index.digest)}.sig` },
    ])
  })

  it('are none where nothing names the image', async () => {
    const { made, repository, single } = registry()
    made.withoutReferrers = true
    expect(await findReferrers(repository, single.digest)).toEqual([])
  })
})
