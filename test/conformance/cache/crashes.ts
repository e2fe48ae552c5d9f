import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { systemClock } from '../../../src/adapters/clock.ts'
import type { CacheStatus } from '../../../src/cache/managed-cache.ts'
import { openContentCache } from '../../../src/cache/open-content-cache.ts'
import { cacheFolder } from '../../../src/storage/fs/cache-folder.ts'
import { sha256Of } from '../../support/blob-sources.ts'
import { COMPILED } from '../../support/compiled.ts'
import { RUNTIMES, type RuntimeName } from '../../support/portolan.ts'
import { FULL } from '../../support/sample.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import { makeTempFolder } from '../../support/temp.ts'
import { createTestRuntime } from '../../support/test-runtime.ts'
import { SIZE } from './churn.ts'

const PROGRAM = fileURLToPath(new URL('churn-process.ts', import.meta.url))
/** With TEST_FULL=1 as many as A15 says; each costs the start of a process. */
const KILLS = FULL ? 50 : 3
/** After so many events at most, and so many milliseconds more, a process is killed. */
const EVENTS = 40
const MILLISECONDS = 5
const BLOCK = 4096
/** From the start of a process to the last look at what it left, on a machine that others load, in milliseconds. */
const LONGEST = 20_000

/** Kills processes that fill and drop, one after the other on the same folder, and looks at what they leave. */
export function describeCrashes(runtime: RuntimeName): void {
  it(
    `a mirror on ${runtime} that is killed ${KILLS} times leaves no content that is not what its name says`,
    async () => {
      await using temp = await makeTempFolder()
      const random = seededRandom(15)
      const seen = { contents: 0, partials: 0, resumed: 0 }
      for (let kill = 1; kill <= KILLS; kill++) {
        seen.resumed += await churnUntilKilled(runtime, temp.path, kill, random)
        const [contents, partials] = [
          await filesOf(join(temp.path, 'blobs')),
          await filesOf(join(temp.path, 'partial')),
        ]
        for (const file of contents)
          expect(`sha256:${file.split('/').at(-1)}`).toBe(sha256Of(await readFile(file)))
        seen.contents += contents.length
        seen.partials += partials.length
        const status = await statusOf(temp.path)
        expect(status.trouble).toBeUndefined()
        expect(status.used).toBe(await bytesOf([...contents, ...(await filesOf(join(temp.path, 'partial')))]))
        expect(status.used).toBeLessThanOrEqual(SIZE)
        expect(status.contents.count).toBe(contents.length)
      }
      console.info(`killed ${KILLS} times on ${runtime}: ${JSON.stringify(seen)}`)
      expect(seen.contents).toBeGreaterThan(0)
    },
    KILLS * LONGEST,
  )
}

/** Gives how many downloads went on where an earlier process was. */
async function churnUntilKilled(
  runtime: RuntimeName,
  folder: string,
  seed: number,
  random: () => number,
): Promise<number> {
  const child = spawn(RUNTIMES[runtime], [PROGRAM, folder, String(seed)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, ...COMPILED },
  })
  const closed = once(child, 'close')
  let resumed = 0
  let left = 1 + Math.floor(random() * EVENTS)
  const wait = random() * MILLISECONDS
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      if (--left === 0) setTimeout(() => child.kill('SIGKILL'), wait)
      if (line.startsWith('begun ') && line !== 'begun 0') resumed++
    }
  } finally {
    child.kill('SIGKILL')
  }
  expect(await closed).toEqual([null, 'SIGKILL'])
  return resumed
}

/** What the next process finds. */
async function statusOf(folder: string): Promise<CacheStatus> {
  const runtime = createTestRuntime(systemClock)
  const cache = await openContentCache(runtime, { size: SIZE }, cacheFolder(folder, { runtime }))
  try {
    return cache.status()
  } finally {
    await cache[Symbol.asyncDispose]()
  }
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

async function bytesOf(files: readonly string[]): Promise<number> {
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size))
  return sizes.reduce((sum, size) => sum + Math.ceil(size / BLOCK) * BLOCK, 0)
}
