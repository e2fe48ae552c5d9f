import { createCipheriv, createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST } from '../src/oci/manifest.ts'
import { startCommand } from '../test/support/command.ts'
import { noDockerRegistry, startDockerRegistry } from '../test/support/docker-registry.ts'
import { findPrograms, runOk } from '../test/support/programs.ts'
import { startS3Server } from '../test/support/s3-server.ts'
import { makeTempFolder } from '../test/support/temp.ts'

// How fast `portolan sync` copies the images of a registry, beside skopeo and crane on the same machine, and how much
// memory a large blob takes. Each run starts a process and begins with empty targets.
//
// What they do is not the same. skopeo copies into a folder (`dir:`) and hashes; it neither syncs the files to the disk
// nor reads them again. skopeo and crane copy into a second registry, which hashes. Portolan spools to the disk, hashes,
// writes and syncs the files, and reads samples of them again; several stores share one download, where the others
// start anew for each.

const LAYERS = 6
const LAYER_BYTES = 64 * 1024 * 1024
const ROUNDS = 3
/** SYNC_LARGE_MIB=256 for a short run. */
const LARGE_MIB = Number(process.env.SYNC_LARGE_MIB ?? 2048)
const MIB = 1024 * 1024

export async function run(): Promise<void> {
  const { found, missing } = findPrograms('skopeo', 'crane')
  const unable = missing ?? noDockerRegistry
  if (unable !== undefined) {
    console.log(`skipped; ${unable}`)
    return
  }
  await using source = await startDockerRegistry()
  await using s3 = await startS3Server()
  await using temp = await makeTempFolder()
  const bytes = await pushImage(source.host, 'app', Array(LAYERS).fill(LAYER_BYTES))
  await pushImage(source.host, 'large', [LARGE_MIB * MIB])

  let copies = 0
  const image = `docker://${source.host}/app:v1`
  const skopeo = (target: string) =>
    runOk(found.skopeo, [
      'copy',
      '--quiet',
      '--src-tls-verify=false',
      '--dest-tls-verify=false',
      image,
      target,
    ])
  const toFolder = () => skopeo(`dir:${join(temp.path, `skopeo-${++copies}`)}`)
  const portolan = (stores: readonly Store[], repository = 'app') =>
    sync(source.host, repository, join(temp.path, `portolan-${++copies}`), stores, s3)
  const folders: readonly Store[] = ['folder', 'folder', 'folder']

  const one: Contender[] = [
    ['skopeo to a folder', toFolder],
    ['skopeo to a registry', (host) => skopeo(`docker://${host}/app:v1`)],
    [
      'crane to a registry',
      (host) => runOk(found.crane, ['copy', '--insecure', `${source.host}/app:v1`, `${host}/app:v1`]),
    ],
    ['portolan to a folder', () => portolan(folders.slice(0, 1))],
    ['portolan to S3', () => portolan(['s3'])],
  ]
  const three: Contender[] = [
    [
      'skopeo to three folders',
      async () => {
        for (let n = 0; n < 3; n++) await toFolder()
      },
    ],
    ['portolan to three folders', () => portolan(folders)],
  ]
  for (const contenders of [one, three]) await race(contenders, bytes, temp.path)

  const peak = await portolan(['folder', 'folder', 's3'], 'large')
  console.log(`\nlargest RSS for a blob of ${LARGE_MIB} MiB into two folders and S3: ${peak.toFixed(0)} MB`)
}

/** Copies; there is an empty registry at `host`. */
type Contender = readonly [name: string, copy: (host: string) => Promise<unknown>]

/** In turn, some rounds; the fastest of each counts, since what else the machine does only ever adds. */
async function race(contenders: readonly Contender[], bytes: number, folder: string): Promise<void> {
  const best = new Map<string, number>()
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, copy] of contenders) {
      await using empty = await startDockerRegistry()
      const startedAt = performance.now()
      await copy(empty.host)
      const seconds = (performance.now() - startedAt) / 1000
      best.set(name, Math.min(seconds, best.get(name) ?? Number.POSITIVE_INFINITY))
      await rm(folder, { recursive: true })
      await mkdir(folder)
    }
  }
  const reference = best.get(contenders[0]![0])!
  for (const [name, seconds] of best) {
    const rate = bytes / MIB / seconds
    console.log(
      `${name.padEnd(28)} ${seconds.toFixed(2).padStart(6)} s ${rate.toFixed(0).padStart(5)} MiB/s   ×${(reference / seconds).toFixed(2)} of ${contenders[0]![0]}`,
    )
  }
}

type Store = 'folder' | 's3'

/** One run of the command; gives the largest memory of its process, in megabytes. */
async function sync(
  host: string,
  repository: string,
  folder: string,
  stores: readonly Store[],
  s3: {
    readonly origin: string
    readonly bucket: string
    readonly environment: Readonly<Record<string, string>>
  },
): Promise<number> {
  await mkdir(folder)
  const fills = stores.map(async (kind, index) => {
    const id = `${kind}-${index}`
    const root = join(folder, id)
    if (kind === 'folder') await mkdir(root)
    const fill =
      kind === 'folder'
        ? { folder: root }
        : { s3: { bucket: s3.bucket, endpoint: s3.origin, prefix: root.slice(1) } }
    return { id, url: `http://${id}.test`, at: 'aws/eu-west-3', manifests: 'manifests/{digest}', fill }
  })
  const config = {
    upstreams: [{ id: 'upstream', url: `http://${host}`, at: 'gcp/us-central1' }],
    stores: await Promise.all(fills),
    sync: { repositories: { list: [repository] }, referrers: false, journal: join(folder, 'journal') },
  }
  await writeFile(join(folder, 'portolan.yaml'), JSON.stringify({ version: 1, ...config }))
  const words = ['sync', '--config', 'portolan.yaml', '--json']
  const command = startCommand(words, { folder, env: s3.environment })
  let peak = 0
  const timer = setInterval(() => {
    peak = Math.max(peak, largestMegabytes(command.process.pid!) ?? 0)
  }, 50)
  const { code, out, err } = await command.ended
  clearInterval(timer)
  if (code !== 0) throw new Error(`portolan sync ended with ${code}:\n${out}${err}`)
  return peak
}

function largestMegabytes(pid: number): number | undefined {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1024
  } catch {
    return undefined
  }
}

/** Pushes an image whose layers have so many bytes each, and gives the bytes of all its blobs. */
async function pushImage(host: string, name: string, layers: readonly number[]): Promise<number> {
  const config = await pushBlob(host, name, [Buffer.from(JSON.stringify({ name }))])
  const pushed = []
  for (const [index, size] of layers.entries())
    pushed.push(await pushBlob(host, name, noise(`${name} ${index}`, size)))
  const document = {
    ...{ schemaVersion: 2, mediaType: OCI_MANIFEST },
    config: { mediaType: OCI_CONFIG, ...config },
    layers: pushed.map((layer) => ({ mediaType: OCI_LAYER_GZIP, ...layer })),
  }
  await send(`http://${host}/v2/${name}/manifests/v1`, {
    method: 'PUT',
    body: JSON.stringify(document),
    headers: { 'Content-Type': OCI_MANIFEST },
  })
  return [config, ...pushed].reduce((sum, { size }) => sum + size, 0)
}

async function pushBlob(
  host: string,
  name: string,
  pieces: Iterable<Buffer>,
): Promise<{ digest: string; size: number }> {
  const hash = createHash('sha256')
  let size = 0
  let location = await send(`http://${host}/v2/${name}/blobs/uploads/`, { method: 'POST' })
  for (const piece of pieces) {
    hash.update(piece)
    size += piece.length
    location = await send(location, {
      method: 'PATCH',
      body: new Uint8Array(piece),
      headers: { 'Content-Type': 'application/octet-stream' },
    })
  }
  const digest = `sha256:${hash.digest('hex')}`
  const end = new URL(location)
  end.searchParams.set('digest', digest)
  await send(end.href, { method: 'PUT' })
  return { digest, size }
}

/** Bytes that do not compress, in pieces. */
function* noise(label: string, size: number): Generator<Buffer> {
  const cipher = createCipheriv('aes-256-ctr', createHash('sha256').update(label).digest(), Buffer.alloc(16))
  const piece = Buffer.alloc(16 * MIB)
  for (let left = size; left > 0; left -= piece.length)
    yield cipher.update(piece.subarray(0, Math.min(left, piece.length)))
}

/** Gives where to go on. */
async function send(url: string, init: RequestInit): Promise<string> {
  const response = await fetch(url, init)
  if (!response.ok)
    throw new Error(`${init.method} ${url} answered ${response.status}: ${await response.text()}`)
  await response.arrayBuffer()
  return new URL(response.headers.get('location') ?? url, url).href
}
