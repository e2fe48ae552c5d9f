import { rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { makeBundle } from '../../test/support/bundles.ts'
import { makeBlob, makeManifest } from '../../test/support/content.ts'
import { makeTempFolder } from '../../test/support/temp.ts'
import { createHash } from '../adapters/hash.ts'
import { PortolanError } from '../errors.ts'
import { openNumberedFiles } from '../storage/fs/numbered-files.ts'
import { partName, partNumber } from './form.ts'
import { openBundle } from './open-bundle.ts'
import { verifyBundle } from './verify-bundle.ts'

const [config, small, large] = [makeBlob('config', 100), makeBlob('small', 3000), makeBlob('large', 20_000)]
const app = makeManifest(config, small, large)
const base = makeManifest(config, small)
const IMAGES = [
  { name: 'registry.test/app:v1', manifests: [app], blobs: [config, small, large] },
  { name: 'registry.test/base:v1', manifests: [base], blobs: [config, small] },
]
const PART = 8 * 1024

async function verify(folder: string) {
  try {
    const bundle = await openBundle(
      await openNumberedFiles(folder, { nameOf: partName, numberOf: partNumber }),
    )
    return await verifyBundle({ createHash }, bundle)
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error
    return { contents: 0, bytes: 0, faults: [{ parts: [], message: error.message }] }
  }
}

it.each([undefined, PART, 512])(
  'finds nothing wrong with a bundle in parts of %s bytes',
  async (partSize) => {
    await using folder = await makeTempFolder()
    await (await makeBundle(IMAGES, partSize === undefined ? {} : { partSize })).write(folder.path)
    expect(await verify(folder.path)).toEqual({
      contents: 5,
      bytes: 23_100 + app.bytes.length + base.bytes.length,
      faults: [],
    })
  },
)

it.each<[string, (folder: string) => Promise<void>, readonly (readonly [string[], RegExp])[]]>([
  [
    'a part that is missing',
    (folder) => rm(join(folder, partName(2))),
    [[['bundle.0002.tar'], /^it is missing; in it lie sha256:/]],
  ],
  [
    'the last part, which is missing',
    (folder) => rm(join(folder, partName(4))),
    [[['bundle.0004.tar'], /^it is missing; in it lie sha256:/]],
  ],
  [
    'the first part, which is missing',
    (folder) => rm(join(folder, partName(1))),
    [[[], /the first part of a bundle is not there; expected bundle.0001.tar$/]],
  ],
  [
    'a part that is short',
    (folder) => truncate(join(folder, partName(2)), PART - 1),
    [[['bundle.0002.tar'], /^it has 8191 bytes; expected 8192; in it lie sha256:/]],
  ],
  [
    'a part of another export',
    (folder) => writeFile(join(folder, partName(9)), 'old'),
    [[['bundle.0009.tar'], /no part of this bundle/]],
  ],
])('names %s', async (_, spoil, faults) => {
  await using folder = await makeTempFolder()
  await (await makeBundle(IMAGES, { partSize: PART })).write(folder.path)
  await spoil(folder.path)
  const found = (await verify(folder.path)).faults
  expect(found).toEqual(
    faults.map(([parts, message]) => ({ parts, message: expect.stringMatching(message) })),
  )
})

it('names the first part where it is short', async () => {
  await using folder = await makeTempFolder()
  await (await makeBundle(IMAGES, { partSize: PART })).write(folder.path)
  await truncate(join(folder.path, partName(1)), PART - 512)
  expect((await verify(folder.path)).faults).toContainEqual({
    parts: ['bundle.0001.tar'],
    message: expect.stringMatching(/^it has 7680 bytes; expected 8192/),
  })
})

it('names parts that are in a wrong order', async () => {
  await using folder = await makeTempFolder()
  const made = await makeBundle(
    Array.from({ length: 12 }, (_, at) => {
      const blob = makeBlob(`blob ${at}`, 2000)
      return { name: `registry.test/app:v${at}`, manifests: [makeManifest(blob)], blobs: [blob] }
    }),
    { partSize: 16 * 1024 },
  )
  await made.write(folder.path)
  const file = (number: number) => join(folder.path, partName(number))
  await rename(file(2), file(99))
  await rename(file(3), file(2))
  await rename(file(99), file(3))
  const { faults } = await verify(folder.path)
  const wrong = (part: number, other: number) => ({
    parts: [partName(part)],
    message: `it holds what belongs into ${partName(other)}: the parts are in a wrong order`,
  })
  expect(faults).toContainEqual(wrong(2, 3))
  expect(faults).toContainEqual(wrong(3, 2))
})

it('names the part and the content of a flipped bit', async () => {
  await using folder = await makeTempFolder()
  const { bytes, index } = await makeBundle(IMAGES, { partSize: PART })
  const { offset, digest } = index.contents.find((each) => each.digest === large.digest)!
  bytes[offset + 5000]! ^= 1
  for (let start = 0; start < bytes.length; start += PART)
    await writeFile(join(folder.path, partName(start / PART + 1)), bytes.subarray(start, start + PART))
  const { faults } = await verify(folder.path)
  expect(faults).toEqual([
    {
      parts: expect.arrayContaining([partName(Math.floor((offset + 5000) / PART) + 1)]),
      digest,
      message: expect.stringMatching(/was altered: its bytes are those of sha256:/),
    },
  ])
})

it('names an image whose blob is neither in the bundle nor said to be missing', async () => {
  await using folder = await makeTempFolder()
  const lacking = IMAGES.map((image) => ({ ...image, blobs: image.blobs.filter((each) => each !== large) }))
  await (await makeBundle(lacking)).write(folder.path)
  expect((await verify(folder.path)).faults).toMatchObject([
    { digest: app.digest, message: expect.stringMatching(/names .*, which the bundle neither has nor says/) },
  ])
})

it('finds a flipped bit wherever it is, in headers, names and what fills up blocks, too', async () => {
  await using folder = await makeTempFolder()
  const { bytes } = await makeBundle(IMAGES)
  const missed: number[] = []
  for (let at = 0; at < bytes.length; at += 311) {
    const altered = Buffer.from(bytes)
    altered[at]! ^= 1 << (at % 8)
    await writeFile(join(folder.path, partName(1)), altered)
    if ((await verify(folder.path)).faults.length === 0) missed.push(at)
  }
  expect(missed.map((at) => `${at}: ${bytes.subarray(at - 20, at + 20)}`)).toEqual([])
})
