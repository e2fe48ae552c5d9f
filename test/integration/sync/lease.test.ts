import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { FolderStore } from '../../../src/storage/fs/folder-store.ts'
import { type RunningCommand, startCommand } from '../../support/command.ts'
import { blobOf, makeManifest, type TestRepository } from '../../support/content.ts'
import type { RuntimeName } from '../../support/portolan.ts'
import { FULL } from '../../support/sample.ts'
import { makeTempFolder } from '../../support/temp.ts'
import { createTestRuntime } from '../../support/test-runtime.ts'
import { startThrottledRegistry } from './throttled-registry.ts'
import { noise } from './world.ts'

const ALL_RUNS = 20
const RUNS = FULL ? ALL_RUNS : 6
/** One after the other, so that with six runs each of them meets each fault. */
const RUNTIMES: readonly RuntimeName[] = ['node', 'bun']
/** At once, each with a registry of its own: most of the time goes into waiting. */
const WORLDS = 3
const LARGE = 6
const LARGE_BYTES = 4 * 1024 * 1024 + 48
/** As a container has it: a pid namespace of its own, in which the process is number 1. */
const UNSHARE = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child']
const canUnshare = spawnSync(UNSHARE[0]!, [...UNSHARE.slice(1), 'true']).status === 0
if (!canUnshare) console.info('two syncs with one journal: skipped, this user may not unshare pid namespaces')

it.skipIf(!canUnshare)(
  `two syncs with one journal in different pid namespaces show nothing wrong, in ${RUNS} runs under faults`,
  { timeout: 300_000 },
  async () => {
    await using temp = await makeTempFolder()
    const repository = makeRepository()
    const seed = Number(process.env.SYNC_LEASE_SEED ?? Date.now() % 1_000_000)
    console.info(
      `two syncs with one journal: ${RUNS} of ${ALL_RUNS}, by SYNC_LEASE_SEED=${seed}; TEST_FULL=1 takes all`,
    )
    const worlds = Array.from({ length: WORLDS }, async (_, world) => {
      for (let run = world; run < RUNS; run += WORLDS) {
        const folder = join(temp.path, String(run))
        await raceInFolder(folder, repository, {
          random: randomOf(seed + run),
          fault: FAULTS[run % FAULTS.length]!,
          runtime: RUNTIMES[run % RUNTIMES.length]!,
        })
      }
    })
    await Promise.all(worlds)
  },
)

it.skipIf(!canUnshare).each(RUNTIMES)(
  'on %s a run that was paused while another took its journal over writes nothing more',
  { timeout: 60_000 },
  async (runtime) => {
    await using temp = await makeTempFolder()
    const folder = temp.path
    const store = join(folder, 'store')
    await mkdir(store)
    await using registry = await startThrottledRegistry(10, makeRepository())
    await writeFile(join(folder, 'portolan.yaml'), config(registry.origin, folder))
    const downloading = Promise.withResolvers<void>()
    registry.onBlob = downloading.resolve
    await using paused = start(folder, runtime)
    await downloading.promise
    signal(paused, 'SIGSTOP')
    expect(await start(folder, runtime).ended).toMatchObject({ code: 0 })
    const modified = await modifiedOf(store)

    signal(paused, 'SIGCONT')
    const { code, out } = await paused.ended
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({
      interrupted: true,
      faults: expect.arrayContaining([
        expect.objectContaining({
          code: 'LEASE_LOST',
          message: expect.stringContaining('another process has taken it over; it writes nothing more'),
        }),
      ]),
    })
    expect(await modifiedOf(store)).toEqual(modified)
    await expectUnaltered(store, 'after it was woken')
  },
)

/** When each object of a store was written. */
async function modifiedOf(folder: string): Promise<ReadonlyMap<string, number>> {
  const store = new FolderStore(folder, createTestRuntime({ random: Math.random }))
  const all = new Map<string, number>()
  for await (const { key, modified } of store.list('')) all.set(key, modified)
  return all
}

type Fault = 'cut lines' | 'one is killed' | 'one is paused and woken'
const FAULTS: readonly Fault[] = ['cut lines', 'one is killed', 'one is paused and woken']

interface Race {
  readonly random: () => number
  readonly fault: Fault
  readonly runtime: RuntimeName
}

/** Two runs beside each other, then one alone: what is visible is right after each of them, and complete at the end. */
async function raceInFolder(
  folder: string,
  repository: TestRepository,
  { random, fault, runtime }: Race,
): Promise<void> {
  const store = join(folder, 'store')
  await mkdir(store, { recursive: true })
  await using registry = await startThrottledRegistry(10, repository)
  await writeFile(join(folder, 'portolan.yaml'), config(registry.origin, folder))
  registry.cut = () => random() < (fault === 'cut lines' ? 0.03 : 0.005)

  const { promise: downloading, resolve } = Promise.withResolvers<void>()
  registry.onBlob = resolve
  const first = start(folder, runtime)
  await Promise.race([downloading, first.ended])
  await wait(random() * 400)
  const runs = [first, start(folder, runtime)]
  if (fault !== 'cut lines') {
    const victim = runs[random() < 0.5 ? 0 : 1]!
    await wait(random() * 750)
    if (fault === 'one is killed') victim.process.kill('SIGKILL')
    else await pause(victim, 2 * LEASE_MILLISECONDS)
  }
  const ended = await Promise.all(runs.map((run) => run.ended))
  await expectUnaltered(store, `${fault}, on ${runtime}, after both`)
  for (const { code, out } of ended)
    if (code === 0) expect(JSON.parse(out).stores).toMatchObject([{ complete: true }])

  registry.cut = () => false
  const { code, out, err } = await start(folder, runtime).ended
  expect([code, err], `${fault}, on ${runtime}`).toEqual([0, expect.anything()])
  expect(JSON.parse(out).stores).toMatchObject([{ complete: true }])
  const contents = repository.blobs.length + Object.keys(repository.tags).length
  expect(await expectUnaltered(store, `${fault}, on ${runtime}, at the end`)).toBe(contents)
}

function start(folder: string, runtime: RuntimeName): RunningCommand {
  const words = ['sync', '--config', 'portolan.yaml', '--json', ...LEASE]
  return startCommand(words, { folder, env: {}, under: UNSHARE, runtime })
}

/** Stops a run without its noticing, as a machine that is suspended is. */
async function pause(run: RunningCommand, milliseconds: number): Promise<void> {
  if (!signal(run, 'SIGSTOP')) return
  await wait(milliseconds)
  signal(run, 'SIGCONT')
}

/** Signals the command itself, since `unshare` only waits for it; false when it has ended. */
function signal({ process: { pid } }: RunningCommand, name: NodeJS.Signals): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)])
  const inner = Number(String(stdout).trim())
  if (!Number.isSafeInteger(inner) || inner <= 0) return false
  try {
    return process.kill(inner, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

/** A run is taken for gone so soon that the test sees it. */
const LEASE_MILLISECONDS = 1000
const LEASE = ['--lease', `${LEASE_MILLISECONDS}ms`]

function makeRepository(): TestRepository {
  const large = Array.from({ length: LARGE }, (_, index) => blobOf(noise(LARGE_BYTES, index + 1)))
  const small = Array.from({ length: 2 * LARGE }, (_, index) => blobOf(noise(20_000, index + 100)))
  const tags = Object.fromEntries(
    large.map((layer, index) => [`v${index}`, makeManifest(small[index]!, layer, small[index + LARGE]!)]),
  )
  return { name: 'app', tags, blobs: [...large, ...small] }
}

function config(upstream: string, folder: string): string {
  return JSON.stringify({
    version: 1,
    upstreams: [{ id: 'upstream', url: upstream, at: 'gcp/us-central1', canonical: true }],
    stores: [
      {
        ...{ id: 'folder', url: 'http://folder.test', at: 'aws/eu-west-3' },
        ...{ blobs: 'blobs/{digest}', manifests: 'manifests/{digest}' },
        fill: { folder: join(folder, 'store') },
      },
    ],
    sync: {
      ...{ from: 'upstream', repositories: { list: ['app'] }, referrers: false },
      ...{ journal: join(folder, 'journal'), concurrency: 3, requestsPerSecond: 1000 },
    },
  })
}

/** Every object under a digest is what the digest says; gives how many there are. */
async function expectUnaltered(folder: string, when: string): Promise<number> {
  const store = new FolderStore(folder, createTestRuntime({ random: Math.random }))
  let count = 0
  for await (const { key, size } of store.list('')) {
    const [, digest] = key.split('/')
    if (!digest?.startsWith('sha256:')) continue
    count++
    const hash = createHash('sha256')
    for await (const bytes of (await store.get(key))!) hash.update(bytes)
    expect(`sha256:${hash.digest('hex')}`, `${when}: ${key} of ${size} bytes`).toBe(digest)
  }
  return count
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
