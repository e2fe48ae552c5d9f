import { createCipheriv, createHash } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { addImage, addLayer } from '../../src/demo/sample-layers.ts'
import type { LegacyRepository } from '../../src/legacy/legacy-list.ts'
import { formatLegacyList } from '../../src/legacy/read-list.ts'
import type { Digest } from '../../src/oci/digest.ts'
import { MANIFEST_ACCEPT } from '../../src/oci/manifest.ts'
import type { Name, Tag } from '../../src/oci/name.ts'
import { LayoutWriter } from '../../src/storage/fs/layout-writer.ts'
import { type DockerRegistry, startDockerRegistry } from './docker-registry.ts'
import { startFolderServer } from './folder-server.ts'
import { type Portolan, startPortolan } from './portolan.ts'
import { findProgram, runOk } from './programs.ts'
import { makeTempFolder } from './temp.ts'

/** What an old name does to whoever pulls by it: each is done to what lies below a folder that is called so. */
export const TREATMENTS = ['warn', 'unavailable', 'denied', 'redirect', 'refuse'] as const
export type TreatmentName = (typeof TREATMENTS)[number]

/** A door with an old name whose phases are all on, each for repositories of its own; a registry and a store behind it. */
export interface OldNameWorld extends AsyncDisposable {
  /** `localhost:PORT`: the old name. */
  readonly old: string
  /** The registry, by the name that takes its place; an address where this machine has no other name for loopback. */
  readonly successor: string
  readonly registry: DockerRegistry
  readonly door: Portolan
}

/** Long enough that whoever waits for the moment of `Retry-After` is not seen to end. */
const BROWNOUT = 3_600_000
const DAY = 86_400_000
export const LOOPBACK = '127.0.0.1'

/**
 * Starts it with an image `app:1.0` for two platforms below the folder of each treatment, no two with the same blobs, and
 * with what else is pushed to the registry before the list of the old name is made.
 */
export async function startOldNameWorld(more: (registry: string) => Promise<void>): Promise<OldNameWorld> {
  const made = new AsyncDisposableStack()
  try {
    const { path } = made.use(await makeTempFolder())
    const layout = join(path, 'layout')
    await writeImages(layout)
    const registry = made.use(await startDockerRegistry())
    for (const name of TREATMENTS) {
      await runOk(findProgram('skopeo')!, [
        ...['copy', '--all', '--quiet', '--preserve-digests', '--dest-tls-verify=false'],
        ...[`oci:${layout}:${name}/app:1.0`, `docker://${registry.host}/${name}/app:1.0`],
      ])
    }
    await more(registry.host)
    const store = made.use(await startFolderServer(await fillBucket(layout, join(path, 'bucket'))))
    const successor = `${await otherName()}:${portOf(registry.host)}`
    const door = made.use(
      await startPortolan(
        await configOf({ registry: registry.host, store: portOf(store.origin), successor }, path),
      ),
    )
    return {
      old: `localhost:${door.port}`,
      ...{ successor, registry, door },
      [Symbol.asyncDispose]: () => made.disposeAsync(),
    }
  } catch (error) {
    await made.disposeAsync()
    throw error
  }
}

/** A name for loopback besides `localhost`: go-containerregistry follows no redirect to its address. */
async function otherName(): Promise<string> {
  const name = hostname().toLowerCase()
  const found = await lookup(name, 4).catch(() => undefined)
  return found?.address === LOOPBACK ? name : LOOPBACK
}

function portOf(host: string): string {
  return host.slice(host.lastIndexOf(':') + 1)
}

interface Behind {
  readonly registry: string
  /** Its port. */
  readonly store: string
  readonly successor: string
}

async function configOf({ registry, store, successor }: Behind, folder: string): Promise<object> {
  const list = join(folder, 'list.json')
  await writeFile(list, await listOf(registry))
  const at = (from: number) => new Date(Date.now() + from).toISOString()
  const forOne = (name: TreatmentName) => ({ cohort: { when: { repository: [`${name}/**`] } } })
  const brownout = (answer: 'unavailable' | 'denied') => ({
    ...{ id: answer, phase: 'brownout', answer, from: at(-DAY), until: at(BROWNOUT), ...forOne(answer) },
  })
  return {
    upstreams: [{ id: 'main', url: `http://localhost:${portOf(registry)}`, at: 'test/main' }],
    stores: [{ id: 'bucket', url: `http://localhost:${store}`, at: 'test/main' }],
    routing: [{ prefer: ['stores'] }],
    legacy: {
      ...{ host: 'localhost', successor: `http://${successor}`, frozen: '2026-04-03' },
      ...{ list, off: join(folder, 'off'), failures: { least: 1_000_000 } },
      phases: [
        { id: 'warn', phase: 'warn', from: at(-DAY), ...forOne('warn') },
        brownout('unavailable'),
        brownout('denied'),
        { id: 'redirect', phase: 'redirect', from: at(-DAY), ...forOne('redirect') },
        { id: 'refuse', phase: 'refuse', from: at(-DAY), ...forOne('refuse') },
        { id: 'end', phase: 'refuse', from: at(300 * DAY) },
      ],
    },
  }
}

/** What a registry has, as an old name had it. */
async function listOf(registry: string): Promise<string> {
  const get = async <T>(path: string) => (await (await fetch(`http://${registry}${path}`)).json()) as T
  const repositories: Record<Name, LegacyRepository> = {}
  let count = 0
  for (const name of (await get<{ repositories: Name[] }>('/v2/_catalog')).repositories) {
    const tags: Record<Tag, Digest> = {}
    for (const tag of (await get<{ tags: Tag[] }>(`/v2/${name}/tags/list`)).tags) {
      const head = await fetch(`http://${registry}/v2/${name}/manifests/${tag}`, {
        method: 'HEAD',
        headers: { Accept: MANIFEST_ACCEPT },
      })
      tags[tag] = head.headers.get('docker-content-digest') as Digest
      count++
    }
    repositories[name] = { tags }
  }
  const now = new Date().toISOString()
  return formatLegacyList({
    ...{
      version: 1,
      host: 'localhost',
      listedFrom: registry,
      listed: now,
      successor: registry,
      checked: now,
    },
    counts: {
      ...{ repositories: Object.keys(repositories).length, tags: count, manifests: count, blobs: 0 },
      ...{ referrers: 0, missing: 0, different: 0, unknown: 0, excepted: 0 },
    },
    ...{ findings: [], repositories },
  })
}

async function writeImages(folder: string): Promise<void> {
  const layout = new LayoutWriter(folder)
  for (const name of TREATMENTS) {
    const platforms = []
    for (const architecture of ['amd64', 'arm64']) {
      const bytes = seeded(`${name} ${architecture}`, 300_000)
      const layer = await addLayer(layout, [{ path: 'app', bytes, executable: true }])
      platforms.push(await addImage(layout, { os: 'linux', architecture }, ['/app'], [layer]))
    }
    layout.enter(await layout.addIndex(platforms), `${name}/app:1.0`)
  }
  await layout.finish()
}

/** All of a layout, as a store has it. */
async function fillBucket(layout: string, bucket: string): Promise<string> {
  const folder = join(bucket, 'containers/images')
  await mkdir(folder, { recursive: true })
  for (const encoded of await readdir(join(layout, 'blobs/sha256'))) {
    await copyFile(join(layout, 'blobs/sha256', encoded), join(folder, `sha256:${encoded}`))
  }
  return bucket
}

/** Bytes that no compression makes fewer, the same for the same label. */
function seeded(label: string, length: number): Buffer {
  const key = createHash('sha256').update(label).digest()
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length))
}
