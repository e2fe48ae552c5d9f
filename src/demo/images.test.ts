import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeSampleImages } from './images.ts'
import type { SampleWorld } from './sample-world.ts'

let root: string
let folder: string
let world: SampleWorld

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'portolan-'))
  folder = join(root, 'deep', 'images')
  world = await makeSampleImages(folder)
})
afterAll(() => rm(root, { recursive: true }))

const fileOf = (digest: string) => join(folder, 'blobs', ...digest.split(':'))
const jsonOf = async (digest: string) => JSON.parse(await readFile(fileOf(digest), 'utf8'))

/** Pinned: an older folder is used again as it is, unless the revision counts up together with these. */
test('makes the same images everywhere', () => {
  expect(world.images.map(({ name, tags, digest }) => ({ name, tags, digest }))).toEqual([
    {
      name: 'demo/hello',
      tags: ['1.0', 'latest'],
      digest: 'sha256:30988c7c3e000ab60785bbfc673e6d7c07ae7571d47d364c36b31709d4e9a0a8',
    },
    {
      name: 'demo/team/nested/tool',
      tags: ['v1.2.3'],
      digest: 'sha256:c0d5ebba75eddd994d9f86177640e09646c168637a44394c2b382c46d54539ed',
    },
  ])
  const [hello] = world.images
  expect(hello?.platforms.map(({ architecture }) => architecture)).toEqual(['amd64', 'arm64'])
  expect(hello?.signatureTag).toBe(`${hello?.digest.replace(':', '-')}.sig`)
  expect(hello?.referrers).toMatchObject([{ artifactType: 'application/spdx+json' }])
  expect(world.blobs[0]?.size).toBeGreaterThan(20 * 1024 * 1024)
})

test('every blob has the digest that names it, and every layer the one that its config states', async () => {
  const digestOf = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  const unpacked = new Map<string, string>()
  for (const { digest, mediaType, size } of world.blobs) {
    const bytes = await readFile(fileOf(digest))
    expect([digestOf(bytes), bytes.length]).toEqual([digest, size])
    if (mediaType.endsWith('+gzip')) unpacked.set(digest, digestOf(gunzipSync(bytes)))
  }
  const [hello, tool] = world.images
  const children = (await jsonOf(hello!.digest)).manifests.map(({ digest }: { digest: string }) => digest)
  expect(children).toHaveLength(2)
  for (const manifest of await Promise.all([...children, tool!.digest].map(jsonOf))) {
    const { rootfs } = await jsonOf(manifest.config.digest)
    expect(rootfs.diff_ids).toEqual(
      manifest.layers.map(({ digest }: { digest: string }) => unpacked.get(digest)),
    )
  }
})

test('uses again what is there and whole', async () => {
  const before = await stat(folder)
  expect(await makeSampleImages(folder)).toEqual(world)
  expect((await stat(folder)).ino).toBe(before.ino)
  expect(await readdir(join(root, 'deep'))).toEqual(['images'])
})

test('makes anew what was damaged', async () => {
  await truncate(fileOf(world.blobs[0]!.digest), 5)
  expect(await makeSampleImages(folder)).toEqual(world)
  expect((await stat(fileOf(world.blobs[0]!.digest))).size).toBe(world.blobs[0]!.size)
  expect(await readdir(join(root, 'deep'))).toEqual(['images'])
})

test('two at once fill an empty folder with the same images', async () => {
  const shared = join(root, 'shared')
  await mkdir(shared)
  const both = await Promise.all([makeSampleImages(shared), makeSampleImages(shared)])
  expect(both[0]).toEqual({ ...world, folder: shared })
  expect(both[1]).toEqual(both[0])
  expect((await readdir(root)).sort()).toEqual(['deep', 'shared'])
})

test.each([
  ['a file', { 'letter.txt': 'dear' }],
  ["somebody's layout", { 'oci-layout': '{}', 'index.json': '{"manifests":[]}' }],
])('leaves a folder alone that holds %s', async (label, files) => {
  const other = join(root, `other ${label}`)
  await mkdir(other)
  for (const [name, text] of Object.entries(files)) await writeFile(join(other, name), text)
  await expect(makeSampleImages(other)).rejects.toMatchObject({ code: 'CONTENT_INVALID' })
  expect((await readdir(other)).sort()).toEqual(Object.keys(files).sort())
  await rm(other, { recursive: true })
})
