import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { findProgram, findPrograms } from '../test/support/programs.ts'
import { makeTempFolder } from '../test/support/temp.ts'
import { firstBytes } from './mirror/clients.ts'
import { type Blobs, measure, measureThroughputs, median, pathOf, prepare } from './mirror/measure.ts'
import { type Figures, printRows } from './mirror/rows.ts'
import {
  EXECUTABLE,
  type MirrorSetting,
  startDockerProxy,
  startMirror,
  startNginx,
} from './mirror/servers.ts'
import { type Blob, makeBlob, startUpstream } from './mirror/upstream.ts'
import type { Server } from './redirect/servers.ts'

// What a mirror costs, beside nginx's `proxy_cache` and Docker's registry as a pull-through cache, in one run, on the same
// cores as curl, which downloads, and as the upstream. What is cached is in the kernel's memory. To send it is measured in
// many short rounds, all servers in turn: what else the machine does only ever adds to one.

const MIB = 1024 * 1024
/** MIRROR_LARGE_MIB=256 for a short run. */
const LARGE_BYTES = Number(process.env.MIRROR_LARGE_MIB ?? 1024) * MIB
const WARM_BYTES = 256 * MIB
const SMALL_BYTES = 16 * 1024
const MISS_BYTES = MIB
const MISSES = 60
/** The blobs of cold clients alone have so many bytes, and come as over a network. */
const COLD_BYTES = 64 * MIB
const COLD_RATE = 32 * MIB

export async function run(): Promise<void> {
  const { found, missing } = findPrograms('nginx', 'curl')
  const registry = ['docker-registry', 'registry'].map(findProgram).find((path) => path !== undefined)
  if (missing !== undefined) {
    console.log(`skipped; ${missing} (Debian packages nginx-light and curl)`)
    return
  }
  if (registry === undefined) console.log('docker-registry is not on this machine (a Debian package)')
  if (EXECUTABLE === undefined) console.log('no executable: npm run build -- --executables')
  await using cleanUp = new AsyncDisposableStack()
  const { path } = cleanUp.use(await makeTempFolder())
  const blobs = await makeBlobs(path)
  const upstream = cleanUp.use(await startUpstream(join(path, 'upstream'), COLD_BYTES, COLD_RATE))
  const direct = median(await firstBytes(upstream.origin, blobs.missed.map(pathOf)))
  const starts: ((setting: MirrorSetting) => Promise<Server>)[] = [
    (setting) => startNginx(found.nginx, setting),
    (setting) => startMirror('node', setting),
    (setting) => startMirror('bun', setting),
  ]
  if (EXECUTABLE !== undefined) starts.push((setting) => startMirror('none', setting))
  if (registry !== undefined) starts.push((setting) => startDockerProxy(registry, setting))
  const parts = { blobs, upstream, direct, folder: path }
  const servers: Server[] = []
  for (const start of starts) {
    const own = cleanUp.use(await makeTempFolder())
    const server = cleanUp.use(await start({ folder: own.path, upstream: upstream.origin }))
    servers.push(server)
    await prepare(server, parts)
  }
  const throughputs = await measureThroughputs(servers, parts)
  const rows: [string, Figures][] = []
  for (const server of servers) {
    rows.push([server.name, { ...throughputs.get(server)!, ...(await measure(server, parts)) }])
  }
  printRows(rows)
}

async function makeBlobs(folder: string): Promise<Blobs> {
  const upstream = join(folder, 'upstream')
  await mkdir(upstream)
  const make = (label: string, size: number) => makeBlob(upstream, label, size)
  const missed: Blob[] = []
  for (let n = 0; n < MISSES; n++) missed.push(await make(`missed ${n}`, MISS_BYTES))
  return {
    warm: await make('warm', WARM_BYTES),
    small: await make('small', SMALL_BYTES),
    large: await make('large', LARGE_BYTES),
    missed,
    cold: [await make('cold 1', COLD_BYTES), await make('cold 2', COLD_BYTES)],
  }
}
