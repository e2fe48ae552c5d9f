import { createCipheriv, createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createNodeRuntime } from '../src/adapters/node/runtime.ts'
import type { Digest } from '../src/oci/digest.ts'
import { OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST } from '../src/oci/manifest.ts'
import type { Name, Tag } from '../src/oci/name.ts'
import { openHttpWriter } from '../src/registry/http-writer.ts'
import type { RepositoryWriter } from '../src/registry/writer.ts'
import { silentLog } from '../src/telemetry/log.ts'
import {
  type DockerRegistry,
  noDockerRegistry,
  startDockerRegistry,
} from '../test/support/docker-registry.ts'
import { findPrograms } from '../test/support/programs.ts'
import { makeTempFolder } from '../test/support/temp.ts'
import { inTotal, runTool, type Spent } from './processes/tool.ts'

// How fast `portolan copy` brings images from one registry to another, beside crane, skopeo and regsync: 20 images of 5
// layers of 4 MiB each and one of 512 MiB, and then the same once more, when nothing is new. CPU is that of the tool alone.
// Referrers are left out, since the others do not look for them.

const MIB = 1024 * 1024
const IMAGES = 20
const LAYERS = 5
const LAYER_BYTES = 4 * MIB
const LARGE_BYTES = 512 * MIB
const ROUNDS = Number(process.env.COPY_ROUNDS ?? 3)
/** The built package, since that is what people run. */
const PORTOLAN = join(import.meta.dirname, '../bin/portolan.cjs')

interface Used extends Spent {
  readonly requests: number
}

export async function run(): Promise<void> {
  const { found, missing } = findPrograms('crane', 'skopeo', 'regsync')
  const unable = missing ?? noDockerRegistry
  if (unable !== undefined) {
    console.log(`skipped; ${unable}`)
    return
  }
  await using source = await startDockerRegistry()
  await using temp = await makeTempFolder()
  const images = await pushImages(source.host)
  const references = images.map((image) => `${source.host}/${image}`)

  const tools: readonly Tool[] = [
    [
      'portolan copy',
      ({ host }) =>
        runTool(process.execPath, [PORTOLAN, 'copy', ...references, host, '--no-referrers', '--quiet']),
    ],
    [
      'crane copy',
      ({ host }) =>
        each(images, (image) =>
          runTool(found.crane, ['copy', '--insecure', `${source.host}/${image}`, `${host}/${image}`]),
        ),
    ],
    [
      'skopeo copy --all',
      ({ host }) =>
        each(images, (image) => runTool(found.skopeo, skopeo(`${source.host}/${image}`, `${host}/${image}`))),
    ],
    [
      'regsync once',
      async ({ host }) =>
        runTool(found.regsync, [
          'once',
          '--config',
          await regsyncConfig(temp.path, source.host, host, images),
        ]),
    ],
  ]
  const first = new Map<string, Used>()
  const again = new Map<string, Used>()
  for (let round = 0; round < ROUNDS; round++) {
    for (const tool of tools) {
      await using target = await startDockerRegistry()
      for (const best of [first, again]) note(best, tool[0], await measured(tool, source, target))
    }
  }
  print(
    `${IMAGES} images of ${LAYERS} × 4 MiB, one of 512 MiB, ${(IMAGES * LAYERS * LAYER_BYTES + LARGE_BYTES) / MIB} MiB`,
    first,
  )
  print('the same once more', again)
}

type Tool = readonly [name: string, copy: (target: DockerRegistry) => Promise<Spent>]

async function measured([, copy]: Tool, source: DockerRegistry, target: DockerRegistry): Promise<Used> {
  const count = () => source.requests().length + target.requests().length + posts(source) + posts(target)
  const before = count()
  const spent = await copy(target)
  // The log of a registry comes a moment after its answers.
  await new Promise((resolve) => setTimeout(resolve, 300))
  return { ...spent, requests: count() - before }
}

/** Requests that are neither GET nor HEAD are not among those that the registry tells of here. */
function posts(registry: DockerRegistry): number {
  return registry.writes().length
}

function note(best: Map<string, Used>, name: string, used: Used): void {
  const before = best.get(name)
  if (before === undefined || used.cpu < before.cpu) best.set(name, used)
}

function print(title: string, best: ReadonlyMap<string, Used>): void {
  console.log(`\n${title} (of ${ROUNDS} rounds that with the least CPU)`)
  for (const [name, { seconds, cpu, megabytes, requests }] of best) {
    console.log(
      `${name.padEnd(20)} ${seconds.toFixed(2).padStart(7)} s ${cpu.toFixed(2).padStart(7)} CPU s ${megabytes.toFixed(0).padStart(5)} MB ${String(requests).padStart(6)} requests`,
    )
  }
}

async function each(images: readonly string[], copy: (image: string) => Promise<Spent>): Promise<Spent> {
  const runs: Spent[] = []
  for (const image of images) runs.push(await copy(image))
  return inTotal(runs)
}

function skopeo(from: string, to: string): string[] {
  const plain = ['--src-tls-verify=false', '--dest-tls-verify=false']
  return ['copy', '--all', '--quiet', ...plain, `docker://${from}`, `docker://${to}`]
}

async function regsyncConfig(
  folder: string,
  source: string,
  target: string,
  images: readonly string[],
): Promise<string> {
  const file = join(folder, 'regsync.yaml')
  const config = {
    version: 1,
    creds: [source, target].map((registry) => ({ registry, tls: 'disabled' })),
    sync: images.map((image) => ({
      ...{ source: `${source}/${image}`, target: `${target}/${image}` },
      type: 'image',
    })),
    defaults: { parallel: 4 },
  }
  await writeFile(file, JSON.stringify(config))
  return file
}

/** Gives their names with tags. */
async function pushImages(host: string): Promise<readonly string[]> {
  const runtime = createNodeRuntime({ log: silentLog, userAgent: 'portolan-bench' })
  const writer = openHttpWriter(runtime, {
    ...{ url: `http://${host}`, prefix: '', credentials: async () => undefined },
    limits: { concurrency: 4, requestsPerSecond: 1000 },
  })
  const images: string[] = []
  for (let index = 0; index < IMAGES; index++) {
    const sizes = Array<number>(LAYERS).fill(LAYER_BYTES)
    await pushImage(writer.repository(`app-${index}` as Name), `app-${index}`, sizes)
    images.push(`app-${index}:v1`)
  }
  await pushImage(writer.repository('large' as Name), 'large', [LARGE_BYTES])
  return [...images, 'large:v1']
}

async function pushImage(
  repository: RepositoryWriter,
  label: string,
  sizes: readonly number[],
): Promise<void> {
  const put = async (mediaType: string, bytes: Buffer) => {
    const digest = digestOf(bytes)
    const read = (start: number) =>
      new Blob([new Uint8Array(bytes.subarray(start))]).stream() as ReadableStream<Uint8Array>
    await repository.putBlob({ digest, size: bytes.length, read })
    return { mediaType, digest, size: bytes.length }
  }
  const config = await put(
    OCI_CONFIG,
    Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', label })),
  )
  const layers = []
  for (const [index, size] of sizes.entries())
    layers.push(await put(OCI_LAYER_GZIP, noise(`${label} ${index}`, size)))
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers }))
  await repository.putManifest('v1' as Tag, { digest: digestOf(bytes), mediaType: OCI_MANIFEST, bytes })
}

function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest
}

/** Bytes that nothing compresses, the same for the same label. */
function noise(label: string, length: number): Buffer {
  const key = createHash('sha256').update(label).digest()
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length))
}
