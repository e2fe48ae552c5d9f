import { createNodeRuntime } from '../../../src/adapters/node/runtime.ts'
import type { Fill } from '../../../src/cache/content-cache.ts'
import { openContentCache } from '../../../src/cache/open-content-cache.ts'
import { cacheFolder } from '../../../src/storage/fs/cache-folder.ts'
import { silentLog } from '../../../src/telemetry/log.ts'
import { takeTurns } from '../../../src/transfer/source.ts'
import { sha256Of, wantedOf } from '../../support/blob-sources.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import { churnBytes, churnSource, SIZE } from './churn.ts'

/** `FOLDER SEED`: fills a small cache, which drops for each what it had before, until somebody kills it. */
const [folder, seed] = process.argv.slice(2) as [string, string]
const runtime = createNodeRuntime({ log: silentLog, userAgent: 'test' })
const cache = await openContentCache(runtime, { size: SIZE }, cacheFolder(folder, { runtime }))
const random = seededRandom(Number(seed))
cache.events.add(({ kind }) => {
  if (kind !== 'received') console.log(kind)
})

async function one(): Promise<void> {
  const bytes = churnBytes(Math.floor(random() * 12) % 7)
  const digest = sha256Of(bytes)
  if (random() < 0.3) {
    const small = bytes.slice(0, 10_000)
    await cache.put(sha256Of(small), small)
    await cache.read(sha256Of(small))
    return
  }
  if (cache.stat(digest) === undefined) {
    const source = churnSource(bytes, random, (start) => console.log(`begun ${start}`))
    const fill = cache.fill(wantedOf(bytes), takeTurns([source]))
    if (random() < 0.5) await readAll(fill, bytes.length)
    await fill?.ended.catch(() => {})
    return
  }
  if (random() < 0.5) await cache.evict({ digests: [digest] })
  else (await cache.open(digest))?.close()
}

async function readAll(fill: Fill | undefined, end: number): Promise<void> {
  const part = { start: 0, end, signal: new AbortController().signal }
  for await (const _ of fill?.read(part) ?? []);
}

async function go(): Promise<void> {
  for (;;) await one()
}
await Promise.all([go(), go(), go()])
