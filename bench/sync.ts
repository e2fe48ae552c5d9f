import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type DockerRegistry,
  noDockerRegistry,
  startDockerRegistry,
} from '../test/support/docker-registry.ts'
import { findPrograms } from '../test/support/programs.ts'
import { startS3Server } from '../test/support/s3-server.ts'
import { makeTempFolder } from '../test/support/temp.ts'
import { inTotal, runTool, type Spent } from './processes/tool.ts'
import { prepare, type Store } from './sync/prepare.ts'
import { pushImage } from './sync/push-image.ts'

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
const TAGS = 20
/** The built package, since that is what people run. */
const PORTOLAN = join(import.meta.dirname, '../bin/portolan.cjs')
const SYNC = ['sync', '--config', 'portolan.yaml', '--quiet']
/** SYNC_LARGE_MIB=256 for a short run. */
const LARGE_MIB = Number(process.env.SYNC_LARGE_MIB ?? 2048)
const MIB = 1024 * 1024

export async function run(): Promise<void> {
  const { found, missing } = findPrograms('skopeo', 'crane', 'regsync')
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
  const plain = ['--quiet', '--src-tls-verify=false', '--dest-tls-verify=false']
  const skopeo = (target: string) => runTool(found.skopeo, ['copy', ...plain, image, target])
  const toFolder = () => skopeo(`dir:${join(temp.path, `skopeo-${++copies}`)}`)
  const portolan = async (stores: readonly Store[], repository = 'app') => {
    const folder = join(temp.path, `portolan-${++copies}`)
    await prepare(source.host, repository, folder, stores, s3)
    return () => runTool(process.execPath, [PORTOLAN, ...SYNC], folder, s3.environment)
  }
  const folders: readonly Store[] = ['folder', 'folder', 'folder']

  const one: Contender[] = [
    ['skopeo to a folder', toFolder],
    ['skopeo to a registry', (host) => skopeo(`docker://${host}/app:v1`)],
    [
      'crane to a registry',
      (host) => runTool(found.crane, ['copy', '--insecure', `${source.host}/app:v1`, `${host}/app:v1`]),
    ],
    ['portolan to a folder', async () => (await portolan(folders.slice(0, 1)))()],
    ['portolan to S3', async () => (await portolan(['s3']))()],
  ]
  const three: Contender[] = [
    ['skopeo to three folders', async () => inTotal([await toFolder(), await toFolder(), await toFolder()])],
    ['portolan to three folders', async () => (await portolan(folders))()],
  ]
  for (const contenders of [one, three]) await race(contenders, bytes, source, temp.path)
  await raceAgain(source, temp.path, found.regsync, portolan)

  const { megabytes } = await (await portolan(['folder', 'folder', 's3'], 'large'))()
  console.log(
    `\nlargest RSS for a blob of ${LARGE_MIB} MiB into two folders and S3: ${megabytes.toFixed(0)} MB`,
  )
}

/** Copies; there is an empty registry at `host`. */
type Contender = readonly [name: string, copy: (host: string) => Promise<Spent>]

/** In turn, some rounds; of each that with the least CPU counts, since what else the machine does only ever adds. */
async function race(
  contenders: readonly Contender[],
  bytes: number,
  source: DockerRegistry,
  folder: string,
): Promise<void> {
  const best = new Map<string, Measured>()
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, copy] of contenders) {
      await using empty = await startDockerRegistry()
      note(best, name, await measured(source, () => copy(empty.host)))
      await rm(folder, { recursive: true })
      await mkdir(folder)
    }
  }
  print(`${(bytes / MIB).toFixed(0)} MiB in ${LAYERS} layers`, best)
}

/** Twenty tags of which nothing is new. */
async function raceAgain(
  source: DockerRegistry,
  folder: string,
  regsync: string,
  portolan: (stores: readonly Store[], repository: string) => Promise<() => Promise<Spent>>,
): Promise<void> {
  for (let tag = 0; tag < TAGS; tag++) await pushImage(source.host, 'tags', [1000], `v${tag}`)
  await using target = await startDockerRegistry()
  const file = join(folder, 'regsync.json')
  const creds = [source.host, target.host].map((registry) => ({ registry, tls: 'disabled' }))
  const sync = [{ source: `${source.host}/tags`, target: `${target.host}/tags`, type: 'repository' }]
  await writeFile(file, JSON.stringify({ version: 1, creds, sync }))
  const contenders: readonly (readonly [string, () => Promise<Spent>])[] = [
    ['regsync', () => runTool(regsync, ['once', '--config', file])],
    ['portolan to a folder', await portolan(['folder'], 'tags')],
  ]
  const best = new Map<string, Measured>()
  for (const [, copy] of contenders) await copy()
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, copy] of contenders) note(best, name, await measured(source, copy))
  }
  print(`${TAGS} tags, nothing new (requests to the source)`, best)
}

interface Measured extends Spent {
  /** To the registry that is copied from. */
  readonly requests: number
}

async function measured(source: DockerRegistry, copy: () => Promise<Spent>): Promise<Measured> {
  const before = source.requests().length
  const spent = await copy()
  // The log of a registry comes a moment after its answers.
  await new Promise((resolve) => setTimeout(resolve, 300))
  return { ...spent, requests: source.requests().length - before }
}

function note(best: Map<string, Measured>, name: string, run: Measured): void {
  if (run.cpu < (best.get(name)?.cpu ?? Number.POSITIVE_INFINITY)) best.set(name, run)
}

function print(title: string, best: ReadonlyMap<string, Measured>): void {
  console.log(`\n${title} (of ${ROUNDS} rounds that with the least CPU)`)
  const [reference] = best.values()
  for (const [name, { seconds, cpu, megabytes, requests }] of best) {
    const times = (reference === undefined ? 1 : cpu / reference.cpu).toFixed(2)
    console.log(
      `${name.padEnd(28)} ${seconds.toFixed(2).padStart(6)} s ${cpu.toFixed(2).padStart(6)} CPU s (×${times}) ${megabytes.toFixed(0).padStart(4)} MB ${String(requests).padStart(4)} requests`,
    )
  }
}
