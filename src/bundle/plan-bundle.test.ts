import { expect, it } from 'vitest'
import { MemoryRegistry } from '../../test/support/memory-registry.ts'
import { type Digest, parseDigest } from '../oci/digest.ts'
import { type Descriptor, OCI_LAYER_GZIP } from '../oci/manifest.ts'
import { type Name, parseName, parseTag } from '../oci/name.ts'
import type { ExportedImage } from './collect.ts'
import { layOut } from './lay-out.ts'
import { type PlanOptions, planBundle } from './plan-bundle.ts'

const ARM64 = { os: 'linux', architecture: 'arm64' }
const AMD64 = { os: 'linux', architecture: 'amd64' }
const UNVERIFIABLE = parseDigest(`blake3:${'0'.repeat(64)}`)!

const name = (text: string): Name => parseName(text)!
const image = (source: MemoryRegistry, repository: string, reference: string): ExportedImage => ({
  ...{ host: 'registry.test', source, name: name(repository) },
  ...(parseDigest(reference) === undefined
    ? { tag: parseTag(reference)! }
    : { digest: parseDigest(reference)! }),
})

function plan(images: readonly ExportedImage[], options: Partial<PlanOptions> = {}) {
  const rest = { platforms: [], referrers: true, known: new Set<Digest>(), partSize: null, onManifest() {} }
  return planBundle(images, { ...rest, signal: new AbortController().signal, ...options })
}

/** An index for two platforms, what signs one of them, and what is about that signature. */
function nested(registry: MemoryRegistry, repository = 'app') {
  const arm = registry.addImage(repository, { layers: ['base', 'arm'], platform: ARM64 })
  const amd = registry.addImage(repository, { layers: ['base', 'amd'], platform: AMD64 })
  const index = registry.addIndex(repository, [arm, amd])
  registry.tag(repository, 'v1', index)
  const bill = registry.addImage(repository, { layers: ['bill'], subject: amd, artifactType: 'a/bill' })
  const seal = registry.addImage(repository, { layers: ['seal'], subject: bill, artifactType: 'a/seal' })
  return { arm, amd, index, bill, seal }
}

const digests = (contents: readonly { readonly digest: Digest }[]) => contents.map(({ digest }) => digest)

it('has manifests before blobs, and before each what it names and what it is about', async () => {
  const registry = new MemoryRegistry()
  const { arm, amd, index, bill, seal } = nested(registry)
  const { contents, referrers, images } = await plan([image(registry, 'app', 'v1')])
  const manifests = contents.filter(({ mediaType }) => mediaType !== undefined)
  expect(contents.slice(0, manifests.length)).toEqual(manifests)
  expect(new Set(digests(manifests))).toEqual(new Set(digests([arm, amd, index, bill, seal])))
  const at = (of: Descriptor) => digests(manifests).indexOf(of.digest)
  for (const [before, after] of [
    [arm, index],
    [amd, index],
    [amd, bill],
    [bill, seal],
  ])
    expect(at(before!)).toBeLessThan(at(after!))
  expect(images.map((each) => each.name)).toEqual(['registry.test/app:v1'])
  expect(new Set(digests(referrers))).toEqual(new Set(digests([bill, seal])))
})

it('is the same to the byte, in whatever order it is asked for and by whatever name', async () => {
  const registry = new MemoryRegistry()
  const { index } = nested(registry)
  nested(registry, 'other/app')
  const images = [
    image(registry, 'app', 'v1'),
    image(registry, 'other/app', 'v1'),
    image(registry, 'app', index.digest),
  ]
  const [one, two] = await Promise.all([plan(images), plan([...images, images[0]!].reverse())])
  expect((await layOut(one)).head).toEqual((await layOut(two)).head)
  expect(one.images.map((each) => each.name)).toEqual([
    'registry.test/app:v1',
    `registry.test/app@${index.digest}`,
    'registry.test/other/app:v1',
  ])
  expect(
    one.contents.every(
      ({ repositories }) => repositories.join() === 'registry.test/app,registry.test/other/app',
    ),
  ).toBe(true)
})

it('leaves out what the other side has, and says what that is', async () => {
  const registry = new MemoryRegistry()
  const { arm, amd } = nested(registry)
  const all = await plan([image(registry, 'app', 'v1')])
  const known = new Set([arm.digest, ...digests(all.contents).slice(-2)])
  const rest = await plan([image(registry, 'app', 'v1')], { known })
  expect(new Set(digests(rest.assumed))).toEqual(known)
  expect(new Set([...digests(rest.contents), ...digests(rest.assumed)])).toEqual(
    new Set(digests(all.contents)),
  )
  const few = await plan([image(registry, 'app', 'v1')], { platforms: [AMD64], referrers: false })
  expect(digests(few.contents)).toContain(amd.digest)
  expect(digests(few.contents)).not.toContain(arm.digest)
})

it('takes a blob from the repository that has it, and names one that nobody has or can check', async () => {
  const registry = new MemoryRegistry()
  const lost = registry.addBlob('app', 'lost')
  const odd = { mediaType: OCI_LAYER_GZIP, digest: UNVERIFIABLE, size: 5 }
  for (const repository of ['app', 'other'])
    registry.tag(repository, 'v1', registry.addImage(repository, { layers: [lost, 'half', odd] }))
  registry.lose('app', lost.digest)
  registry.lose('app', registry.addBlob('app', 'half').digest)
  const { missing, contents } = await plan([image(registry, 'app', 'v1'), image(registry, 'other', 'v1')])
  expect(missing.map(({ digest, why }) => [digest, why])).toEqual([
    [UNVERIFIABLE, 'missing'],
    [lost.digest, 'missing'],
  ])
  expect(digests(contents)).toContain(registry.addBlob('other', 'half').digest)
})

it('refuses one name for two images', async () => {
  const registry = new MemoryRegistry()
  const { index, arm } = nested(registry)
  const pinned = { ...image(registry, 'app', 'v1'), digest: arm.digest }
  await expect(plan([image(registry, 'app', 'v1'), pinned])).rejects.toThrow(
    `registry.test/app:v1 is to stand for ${index.digest} and for ${arm.digest}`,
  )
})

it('tells of Docker’s schema 1, which it does not take along', async () => {
  const registry = new MemoryRegistry()
  nested(registry)
  const old = registry.addSchema1('app', ['layer'])
  registry.tag('app', 'old', old)
  const { missing, images } = await plan([image(registry, 'app', 'v1'), image(registry, 'app', 'old')])
  expect(missing).toMatchObject([{ digest: old.digest, why: 'missing' }])
  expect(images).toHaveLength(1)
})
