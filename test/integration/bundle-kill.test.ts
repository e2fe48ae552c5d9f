import { createCipheriv } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readBundleHead } from '../../src/bundle/bundle-head.ts'
import { ByteReader } from '../../src/bundle/byte-reader.ts'
import { startCommand } from '../support/command.ts'
import { blobOf, makeManifest, type TestBlob } from '../support/content.ts'
import { randomOf, sample } from '../support/sample.ts'
import { momentsOf, type SlowRegistry, startSlowRegistry } from '../support/slow-registry.ts'
import { makeTempFolder, type TempFolder } from '../support/temp.ts'

const MIB = 1024 * 1024

/** Sizes that end within a block, at one, and behind one. */
const blobs = [700, 3 * MIB, 2 * MIB + 1, 5 * MIB - 1].map((size, index) => {
  const key = Buffer.alloc(32, index)
  return blobOf(createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size)))
})
const [config, ...layers] = blobs as [TestBlob, ...TestBlob[]]
const app = makeManifest(config, ...layers)
const total = blobs.reduce((sum, { bytes }) => sum + bytes.length, 0)

const moments = momentsOf(50, total, randomOf('moments of a kill'))

let folder: TempFolder
let registry: SlowRegistry
let whole: Buffer

beforeAll(async () => {
  folder = await makeTempFolder()
  registry = await startSlowRegistry([{ name: 'app', tags: { v1: app }, blobs }])
  await run('whole')
  whole = await readAll('whole')
}, 60_000)
afterAll(async () => {
  await registry[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

function start(name: string) {
  const image = `${registry.host}/app:v1`
  const words = ['--output', join(folder.path, name), '--part-size', '3MiB', '--no-referrers', '--json']
  return startCommand(['bundle', 'export', image, ...words], { folder: folder.path })
}

async function run(name: string) {
  const { ended } = start(name)
  const { code, err } = await ended
  expect(code, err).toBe(0)
}

async function readAll(name: string): Promise<Buffer> {
  const names = (await readdir(join(folder.path, name))).filter((each) => each.endsWith('.tar')).sort()
  return Buffer.concat(await Promise.all(names.map((each) => readFile(join(folder.path, name, each)))))
}

it.each(sample('moments of a kill in an export', moments, 2, (moment) => Object.keys(moment)[0]!))(
  'an export that is killed after %o goes on, and is the same to the byte',
  async (moment) => {
    const output = join(folder.path, 'killed')
    await rm(output, { recursive: true, force: true })
    await registry.killAt(moment, start('killed'))
    const before = existsSync(output) ? await readAll('killed') : Buffer.alloc(0)
    expect(whole.subarray(0, before.length).equals(before)).toBe(true)
    registry.asked = []
    // Killed between its last byte and its end, it was done.
    if (existsSync(join(output, 'bundle.unfinished')) || before.length === 0) await run('killed')
    expect((await readAll('killed')).equals(whole)).toBe(true)
    expect((await readdir(output)).sort()).toEqual((await readdir(join(folder.path, 'whole'))).sort())
    const { index } = await readBundleHead(new ByteReader(Readable.from([whole]), 'the whole'))
    for (const { digest, start: from } of registry.asked) {
      const { offset, size } = index.contents.find((each) => each.digest === digest)!
      expect(from).toBe(Math.max(0, Math.min(size, before.length - offset)))
    }
    expect((await stat(join(output, 'bundle.0001.tar'))).size).toBe(3 * MIB)
  },
  90_000,
)
