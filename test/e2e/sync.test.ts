import { generateKeyPairSync } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startAzurite } from '../support/azurite.ts'
import { type Ended, runCommand } from '../support/command.ts'
import { type DockerRegistry, noDockerRegistry, startDockerRegistry } from '../support/docker-registry.ts'
import { startFolderServer } from '../support/folder-server.ts'
import { startPortolan } from '../support/portolan.ts'
import { findPrograms, runOk } from '../support/programs.ts'
import { type PushedImages, pushImages } from '../support/pushed-images.ts'
import { startS3Server } from '../support/s3-server.ts'
import { makeTempFolder } from '../support/temp.ts'

const PREFIX = 'project/images'
const STORES = ['s3', 'azure', 'folder'] as const

const { found, missing } = findPrograms('skopeo', 'crane')
const unable = missing ?? noDockerRegistry
if (unable !== undefined) console.warn(`a sync that real clients pull from is skipped; ${unable}`)

/** A registry with one of each kind of image, three stores in three clouds, and the config that joins them. */
interface World {
  readonly folder: string
  readonly registry: DockerRegistry
  readonly images: PushedImages
  readonly config: Record<string, unknown>
  readonly environment: Readonly<Record<string, string>>
}

describe.skipIf(unable !== undefined)('a sync into S3, Azure and a folder', () => {
  const made = new AsyncDisposableStack()
  let world: World
  let synced: Ended

  beforeAll(async () => {
    world = await makeWorld(made)
    synced = await portolan(world, 'sync')
  })
  afterAll(() => made.disposeAsync())

  it('ends well and says so, store by store', () => {
    expect(synced, synced.err).toMatchObject({ code: 0 })
    const { stores } = JSON.parse(synced.out) as { stores: { store: string }[] }
    expect(stores.map(({ store }) => store).sort()).toEqual([...STORES].sort())
  })

  it('reads every blob of the upstream once', () => {
    const blobs = world.registry.requests().filter((request) => /^GET \S+\/blobs\/\S+ 20[06]$/.test(request))
    expect(blobs.length).toBe(world.images.blobs.size)
  })

  it('is found complete, unaltered and public by an audit of every byte', async () => {
    const audited = await portolan(world, 'audit', '--full')
    expect(audited, audited.err + audited.out).toMatchObject({ code: 0 })
  })

  it('asks for no blob when there is nothing new', async () => {
    const asked = world.registry.requests().length
    const again = await portolan(world, 'sync')
    expect(again, again.err).toMatchObject({ code: 0 })
    expect(world.registry.requests().slice(asked).filter(ofBlobs)).toEqual([])
  })

  it.each(STORES)(
    'lets skopeo and crane pull all of it from %s, without a probe and without a blob of the upstream',
    async (store) => {
      await using out = await makeTempFolder()
      await using door = await startPortolan({ ...world.config, routing: [{ prefer: [store] }] })
      const host = `127.0.0.1:${door.port}`
      const asked = world.registry.requests().length
      for (const { name, tag, digest } of world.images.images) {
        expect((await runOk(found.crane, ['digest', `${host}/${name}:${tag}`])).toString().trim()).toBe(
          digest,
        )
        // An index of referrers is no image: skopeo would rewrite it.
        if (/^sha256-[0-9a-f]{64}$/.test(tag)) continue
        const target = join(out.path, `${name}-${tag}`.replaceAll('/', '-'))
        await runOk(found.skopeo, [
          ...['copy', '--all', '--quiet', '--preserve-digests', '--src-tls-verify=false'],
          ...[`docker://${host}/${name}:${tag}`, `dir:${target}`],
        ])
        await expectPushedBytes(target, world.images)
        expect((await runOk(found.crane, ['digest', `${host}/${name}:${tag}`])).toString().trim()).toBe(
          digest,
        )
      }
      for (const [name, tag] of [
        ['app', 'v1.2.0'],
        ['team/large', 'v2.0.0'],
      ]) {
        const target = join(out.path, `crane-${tag}`)
        await runOk(found.crane, ['pull', '--format=oci', `${host}/${name}:${tag}`, target])
        await expectLayoutBytes(target, world.images)
      }
      expect(world.registry.requests().slice(asked).filter(ofBlobs)).toEqual([])
      const metrics = await (await fetch(`http://127.0.0.1:${door.adminPort}/metrics`)).text()
      expect(metrics).toMatch(redirectsTo(store))
      expect(
        metrics.match(/^portolan_probe_duration_seconds_count\{.*kind="presence".*\} [1-9].*$/gm) ?? [],
      ).toEqual([])
    },
  )
})

const ofBlobs = (request: string) => request.includes('/blobs/')
const redirectsTo = (store: string) =>
  new RegExp(`^portolan_requests_total\\{[^}]*class="blob"[^}]*backend="${store}"[^}]*\\} [1-9]`, 'm')

async function makeWorld(made: AsyncDisposableStack): Promise<World> {
  const folder = made.use(await makeTempFolder()).path
  const registry = made.use(await startDockerRegistry())
  const images = await pushImages(registry.host, PREFIX)
  const s3 = made.use(await startS3Server())
  const azurite = made.use(await startAzurite())
  await new ContainerClient(
    `${azurite.endpoint}/public`,
    new StorageSharedKeyCredential(azurite.account, azurite.environment.AZURE_STORAGE_KEY!),
  ).create({ access: 'blob' })
  const bucket = join(folder, 'bucket')
  await mkdir(bucket)
  const served = made.use(await startFolderServer(bucket))
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  await writeFile(join(folder, 'owner.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const config = {
    version: 1,
    upstreams: [{ id: 'main', url: `http://${registry.host}`, prefix: PREFIX, at: 'gcp/us-central1' }],
    stores: [
      {
        id: 's3',
        url: `${s3.origin}/${s3.bucket}/mirror`,
        manifests: 'manifests/{digest}',
        at: 'aws/eu-west-3',
        inventory: true,
        fill: { s3: { bucket: s3.bucket, region: 'us-east-1', endpoint: s3.origin, prefix: 'mirror' } },
      },
      {
        id: 'azure',
        url: `${azurite.endpoint}/public`,
        manifests: 'manifests/{digest}',
        at: 'azure/westeurope',
        inventory: true,
        fill: { azureBlob: { endpoint: azurite.endpoint, container: 'public' } },
      },
      { id: 'folder', url: served.origin, at: 'own/berlin', inventory: true, fill: { folder: bucket } },
    ],
    clouds: { places: [{ prefix: '127.0.0.0/8', at: 'own/berlin' }] },
    ownership: { publicKey: publicKey.export({ type: 'spki', format: 'pem' }) },
    sync: { journal: join(folder, 'journal'), signingKey: join(folder, 'owner.pem') },
    log: { access: false },
  }
  await writeFile(join(folder, 'config.yaml'), JSON.stringify(config))
  return { folder, registry, images, config, environment: { ...s3.environment, ...azurite.environment } }
}

function portolan(
  { folder, environment }: World,
  command: string,
  ...flags: readonly string[]
): Promise<Ended> {
  return runCommand([command, '--config', 'config.yaml', '--json', ...flags], { folder, env: environment })
}

/** Every file of a `dir:` copy is a manifest or a blob as it was pushed. */
async function expectPushedBytes(folder: string, { blobs, manifests }: PushedImages): Promise<void> {
  const pushed = new Set([...blobs.values(), ...manifests.values()].map((bytes) => bytes.toString('latin1')))
  const files = (await readdir(folder)).filter((file) => file !== 'version')
  expect(files.length).toBeGreaterThan(1)
  for (const file of files) {
    const same = pushed.has((await readFile(join(folder, file))).toString('latin1'))
    expect({ file, same }).toEqual({ file, same: true })
  }
}

async function expectLayoutBytes(folder: string, { blobs, manifests }: PushedImages): Promise<void> {
  const files = await readdir(join(folder, 'blobs/sha256'))
  expect(files.length).toBeGreaterThan(1)
  for (const file of files) {
    const digest = `sha256:${file}`
    const pushed = blobs.get(digest) ?? manifests.get(digest)
    const same = pushed?.equals(await readFile(join(folder, 'blobs/sha256', file)))
    expect({ digest, same }).toEqual({ digest, same: true })
  }
}
