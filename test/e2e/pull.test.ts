import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { makeSampleImages } from '../../src/demo/images.ts'
import type { SampleImage, SampleWorld } from '../../src/demo/sample-world.ts'
import { type DockerRegistry, noDockerRegistry, startDockerRegistry } from '../support/docker-registry.ts'
import { type FolderServer, startFolderServer } from '../support/folder-server.ts'
import { type Portolan, type RuntimeName, startPortolan } from '../support/portolan.ts'
import { findPrograms, runOk } from '../support/programs.ts'
import { makeTempFolder, type TempFolder } from '../support/temp.ts'

const PREFIX = 'project/images'
const PARIS = '35.180.1.1'
const IOWA = '34.1.1.1'

const { found, missing } = findPrograms('skopeo', 'crane')
const unable = missing ?? noDockerRegistry
if (unable !== undefined) console.warn(`pulls by real clients are skipped; ${unable}`)

/** A registry operator's world: a registry that holds everything, a store that lacks one blob, and the images' source. */
interface World {
  readonly source: SampleWorld
  readonly registry: DockerRegistry
  readonly store: FolderServer
  /** The blob that the store lacks. */
  readonly lacking: string
}

let world: World
const made = new AsyncDisposableStack()

beforeAll(async () => {
  if (unable !== undefined) return
  const folder = made.use(await makeTempFolder())
  const source = await makeSampleImages(join(folder.path, 'source'))
  const registry = made.use(await startDockerRegistry())
  for (const { name, tags, signatureTag } of source.images) {
    for (const tag of [...tags, ...(signatureTag ? [signatureTag] : [])]) {
      await runOk(found.skopeo, [
        ...['copy', '--all', '--quiet', '--dest-tls-verify=false'],
        `oci:${source.folder}:${name}:${tag}`,
        `docker://${registry.host}/${PREFIX}/${name}:${tag}`,
      ])
    }
  }
  const bucket = join(folder.path, 'bucket')
  await mkdir(join(bucket, 'containers/images'), { recursive: true })
  const lacking = multiPlatform(source).blobs[1]!.digest
  for (const { digest } of source.blobs) {
    if (digest !== lacking)
      await copyFile(blobFile(source.folder, digest), join(bucket, 'containers/images', digest))
  }
  const store = made.use(await startFolderServer(bucket))
  world = { source, registry, store, lacking }
})
afterAll(() => made.disposeAsync())

describe.skipIf(unable !== undefined).each(['node', 'bun'] as const)(
  'a pull through the door on %s',
  (runtime) => {
    let door: Portolan
    let host: string
    let out: TempFolder
    let image: SampleImage
    let asked: number
    let stored: number

    beforeAll(async () => {
      door = await startPortolan(config(world), runtime as RuntimeName)
      host = `127.0.0.1:${door.port}`
      image = multiPlatform(world.source)
    })
    afterAll(() => door?.[Symbol.asyncDispose]())
    beforeEach(async () => {
      out = await makeTempFolder()
      asked = world.registry.requests().length
      stored = world.store.requests.length
      return () => out[Symbol.asyncDispose]()
    })

    /** Blobs that the store and the registry have sent during this test, whole. */
    const fromStore = () =>
      digestsOf(world.store.requests.slice(stored), /^GET \/containers\/images\/(\S+) 200$/)
    const fromRegistry = () =>
      digestsOf(world.registry.requests().slice(asked), /^GET \S+\/blobs\/(\S+) 200$/)

    it('gives skopeo the image of its platform', async () => {
      const target = join(out.path, 'image')
      await runOk(found.skopeo, [...skopeoCopy, `docker://${host}/${image.name}:1.0`, `oci:${target}:x`], {
        env: { ...process.env, GOARCH: 'amd64' },
      })
      expect(await layoutDigests(target)).toHaveLength(6) // a manifest, its config and four layers
      await expectSameBytes(target, world.source.folder)
      expect(fromStore().length).toBeGreaterThanOrEqual(3)
    })

    it('gives skopeo an image for all its platforms, and what the store lacks from the registry', async () => {
      const target = join(out.path, 'image')
      await runOk(found.skopeo, [
        ...skopeoCopy,
        '--all',
        `docker://${host}/${image.name}:latest`,
        `oci:${target}:x`,
      ])
      const arrived = await layoutDigests(target)
      expect(arrived).toEqual(
        expect.arrayContaining([image.digest, ...image.blobs.map(({ digest }) => digest)]),
      )
      await expectSameBytes(target, world.source.folder)
      expect(fromStore()).toEqual(
        image.blobs
          .map(({ digest }) => digest)
          .filter((digest) => digest !== world.lacking)
          .sort(),
      )
      expect(fromRegistry()).toEqual([world.lacking])
    })

    it('gives crane the same bytes by tag and by digest', async () => {
      const manifest = await blobBytes(world.source.folder, image.digest)
      expect(await runOk(found.crane, ['manifest', `${host}/${image.name}:1.0`])).toEqual(manifest)
      expect(await runOk(found.crane, ['manifest', `${host}/${image.name}@${image.digest}`])).toEqual(
        manifest,
      )
      for (const { digest } of image.blobs) {
        const bytes = await runOk(found.crane, ['blob', `${host}/${image.name}@${digest}`])
        expect(bytes.equals(await blobBytes(world.source.folder, digest))).toBe(true)
      }
    })

    it('lets crane pull and validate whole images, and list tags', async () => {
      for (const { name, tags } of world.source.images) {
        await runOk(found.crane, ['validate', '--remote', `${host}/${name}:${tags[0]}`])
        const target = join(out.path, name)
        await runOk(found.crane, ['pull', '--format=oci', `${host}/${name}:${tags[0]}`, target])
        await expectSameBytes(target, world.source.folder)
      }
      const listed = (await runOk(found.crane, ['ls', `${host}/${image.name}`])).toString().trim().split('\n')
      expect(listed.sort()).toEqual([...image.tags, image.signatureTag].sort())
    })

    it('gives crane a signature under its tag', async () => {
      const { name, signatureTag } = image
      const manifest = JSON.parse(
        (await runOk(found.crane, ['manifest', `${host}/${name}:${signatureTag}`])).toString(),
      )
      const bytes = await runOk(found.crane, ['blob', `${host}/${name}@${manifest.layers[0].digest}`])
      expect(bytes).toEqual(await blobBytes(world.source.folder, manifest.layers[0].digest))
    })

    it('sends a client to the store of its own cloud, and one from elsewhere to the registry', async () => {
      const { digest } = image.blobs[0]!
      const locate = async (address: string) => {
        const url = `http://${host}/v2/${image.name}/blobs/${digest}`
        const reply = await fetch(url, { redirect: 'manual', headers: { 'X-Forwarded-For': address } })
        expect(reply.status).toBe(307)
        return reply.headers.get('location')
      }
      expect(await locate(PARIS)).toBe(`${world.store.origin}/containers/images/${digest}`)
      expect(await locate(IOWA)).toBe(
        `http://${world.registry.host}/v2/${PREFIX}/${image.name}/blobs/${digest}`,
      )
    })

    it('lets a client go on in the middle of a blob', async () => {
      const { digest, size } = image.blobs[0]!
      const half = Math.floor(size / 2)
      const reply = await fetch(`http://${host}/v2/${image.name}/blobs/${digest}`, {
        headers: { Range: `bytes=${half}-` },
      })
      expect(reply.status).toBe(206)
      const bytes = Buffer.from(await reply.arrayBuffer())
      expect(bytes.equals((await blobBytes(world.source.folder, digest)).subarray(half))).toBe(true)
    })

    it('tells skopeo plainly that there is no such image', async () => {
      const nothing = runOk(found.skopeo, [
        'inspect',
        '--tls-verify=false',
        `docker://${host}/${image.name}:nothing`,
      ])
      await expect(nothing).rejects.toThrow('manifest unknown')
    })
  },
)

const skopeoCopy = ['copy', '--quiet', '--src-tls-verify=false', '--override-arch=amd64']

function config({ registry, store }: World): object {
  return {
    log: { access: false },
    upstreams: [{ id: 'registry', url: `http://${registry.host}`, prefix: PREFIX, at: 'gcp/us-central1' }],
    stores: [{ id: 'paris', url: store.origin, at: 'aws/eu-west-3' }],
    routing: [{ when: { cloud: 'aws' }, prefer: ['stores@aws'] }, { prefer: ['upstreams'] }],
    clients: { trustedProxies: ['127.0.0.0/8'] },
    clouds: {
      places: [
        // The clients of these tests, which send no address, are on loopback.
        { prefix: '127.0.0.0/8', at: 'aws/eu-west-3' },
        { prefix: '35.180.0.0/16', at: 'aws/eu-west-3' },
        { prefix: '34.1.0.0/16', at: 'gcp/us-central1' },
      ],
    },
  }
}

function multiPlatform({ images }: SampleWorld): SampleImage {
  return images.find(({ platforms }) => platforms.length > 1)!
}

function digestsOf(requests: readonly string[], pattern: RegExp): string[] {
  return [
    ...new Set(
      requests.map((request) => pattern.exec(request)?.[1]).filter((digest) => digest !== undefined),
    ),
  ].sort()
}

const blobFile = (folder: string, digest: string) => join(folder, 'blobs', digest.replace(':', '/'))
const blobBytes = (folder: string, digest: string) => readFile(blobFile(folder, digest))

async function layoutDigests(folder: string): Promise<string[]> {
  return (await readdir(join(folder, 'blobs/sha256'))).map((encoded) => `sha256:${encoded}`)
}

/** Every blob of a layout, manifests too, is in the source, byte for byte. */
async function expectSameBytes(folder: string, source: string): Promise<void> {
  const digests = await layoutDigests(folder)
  expect(digests.length).toBeGreaterThan(0)
  for (const digest of digests) {
    const [arrived, sent] = await Promise.all([blobBytes(folder, digest), blobBytes(source, digest)])
    expect({ digest, same: arrived.equals(sent) }).toEqual({ digest, same: true })
  }
}
