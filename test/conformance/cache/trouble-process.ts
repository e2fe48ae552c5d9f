import { spawnSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createNodeRuntime } from '../../../src/adapters/node/runtime.ts'
import type { ManagedCache } from '../../../src/cache/managed-cache.ts'
import { openContentCache } from '../../../src/cache/open-content-cache.ts'
import { cacheFolder } from '../../../src/storage/fs/cache-folder.ts'
import { silentLog } from '../../../src/telemetry/log.ts'
import { takeTurns } from '../../../src/transfer/source.ts'
import { noiseOf, sha256Of, steppedSource, wantedOf } from '../../support/blob-sources.ts'
import { until } from '../../support/until.ts'

/** `DISK`: a small file system of its own, on which a cache larger than it is filled while it fails in turn. */
const [disk] = process.argv.slice(2) as [string]
const folder = join(disk, 'cache')
const MIB = 1024 * 1024
/** Of each blob, but for its first two bytes. */
const NOISE = noiseOf(1_500_000, 1)

/** Waits are over twenty times as soon: they are none of what is looked at here. */
const clock = createNodeRuntime({ log: silentLog, userAgent: 'test' })
const runtime = { ...clock, after: (ms: number, work: () => void) => clock.after(ms / 20, work) }
const reasons: (string | undefined)[] = []
const cache = await openContentCache(runtime, { size: 256 * MIB }, cacheFolder(folder, { runtime }))
cache.events.add((event) => {
  if (event.kind === 'trouble') reasons.push(event.trouble?.reason)
})

function blobOf(seed: number): Uint8Array<ArrayBuffer> {
  const bytes = NOISE.slice()
  bytes.set([seed, seed >> 8])
  return bytes
}

const digestOf = (seed: number) => sha256Of(blobOf(seed))

/** What became of one client who wanted a blob; whoever gets nothing of a fill fetches it by himself. */
async function pull(seed: number): Promise<'kept' | 'broke off' | 'not taken'> {
  const bytes = blobOf(seed)
  const fill = cache.fill(wantedOf(bytes), takeTurns([steppedSource(bytes)]))
  if (fill === undefined) return 'not taken'
  try {
    const hash = []
    const part = { start: 0, end: bytes.length, signal: new AbortController().signal }
    for await (const piece of fill.read(part)) hash.push(piece)
    if (sha256Of(Buffer.concat(hash)) !== sha256Of(bytes)) throw new Error('wrong bytes')
    await fill.ended
    return 'kept'
  } catch {
    return 'broke off'
  }
}

const recovered = (on: ManagedCache) => until('recovery', async () => on.status().trouble === undefined)
/** Over itself, as files are open on it for writing: those go on, and every name is read-only. */
const makeReadOnly = () =>
  spawnSync('sh', ['-c', 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0"', disk]).status

async function several(count: number, first: number) {
  const outcomes: string[] = []
  for (let seed = first; seed < first + count; seed++) outcomes.push(await pull(seed))
  return outcomes
}

// Full before its time: what was not used for long makes place.
const full = await several(20, 100)
await recovered(cache)
// What others have filled: nothing can be made of it.
const held = await Promise.all([...Array(20).keys()].map((n) => cache.open(digestOf(100 + n))))
const stuffed = await several(8, 200)
for (const each of held) each?.close()
await recovered(cache)
const afterFull = await several(1, 300)

const readOnly = makeReadOnly()
const refused = await several(3, 400)
const readable = (await cache.read(digestOf(300)))?.length
const troubleReadOnly = cache.status().trouble?.reason
spawnSync('umount', ['--lazy', disk])
await recovered(cache)
const afterReadOnly = await several(1, 500)

await rm(folder, { recursive: true })
const gone = await several(1, 600)
const readGone = await cache.read(digestOf(500))
await recovered(cache)
const afterGone = await several(1, 700)
const used = cache.status().used
await cache[Symbol.asyncDispose]()
console.log(
  JSON.stringify({
    ...{ full, stuffed, afterFull, readOnly, refused, readable, troubleReadOnly, afterReadOnly },
    ...{ gone, readGone: readGone?.length ?? null, afterGone, used, reasons },
  }),
)
