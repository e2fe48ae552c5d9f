import { setTimeout as sleep } from 'node:timers/promises'
import { runOk } from '../../test/support/programs.ts'
import { until } from '../../test/support/until.ts'
import { cpuSeconds, residentBytes } from '../processes/usage.ts'
import type { Server } from '../redirect/servers.ts'
import { type Downloads, download, firstBytes } from './clients.ts'
import type { Blob, Upstream } from './upstream.ts'

/** How long each server sends at least, in seconds; SECONDS=2 for a short run. */
const SECONDS = Number(process.env.SECONDS ?? 10)
const ROUNDS = 12
const READERS = 50
const SMALL_TIMES = 3000
const COLD_CLIENTS = 100

/** What is asked for; no server has any of it yet. */
export interface Blobs {
  /** For throughput. */
  readonly warm: Blob
  /** For the time until its first byte. */
  readonly small: Blob
  /** For many readers at once. */
  readonly large: Blob
  readonly missed: readonly Blob[]
  /** For one client, and for many at once; they come slowly. */
  readonly cold: readonly [Blob, Blob]
}

/** What a server is measured with. */
export interface Parts {
  readonly blobs: Blobs
  readonly upstream: Upstream
  /** Milliseconds until the first byte of a blob from the upstream itself. */
  readonly direct: number
  readonly folder: string
}

/** Gigabytes a second, and the seconds of CPU time that one takes. */
export interface Throughput {
  readonly wall: number
  readonly serverPerGigabyte: number
  readonly clientPerGigabyte: number
}

/** Times are in seconds, those of first bytes in milliseconds. */
export interface Others {
  readonly p50: number
  readonly p99: number
  readonly miss: number
  readonly resident: number
  readonly coldRatio: number
  readonly coldOne: number
  readonly coldMany: number
}

/** Has a server cache what it is to send from its cache. */
export async function prepare(server: Server, parts: Parts): Promise<void> {
  const { warm, small, large } = parts.blobs
  for (const blob of [warm, small, large]) await makeWarm(urlOf(server, blob), parts)
}

/** What it costs all servers to send what is cached: in turn, in many rounds, of which the quiet quarter counts. */
export async function measureThroughputs(
  servers: readonly Server[],
  { blobs: { warm }, folder }: Parts,
): Promise<ReadonlyMap<Server, Throughput>> {
  // What is still to be written to the disk is nobody's affair any more.
  await runOk('sync', [])
  const rounds = new Map<Server, Throughput[]>(servers.map((server) => [server, []]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const [server, done] of rounds) {
      const rate = done[0]?.wall ?? 1
      const times = Math.max(4, Math.ceil((rate * SECONDS * 1e9) / ROUNDS / warm.size))
      done.push(await measureThroughput(server, warm, { times, folder }))
    }
  }
  return new Map([...rounds].map(([server, done]) => [server, quietOf(done)]))
}

function quietOf(rounds: readonly Throughput[]): Throughput {
  const costs = ({ serverPerGigabyte, clientPerGigabyte }: Throughput) =>
    serverPerGigabyte + clientPerGigabyte
  return rounds.toSorted((a, b) => costs(a) - costs(b))[Math.floor((rounds.length - 1) / 4)]!
}

/** The rest of what it does, all its memory included. */
export async function measure(server: Server, parts: Parts): Promise<Others> {
  const { blobs, folder, upstream } = parts
  const { requests } = await upstream.sent()
  const times = await firstBytes(server.origin, Array(SMALL_TIMES).fill(pathOf(blobs.small)))
  const urls: string[] = Array(READERS).fill(urlOf(server, blobs.large))
  const resident = await peakOf(server, () => download(urls, { parallel: READERS, folder }))
  if ((await upstream.sent()).requests > requests) throw new Error(`${server.name} asked for what it had`)
  const warm = { p50: quantile(times, 0.5), p99: quantile(times, 0.99), resident }
  return { ...warm, ...(await measureCold(server, parts)) }
}

/** What it adds to what has to be fetched, for one client and for many. */
async function measureCold(server: Server, { blobs, direct, folder, upstream }: Parts) {
  const miss = median(await firstBytes(server.origin, blobs.missed.map(pathOf))) - direct
  const one = await download([urlOf(server, blobs.cold[0])], { folder })
  const before = await upstream.sent()
  const urls: string[] = Array(COLD_CLIENTS).fill(urlOf(server, blobs.cold[1]))
  const many = await download(urls, { parallel: COLD_CLIENTS, folder })
  const coldRatio = ((await upstream.sent()).bytes - before.bytes) / blobs.cold[1].size
  return { miss, coldRatio, coldOne: one.seconds, coldMany: many.seconds }
}

const urlOf = ({ origin }: Server, blob: Blob) => `${origin}${pathOf(blob)}`

/** Downloads a blob until it is no longer fetched for that. */
async function makeWarm(url: string, { upstream, folder }: Parts): Promise<void> {
  await until(`${url} to be cached`, async () => {
    const { requests } = await upstream.sent()
    await download([url], { folder })
    await sleep(200)
    return (await upstream.sent()).requests === requests
  })
}

async function measureThroughput(
  server: Server,
  warm: Blob,
  { times, folder }: { readonly times: number; readonly folder: string },
): Promise<Throughput> {
  const urls: string[] = Array(times).fill(urlOf(server, warm))
  const { seconds, clientSeconds, serverSeconds } = await downloadMeasured(server, urls, folder)
  const gigabytes = (times * warm.size) / 1e9
  return {
    wall: gigabytes / seconds,
    serverPerGigabyte: serverSeconds / gigabytes,
    clientPerGigabyte: clientSeconds / gigabytes,
  }
}

async function downloadMeasured(
  server: Server,
  urls: readonly string[],
  folder: string,
): Promise<Downloads & { serverSeconds: number }> {
  const before = cpuSeconds(server.process.pid!)
  const downloads = await download(urls, { folder })
  return { ...downloads, serverSeconds: cpuSeconds(server.process.pid!) - before }
}

/** The most memory that a server has while something runs, in bytes. */
async function peakOf(server: Server, work: () => Promise<unknown>): Promise<number> {
  let peak = 0
  const timer = setInterval(() => {
    peak = Math.max(peak, residentBytes(server.process.pid!))
  }, 50)
  await work()
  clearInterval(timer)
  return peak
}

/** Where a blob is asked for. */
export const pathOf = ({ digest }: Blob) => `/v2/app/blobs/${digest}`

export const median = (values: readonly number[]) => quantile(values, 0.5)

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)]!
}
