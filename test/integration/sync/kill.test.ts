import { createHash } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createNodeRuntime } from '../../../src/adapters/node/runtime.ts'
import { FolderStore } from '../../../src/storage/fs/folder-store.ts'
import type { ObjectStore } from '../../../src/storage/object-store.ts'
import { openS3Store } from '../../../src/storage/s3/s3-store.ts'
import { silentLog } from '../../../src/telemetry/log.ts'
import { startCommand } from '../../support/command.ts'
import { blobOf, makeManifest, type TestRepository } from '../../support/content.ts'
import { startScriptedS3 } from '../../support/s3-server-scripted.ts'
import { FULL } from '../../support/sample.ts'
import { makeTempFolder } from '../../support/temp.ts'
import { createTestRuntime } from '../../support/test-runtime.ts'
import { startThrottledRegistry } from './throttled-registry.ts'
import { noise } from './world.ts'

const ALL_KILLS = 50
const KILLS = FULL ? ALL_KILLS : 8
/** At once, each with servers of its own: most of the time goes into starting processes. */
const WORLDS = 2
const MIB = 1024 * 1024
/** At 64 KiB every 6 ms a connection, some kills away. */
const LARGE = 4
const LARGE_BYTES = 9 * MIB
const CONCURRENCY = 3
/** Most kills come while blobs are copied, some before that; in milliseconds from then and from the start. */
const LATEST_KILL = 350
const EARLY_SHARE = 0.2
/** What a kill may cost of each blob on its way: what was not yet in the spool, and what was on the line. */
const LOST_BYTES = 2 * MIB

it(`leaves nothing wrong and repeats little when it is killed at ${KILLS} moments`, {
  timeout: 240_000,
}, async () => {
  const seed = Number(process.env.SYNC_KILL_SEED ?? Date.now() % 1_000_000)
  console.info(`kills of sync: ${KILLS} of ${ALL_KILLS}, by SYNC_KILL_SEED=${seed}; TEST_FULL=1 takes all`)
  const repository = makeRepository()
  await using temp = await makeTempFolder()
  const worlds = Array.from({ length: WORLDS }, (_, index) =>
    killInWorld(join(temp.path, `world-${index}`), repository, {
      kills: KILLS / WORLDS,
      random: randomOf(seed + index),
    }),
  )
  const resumed = await Promise.all(worlds)
  expect(resumed.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0)
})

interface Killing {
  readonly kills: number
  readonly random: () => number
}

/** Fills stores of its own again and again, until it has killed so many runs; gives how many blobs were gone on with. */
async function killInWorld(
  world: string,
  repository: TestRepository,
  { kills: wanted, random }: Killing,
): Promise<number> {
  const blobBytes = repository.blobs.reduce((sum, { bytes }) => sum + bytes.length, 0)
  const contents = repository.blobs.length + Object.keys(repository.tags).length
  await using registry = await startThrottledRegistry(6, repository)
  await using server = await startScriptedS3()

  let kills = 0
  let resumed = 0
  for (let round = 0; kills < wanted; round++) {
    const folder = join(world, String(round))
    await mkdir(join(folder, 'store'), { recursive: true })
    const prefix = `round-${round}`
    await writeFile(join(folder, 'portolan.yaml'), config(registry.origin, server.origin, folder, prefix))
    const fill = { kind: 's3', bucket: server.bucket, endpoint: server.origin, prefix } as const
    const { environment } = server
    const runtime = createNodeRuntime({ log: silentLog, userAgent: 'portolan/test' })
    const stores = [
      new FolderStore(join(folder, 'store'), createTestRuntime({ random: Math.random })),
      openS3Store(fill, { environment, runtime, attempts: 3 }),
    ]
    const seen = new Map<string, number>()
    registry.reset()
    let killedNow = 0
    for (let ended = false; !ended; ) {
      const command = startCommand(['sync', '--config', 'portolan.yaml', '--json'], {
        folder,
        env: environment,
      })
      let timer: NodeJS.Timeout | undefined
      const killSoon = () => {
        timer ??= setTimeout(() => command.process.kill('SIGKILL'), random() * LATEST_KILL)
      }
      const mayKill = kills + killedNow < wanted
      registry.onBlob = mayKill ? killSoon : undefined
      if (mayKill && random() < EARLY_SHARE) killSoon()
      const { signal, code, err, out } = await command.ended
      clearTimeout(timer)
      for (const store of stores) await expectUnaltered(store, seen)
      if (signal === 'SIGKILL') killedNow++
      else {
        expect([code, err]).toEqual([0, expect.anything()])
        const { stores: reports, faults } = JSON.parse(out)
        expect(faults).toEqual([])
        expect(reports).toMatchObject([
          { complete: true, held: contents },
          { complete: true, held: contents },
        ])
        ended = true
      }
    }
    for (const store of stores) {
      expect(await expectUnaltered(store, new Map()), store.location).toBe(contents)
      await store.close()
    }
    expect(registry.sent).toBeLessThan(blobBytes + killedNow * CONCURRENCY * LOST_BYTES)
    kills += killedNow
    resumed += registry.ranges
    await rm(folder, { recursive: true })
    server.objects.clear()
  }
  return resumed
}

function makeRepository(): TestRepository {
  const large = Array.from({ length: LARGE }, (_, index) => blobOf(noise(LARGE_BYTES, index + 1)))
  const small = Array.from({ length: 8 }, (_, index) => blobOf(noise(20_000, index + 100)))
  const tags = Object.fromEntries(
    large.map((layer, index) => [`v${index}`, makeManifest(small[index]!, layer, small[index + 4]!)]),
  )
  return { name: 'app', tags, blobs: [...large, ...small] }
}

function config(upstream: string, s3: string, folder: string, prefix: string): string {
  return JSON.stringify({
    version: 1,
    upstreams: [{ id: 'upstream', url: upstream, at: 'gcp/us-central1', canonical: true }],
    stores: [
      {
        ...{ id: 'folder', url: 'http://folder.test', at: 'aws/eu-west-3' },
        ...{ blobs: 'blobs/{digest}', manifests: 'manifests/{digest}' },
        fill: { folder: join(folder, 'store') },
      },
      {
        ...{ id: 'bucket', url: 'http://bucket.test', at: 'aws/eu-west-1' },
        ...{ blobs: 'blobs/{digest}', manifests: 'manifests/{digest}' },
        fill: { s3: { bucket: 'bucket', endpoint: s3, prefix } },
      },
    ],
    sync: {
      ...{ from: 'upstream', repositories: { list: ['app'] }, referrers: false },
      ...{ journal: join(folder, 'journal'), concurrency: CONCURRENCY, requestsPerSecond: 1000 },
    },
  })
}

/** Every object under a digest is what the digest says; gives how many there are. `seen` were looked at before. */
async function expectUnaltered(store: ObjectStore, seen: Map<string, number>): Promise<number> {
  let count = 0
  for await (const { key, modified } of store.list('')) {
    const [, digest] = key.split('/')
    if (!digest?.startsWith('sha256:')) continue
    count++
    const name = `${store.location} ${key}`
    if (seen.get(name) === modified) continue
    const hash = createHash('sha256')
    for await (const bytes of (await store.get(key))!) hash.update(bytes)
    expect(`sha256:${hash.digest('hex')}`, name).toBe(digest)
    seen.set(name, modified)
  }
  return count
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
