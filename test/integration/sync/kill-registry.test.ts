import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startCommand } from '../../support/command.ts'
import { blobOf, makeManifest, type TestRepository } from '../../support/content.ts'
import { type PushableRegistry, startPushableRegistry } from '../../support/pushable-registry.ts'
import { FULL } from '../../support/sample.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import { makeTempFolder } from '../../support/temp.ts'
import { startThrottledRegistry } from './throttled-registry.ts'
import { noise } from './world.ts'

const ALL_KILLS = 50
const KILLS = FULL ? ALL_KILLS : 6
/** After the first blob was asked for, in milliseconds. */
const LATEST_KILL = 450
const MIB = 1024 * 1024

it(`a registry has no tag without content when sync is killed at ${KILLS} moments, and gets all in the end`, {
  timeout: FULL ? 1_800_000 : 240_000,
}, async () => {
  const seed = Number(process.env.SYNC_KILL_SEED ?? Date.now() % 1_000_000)
  console.info(
    `kills of sync to a registry: ${KILLS} of ${ALL_KILLS}, by SYNC_KILL_SEED=${seed}; TEST_FULL=1 takes all`,
  )
  const random = seededRandom(seed)
  const repository = makeRepository()
  await using temp = await makeTempFolder()
  await using upstream = await startThrottledRegistry(4, repository)
  let kills = 0
  let ended = 0
  for (let round = 0; kills < KILLS || ended === 0; round++) {
    await using target = await startPushableRegistry({ isStrict: true, resumes: true })
    const folder = join(temp.path, String(round))
    await mkdir(folder)
    await writeFile(join(folder, 'portolan.yaml'), configOf(upstream.origin, target.origin))
    upstream.reset()
    for (let isWhole = false; !isWhole; ) {
      const command = startCommand(['sync', '--config', 'portolan.yaml', '--json'], { folder })
      let timer: NodeJS.Timeout | undefined
      const mayKill = kills < KILLS
      upstream.onBlob = () => {
        if (mayKill) timer ??= setTimeout(() => command.process.kill('SIGKILL'), random() * LATEST_KILL)
      }
      const { signal, code, err, out } = await command.ended
      clearTimeout(timer)
      expectNoTagWithoutContent(target)
      if (signal === 'SIGKILL') {
        kills++
        continue
      }
      expect([code, err]).toEqual([0, expect.anything()])
      const { registries, faults } = JSON.parse(out)
      expect(faults).toEqual([])
      expect(registries).toMatchObject([{ store: 'west', complete: true, lacking: 0 }])
      isWhole = true
      ended++
    }
    expect(target.tagsOf('mirror/app').sort()).toEqual(Object.keys(repository.tags).sort())
    for (const { digest, bytes } of repository.blobs) {
      expect(target.blobs.get(`mirror/app@${digest}`)!.equals(bytes)).toBe(true)
    }
  }
})

function expectNoTagWithoutContent(target: PushableRegistry): void {
  for (const tag of target.tagsOf('mirror/app')) {
    const { bytes } = target.manifests.get(`mirror/app:${tag}`)!
    expect(target.missingOf('mirror/app', bytes), tag).toEqual([])
  }
}

function makeRepository(): TestRepository {
  const large = [1, 2, 3].map((seed) => blobOf(noise(4 * MIB, seed)))
  const small = [1, 2, 3].map((seed) => blobOf(noise(20_000, seed + 100)))
  const tags = Object.fromEntries(
    large.map((layer, index) => [`v${index}`, makeManifest(small[index]!, layer)]),
  )
  return { name: 'app', tags, blobs: [...large, ...small] }
}

function configOf(upstream: string, target: string): string {
  return JSON.stringify({
    version: 1,
    upstreams: [
      { id: 'upstream', url: upstream, at: 'gcp/us-central1', canonical: true },
      { id: 'west', url: target, prefix: 'mirror', at: 'aws/us-west-2', fill: { registry: {} } },
    ],
    sync: { repositories: { list: ['app'] }, referrers: false, concurrency: 2, requestsPerSecond: 1000 },
  })
}
