import { execFileSync } from 'node:child_process'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { makeTempFolder } from '../../test/support/temp.ts'
import { parseDigest } from '../oci/digest.ts'
import { OCI_MANIFEST } from '../oci/manifest.ts'
import { headerOf } from './bundle-head.ts'
import { parseBundleIndex } from './form.ts'
import { type BundlePlan, layOut } from './lay-out.ts'
import { readBegun } from './read-begun.ts'

const GIB = 1024 ** 3
const digestOf = (digit: string, algorithm = 'sha256') =>
  parseDigest(`${algorithm}:${digit.repeat(algorithm === 'sha256' ? 64 : 128)}`)!
const REPOSITORIES = ['registry.test/app']

const plan: BundlePlan = {
  images: [{ name: 'registry.test/app:v1', digest: digestOf('1'), mediaType: OCI_MANIFEST, size: 300 }],
  referrers: [],
  contents: [
    { digest: digestOf('1'), size: 300, mediaType: OCI_MANIFEST, repositories: REPOSITORIES },
    { digest: digestOf('2'), size: 9 * GIB, repositories: REPOSITORIES },
    { digest: digestOf('3', 'sha512'), size: 512, repositories: REPOSITORIES },
    { digest: digestOf('4'), size: 0, repositories: REPOSITORIES },
  ],
  assumed: [],
  missing: [],
  partSize: null,
}

it('says where each content begins, as tar finds it: beyond 8 GiB, with a long name, with nothing in it', async () => {
  await using folder = await makeTempFolder()
  const { index, head } = await layOut(plan)
  const file = join(folder.path, 'bundle.0001.tar')
  const handle = await open(file, 'w')
  await handle.write(head)
  for (const content of index.contents) {
    const header = headerOf(content)
    await handle.write(header, 0, header.length, content.offset - header.length)
  }
  // Nothing but headers is written: the rest are holes.
  await handle.truncate(index.length)
  await handle.close()
  const listed = execFileSync('tar', ['--list', '--verbose', '--file', file], { encoding: 'utf8' })
  const found = listed
    .trim()
    .split('\n')
    .slice(3)
    .map((line) => line.split(/ +/))
  expect(found.map((words) => [words.at(-1), Number(words[2])])).toEqual(
    index.contents.map(({ digest, size }) => [`blobs/${digest.replace(':', '/')}`, size]),
  )
})

it('is signed as it stands, and read back', async () => {
  let statement: Uint8Array | undefined
  const { index, head } = await layOut(plan, async (bytes) => {
    statement = bytes
    return 'A'.repeat(88)
  })
  expect(parseBundleIndex(statement!)).toEqual(index)
  const read = (length: number) => {
    const stream = {
      length,
      read: async (from: number, to: number) => head.subarray(from, Math.min(to, length)),
    }
    return readBegun(stream, 'a test')
  }
  expect(await read(head.length)).toEqual(index)
  for (const length of [0, 511, 512, 1000, head.length - 513, head.length - 1])
    expect(await read(length)).toBeUndefined()
  head[600]!++
  await expect(read(head.length)).rejects.toThrow('a test')
})

it('needs as many digits for its offsets as they come to be long', async () => {
  for (let count = 1; count < 400; count += 7) {
    const contents = Array.from({ length: count }, (_, at) => ({
      ...{ digest: digestOf(`${at % 10}`), size: 999_999 * at, repositories: REPOSITORIES },
    }))
    const { index, head } = await layOut({ ...plan, contents })
    expect(index.contents[0]!.offset).toBe(head.length + 512)
  }
})
