import { createCipheriv, createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readBundleHead } from '../../src/bundle/bundle-head.ts'
import { ByteReader } from '../../src/bundle/byte-reader.ts'
import { startCommand } from '../support/command.ts'
import { blobOf, makeManifest, type TestBlob } from '../support/content.ts'
import { type PushableRegistry, startPushableRegistry } from '../support/pushable-registry.ts'
import { randomOf, sample } from '../support/sample.ts'
import { momentsOf, type SlowRegistry, startSlowRegistry } from '../support/slow-registry.ts'
import { makeTempFolder, type TempFolder } from '../support/temp.ts'

const KIB = 1024

/** More blobs than are sent at once, so that a kill finds some that are done and some that were not begun. */
const blobs = Array.from({ length: 24 }, (_, index) => {
  const key = Buffer.alloc(32, index + 1)
  const size = 1 + ((index * 37) % 8) * 64 * KIB + index
  return blobOf(createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size)))
})
const sizeOf = new Map(blobs.map(({ digest, bytes }) => [digest, bytes.length]))
const total = blobs.reduce((sum, { bytes }) => sum + bytes.length, 0)
const [config, ...layers] = blobs as [TestBlob, ...TestBlob[]]
const images = {
  v1: makeManifest(config, ...layers.slice(0, 14)),
  v2: makeManifest(config, ...layers.slice(10)),
}
const manifests = new Map(Object.values(images).map((manifest) => [manifest.digest, manifest]))
const momentsFor = (what: string) =>
  sample(
    `kills of a copy to ${what}`,
    momentsOf(50, total, randomOf(what)),
    2,
    (moment) => Object.keys(moment)[0]!,
  )

let folder: TempFolder
let source: SlowRegistry
const file = (...names: string[]) => join(folder.path, ...names)

beforeAll(async () => {
  folder = await makeTempFolder()
  source = await startSlowRegistry([{ name: 'app', tags: images, blobs }])
})
afterAll(async () => {
  await source?.[Symbol.asyncDispose]()
  await folder?.[Symbol.asyncDispose]()
})

function start(target: string) {
  const references = Object.keys(images).map((tag) => `${source.host}/app:${tag}`)
  return startCommand(['copy', ...references, target, '--json'], { folder: folder.path })
}

async function finish(target: string) {
  source.asked = []
  const { code, out, err } = await start(target).ended
  expect(code, err + out).toBe(0)
  return JSON.parse(out) as { totals: { uploaded: number; bytes: number } }
}

/** The digests of all blobs that a manifest names. */
const namedBy = ({ bytes }: Pick<TestBlob, 'bytes'>): string[] => {
  const { config, layers } = JSON.parse(Buffer.from(bytes).toString())
  return [config, ...layers].map(({ digest }: { digest: string }) => digest)
}
const bytesOf = (digests: Iterable<string>) =>
  [...digests].reduce((sum, digest) => sum + sizeOf.get(digest)!, 0)
const digestOf = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

describe('a copy that is killed', () => {
  it.each(momentsFor('a registry'))(
    'to a registry, after %o',
    async (moment) => {
      await using target: PushableRegistry = await startPushableRegistry()
      await source.killAt(moment, start(`${target.host}/to`))
      const has = () => new Set([...target.blobs.keys()].map((key) => key.replace(/^to\/app@/, '')))
      const before = has()
      // No manifest without its blobs, and so no tag.
      for (const { bytes } of target.manifests.values())
        expect(namedBy({ bytes }).filter((digest) => !before.has(digest))).toEqual([])
      const lacking = blobs.map(({ digest }) => digest).filter((digest) => !before.has(digest))
      const received = target.received
      const { totals } = await finish(`${target.host}/to`)
      // Sent again is what was on its way, and nothing that had arrived.
      expect(target.received - received).toBe(bytesOf(lacking))
      expect(totals).toMatchObject({ uploaded: lacking.length, bytes: bytesOf(lacking) })
      expect(has().size).toBe(blobs.length)
      for (const [tag, { bytes }] of Object.entries(images))
        expect(target.manifests.get(`to/app:${tag}`)?.bytes.equals(bytes)).toBe(true)
    },
    90_000,
  )

  it.each(momentsFor('a layout'))(
    'to a layout, after %o',
    async (moment) => {
      const layout = file('layout')
      await rm(layout, { recursive: true, force: true })
      await source.killAt(moment, start(`oci:${layout}`))
      const before = await readLayout(layout)
      for (const digest of before.listed) {
        expect(before.contents).toContain(digest)
        expect(namedBy(manifests.get(digest)!).filter((blob) => !before.contents.has(blob))).toEqual([])
      }
      await finish(`oci:${layout}`)
      const lacking = blobs.map(({ digest }) => digest).filter((digest) => !before.contents.has(digest))
      expect(source.asked.map(({ digest }) => digest).sort()).toEqual(lacking.sort())
      const after = await readLayout(layout)
      expect(after.contents.size).toBe(blobs.length + manifests.size)
      expect(after.listed.sort()).toEqual([...manifests.keys()].sort())
      expect((await readdir(layout)).sort()).toEqual(['blobs', 'index.json', 'oci-layout'])
    },
    90_000,
  )

  it.each(momentsFor('an archive'))(
    'to an archive, after %o',
    async (moment) => {
      const [archive, partial] = [file('killed.tar'), file('killed.tar.portolan-partial')]
      await rm(partial, { force: true })
      await writeFile(archive, 'what was there')
      await finish(`oci-archive:${file('whole.tar')}`)
      const whole = await readFile(file('whole.tar'))
      const isKilled = await source.killAt(moment, start(`oci-archive:${archive}`))
      const begun = existsSync(partial) ? await readFile(partial) : Buffer.alloc(0)
      expect(whole.subarray(0, begun.length).equals(begun)).toBe(true)
      const there = await readFile(archive)
      // Killed between the last byte and its end, it was done.
      const isDone = !isKilled || there.length === whole.length
      expect(there.toString('latin1')).toBe(isDone ? whole.toString('latin1') : 'what was there')
      await finish(`oci-archive:${archive}`)
      expect((await readFile(archive)).equals(whole)).toBe(true)
      expect(existsSync(partial)).toBe(false)
      const { index } = await readBundleHead(new ByteReader(Readable.from([whole]), 'the whole'))
      const asked = new Map(source.asked.map(({ digest, start: from }) => [digest, from]))
      for (const { digest, offset, size, mediaType } of isDone ? [] : index.contents) {
        if (mediaType !== undefined) continue
        const isThere = begun.length > Math.ceil((offset + size) / 512) * 512 || size <= begun.length - offset
        expect(asked.get(digest), digest).toBe(isThere ? undefined : Math.max(0, begun.length - offset))
      }
    },
    90_000,
  )
})

/** What a layout lists by name, and the contents it has, each of which is what its name says. */
async function readLayout(layout: string) {
  const list = join(layout, 'index.json')
  const listed: string[] = existsSync(list)
    ? JSON.parse(await readFile(list, 'utf8')).manifests.map(({ digest }: { digest: string }) => digest)
    : []
  const contents = new Set<string>()
  const inside = join(layout, 'blobs/sha256')
  for (const name of existsSync(inside) ? await readdir(inside) : []) {
    expect(digestOf(await readFile(join(inside, name)))).toBe(`sha256:${name}`)
    contents.add(`sha256:${name}`)
  }
  return { listed, contents }
}
