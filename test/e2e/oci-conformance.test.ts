import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LayoutWriter } from '../../src/storage/fs/layout-writer.ts'
import { CONTENT, INDEX } from '../conformance/registry/content.ts'
import { runCommand } from '../support/command.ts'
import { type DockerRegistry, noDockerRegistry, startDockerRegistry } from '../support/docker-registry.ts'
import { type FolderServer, startFolderServer } from '../support/folder-server.ts'
import { buildSuite, runReadOnly, type SpecResult } from '../support/oci-conformance.ts'
import { startPortolan } from '../support/portolan.ts'
import { startS3Server } from '../support/s3-server.ts'
import { makeTempFolder } from '../support/temp.ts'

const IMAGES = CONTENT[0]!
const HELD = {
  repository: IMAGES.name,
  tags: Object.keys(IMAGES.tags),
  manifests: IMAGES.manifests.map(({ digest }) => digest),
  blobs: IMAGES.blobs.map(({ digest }) => digest),
  subjects: [INDEX.digest],
}
/** Specs that ask for content that is there, by HEAD and by GET. */
const PULLS = 2 * (HELD.tags.length + HELD.manifests.length + HELD.blobs.length)
/** The other specs of a read-only run: ping, lists of tags, referrers, and what is not there. */
const OTHERS = 8

const NO_REFERRERS = 'docker-registry 2 has no referrers API, which the door redirects to'
/** Specs that the registry fails when it is asked itself, by name: why, and whether clients of a door see it too. */
const REGISTRY_FAULTS: Readonly<Record<string, { readonly why: string; readonly seen: boolean }>> = {
  'empty/referrers': { why: NO_REFERRERS, seen: true },
  'read-only/referrers': { why: NO_REFERRERS, seen: true },
  'read-only/tag-list': { why: 'docker-registry 2 lists all tags whatever `last` says', seen: false },
  'invalid-digest-format/manifest-get': { why: 'docker-registry 2 answers 500 to a bad digest', seen: false },
}

const suite = await buildSuite()
const unable = 'missing' in suite ? suite.missing : noDockerRegistry
if (unable !== undefined)
  console.warn(`the conformance suite of OCI's distribution spec is skipped; ${unable}`)

describe.skipIf(unable !== undefined)('the conformance suite of the OCI distribution spec, read-only', () => {
  const made = new AsyncDisposableStack()
  let world: World
  /** What fails without a door. */
  let straight: readonly string[]

  beforeAll(async () => {
    world = await makeWorld(made)
    straight = failed(await runSuite('docker-registry itself', world.registry.host))
  })
  afterAll(() => made.disposeAsync())

  /** All specs ran, and none failed but what the registry fails too, for a reason that is known. */
  function expectConformance(specs: readonly SpecResult[]): void {
    const known = straight.filter((name) => REGISTRY_FAULTS[name]?.seen)
    expect(failed(specs).filter((name) => !known.includes(name))).toEqual([])
    expect(specs.filter(({ status }) => status !== 'Disabled')).toHaveLength(PULLS + OTHERS)
    expect(specs.filter(isPull).map(({ status }) => status)).toEqual(Array(PULLS).fill('Pass'))
  }

  it('finds nothing wrong with the registry but what is known', () => {
    expect(straight.filter((name) => REGISTRY_FAULTS[name] === undefined)).toEqual([])
  })

  describe.each(['node', 'bun'] as const)('through a mirror on %s', (runtime) => {
    it('passes with nothing kept, and again with all of it', async () => {
      const { registry, config } = world
      await using folder = await makeTempFolder()
      const cache = { folder: join(folder.path, 'kept'), size: '1GiB' }
      const relaying = { ...config, delivery: 'relay', cache }
      await using mirror = await startPortolan(relaying, runtime)
      const host = `127.0.0.1:${mirror.port}`
      expectConformance(await runSuite(`a cold mirror, on ${runtime}`, host))
      const asked = registry.requests().length
      expectConformance(await runSuite(`the same, warm, on ${runtime}`, host))
      expect(registry.requests().slice(asked).filter(ofHeldDigests)).toEqual([])
    })

    it('passes with an image layout on disk, and no cache', async () => {
      const upstreams = [{ id: 'disk', layout: world.layout, at: 'own/berlin' }]
      const relaying = { ...world.config, upstreams, delivery: 'relay', cache: 'off' }
      await using mirror = await startPortolan(relaying, runtime)
      const specs = await runSuite(`a mirror of an image layout, on ${runtime}`, `127.0.0.1:${mirror.port}`)
      expectConformance(specs)
      expect(failed(specs)).toEqual([])
    })
  })

  describe.each(['node', 'bun'] as const)('through a door on %s', (runtime) => {
    it('passes with a registry and a store that has its blobs', async () => {
      const { registry, filled } = world
      await using door = await startPortolan(
        { ...world.config, stores: [{ id: 'bucket', url: filled.origin, at: 'own/berlin' }] },
        runtime,
      )
      const asked = registry.requests().length
      const delivered = filled.requests.length
      expectConformance(await runSuite(`a registry and a store, on ${runtime}`, `127.0.0.1:${door.port}`))
      expect(registry.requests().slice(asked).filter(ofBlobs)).toEqual([])
      const gets = filled.requests.slice(delivered)
      for (const digest of HELD.blobs) expect(gets).toContain(`GET /containers/images/${digest} 200`)
    })

    it('passes with an image layout on disk, which has all that the suite asks for', async () => {
      const upstreams = [{ id: 'disk', layout: world.layout, at: 'own/berlin' }]
      await using door = await startPortolan({ ...world.config, upstreams }, runtime)
      const specs = await runSuite(`an image layout, on ${runtime}`, `127.0.0.1:${door.port}`)
      expectConformance(specs)
      expect(failed(specs)).toEqual([])
    })

    it('passes with a registry behind a store that a sync has filled', async () => {
      const { registry, synced } = world
      await using door = await startPortolan({ ...world.config, stores: [synced] }, runtime)
      const asked = registry.requests().length
      expectConformance(
        await runSuite(`a registry and a synced store, on ${runtime}`, `127.0.0.1:${door.port}`),
      )
      const requests = registry.requests().slice(asked)
      expect(requests.some(ofTags)).toBe(true)
      expect(requests.filter(ofHeldDigests)).toEqual([])
    })
  })
})

/** The same content in a registry, a layout and two stores. */
interface World {
  readonly registry: DockerRegistry
  /** The folder of an image layout. */
  readonly layout: string
  /** A store to which somebody has copied the blobs. */
  readonly filled: FolderServer
  /** The config of a store to which `portolan sync` has brought everything. */
  readonly synced: object
  /** A door in front of the registry, near its clients. */
  readonly config: object
}

async function makeWorld(made: AsyncDisposableStack): Promise<World> {
  const folder = made.use(await makeTempFolder()).path
  const registry = made.use(await startDockerRegistry())
  await push(registry.host)
  const layout = join(folder, 'layout')
  await writeLayout(layout)
  const bucket = join(folder, 'bucket')
  await mkdir(join(bucket, 'containers/images'), { recursive: true })
  for (const { digest, bytes } of IMAGES.blobs)
    await writeFile(join(bucket, 'containers/images', digest), bytes)
  const filled = made.use(await startFolderServer(bucket))
  const config = {
    log: { access: false },
    upstreams: [{ id: 'registry', url: `http://${registry.host}`, at: 'gcp/us-central1' }],
    clouds: { places: [{ prefix: '127.0.0.0/8', at: 'own/berlin' }] },
  }
  const { origin, bucket: name, environment } = made.use(await startS3Server())
  const synced = {
    id: 's3',
    url: `${origin}/${name}`,
    manifests: 'manifests/{digest}',
    at: 'own/berlin',
    inventory: true,
    fill: { s3: { bucket: name, region: 'us-east-1', endpoint: origin } },
  }
  const sync = { journal: join(folder, 'journal') }
  await writeFile(
    join(folder, 'config.yaml'),
    JSON.stringify({ version: 1, ...config, stores: [synced], sync }),
  )
  const ended = await runCommand(['sync', 'config.yaml'], { folder, env: environment })
  expect(ended, ended.err).toMatchObject({ code: 0 })
  return { registry, layout, filled, synced, config }
}

const ofBlobs = (request: string) => request.includes('/blobs/')
const ofTags = (request: string) => HELD.tags.some((tag) => request.includes(`/manifests/${tag} 200`))
const ofHeldDigests = (request: string) =>
  HELD.blobs.some((digest) => request.includes(`/blobs/${digest}`)) ||
  HELD.manifests.some((digest) => request.includes(`/manifests/${digest}`))
const isPull = ({ name }: SpecResult) => /^read-only\/(head|pull)\//.test(name)
const failed = (specs: readonly SpecResult[]) =>
  specs.filter(({ status }) => status !== 'Pass' && status !== 'Disabled').map(({ name }) => name)

/** Runs the suite and says on the screen how it went. */
async function runSuite(where: string, host: string): Promise<readonly SpecResult[]> {
  if ('missing' in suite) throw new Error(suite.missing)
  const specs = await runReadOnly(suite.program, host, HELD)
  const count = (status: string) => specs.filter((spec) => spec.status === status).length
  const faults = specs
    .filter(({ name }) => failed(specs).includes(name))
    .map(({ name, faults }) => `\n  ${name}: ${REGISTRY_FAULTS[name]?.why ?? faults.join('; ')}`)
  console.info(
    `${where}: ${count('Pass')} passed, ${faults.length} failed, ${count('Disabled')} left out${faults.join('')}`,
  )
  return specs
}

async function push(host: string): Promise<void> {
  for (const { name, blobs, manifests, tags } of CONTENT) {
    const repository = `http://${host}/v2/${name}`
    for (const { digest, bytes } of blobs) {
      const begun = await fetch(`${repository}/blobs/uploads/`, { method: 'POST' })
      const upload = new URL(begun.headers.get('location')!, repository)
      upload.searchParams.set('digest', digest)
      await put(upload.href, 'application/octet-stream', bytes)
    }
    for (const [reference, { mediaType, bytes }] of [
      ...manifests.map((manifest) => [manifest.digest, manifest] as const),
      ...Object.entries(tags),
    ])
      await put(`${repository}/manifests/${reference}`, mediaType, bytes)
  }
}

async function put(url: string, type: string, bytes: Buffer): Promise<void> {
  const reply = await fetch(url, {
    method: 'PUT',
    body: new Uint8Array(bytes),
    headers: { 'Content-Type': type },
  })
  if (!reply.ok) throw new Error(`PUT ${url} answered ${reply.status}: ${await reply.text()}`)
}

async function writeLayout(folder: string): Promise<void> {
  const layout = new LayoutWriter(folder)
  for (const { name, blobs, manifests, tags } of CONTENT) {
    for (const { mediaType, bytes } of [...blobs, ...manifests]) await layout.addBlob(mediaType, bytes)
    for (const [tag, manifest] of Object.entries(tags)) layout.enter(manifest, `${name}:${tag}`)
  }
  await layout.finish()
}
