import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { createNodeRuntime } from '../src/adapters/node/runtime.ts'
import type { FillConfig } from '../src/config/config.ts'
import { audit } from '../src/replication/audit.ts'
import type { SampleSize } from '../src/replication/sample-size.ts'
import { sync } from '../src/replication/sync.ts'
import type { Target } from '../src/replication/target.ts'
import { walk } from '../src/replication/walk.ts'
import type { Fetch, Runtime } from '../src/runtime.ts'
import { openWorkspace } from '../src/storage/fs/workspace.ts'
import { MemoryBucket, openMemoryStore } from '../src/storage/memory/memory-store.ts'
import { openStore } from '../src/storage/open-store.ts'
import { silentLog } from '../src/telemetry/log.ts'
import { startAzurite } from '../test/support/azurite.ts'
import { startScriptedGcs } from '../test/support/fake-gcs-scripted.ts'
import { MemoryRegistry } from '../test/support/memory-registry.ts'
import { startScriptedS3 } from '../test/support/s3-server-scripted.ts'
import { makeTempFolder } from '../test/support/temp.ts'
import {
  type Billed,
  type BillOf,
  billed,
  billOfAzure,
  billOfGcs,
  billOfS3,
  type Prices,
  startCounter,
} from './requests/counted-requests.ts'

// How many requests `sync` and `audit` make of a store for 1,000 blobs, and what they cost by public list prices. The
// drivers are the real ones, Azure's server is Microsoft's emulator, the others are scripted. Small blobs are really
// 1,000; of larger ones, what some more of them take is scaled up, without what a run takes anyhow. The scripted servers
// list 100 objects a page, the real ones 1,000 and more.

const MIB = 1024 * 1024

/** Dollars for 1,000 requests in North America, without discounts; docs/syncing.md says of when and from where. */
const PRICES: Readonly<Record<string, Prices>> = {
  'Amazon S3': { write: 0.005, list: 0.005, read: 0.0004 },
  'Cloudflare R2': { write: 0.0045, list: 0.0045, read: 0.00036 },
  'Cloud Storage': { write: 0.005, list: 0.005, read: 0.0004 },
  'Azure Blob': { write: 0.0055, list: 0.0055, read: 0.00044 },
}

/** A kind of store: how it is opened, and what it was asked. */
interface Kind extends AsyncDisposable {
  readonly names: readonly string[]
  readonly fill: FillConfig
  readonly environment: Readonly<Record<string, string>>
  readonly requests: string[]
  readonly billOf: BillOf
}

const KINDS: readonly (() => Promise<Kind>)[] = [
  async () => {
    const server = await startScriptedS3()
    const { bucket, origin: endpoint, environment, requests } = server
    return {
      names: ['Amazon S3', 'Cloudflare R2'],
      fill: { kind: 's3', bucket, endpoint, prefix: '' },
      ...{ environment, requests, billOf: billOfS3 },
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    }
  },
  async () => {
    const server = await startScriptedGcs()
    const { bucket, origin: endpoint, requests } = server
    return {
      names: ['Cloud Storage'],
      fill: { kind: 'gcs', bucket, endpoint, prefix: '' },
      ...{ environment: {}, requests, billOf: billOfGcs },
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    }
  },
  async () => {
    const server = await startAzurite()
    const counter = await startCounter(server.endpoint)
    const endpoint = `${counter.origin}/${server.account}`
    return {
      names: ['Azure Blob'],
      fill: { kind: 'azureBlob', endpoint, container: server.container, prefix: '' },
      ...{ environment: server.environment, requests: counter.requests, billOf: billOfAzure },
      async [Symbol.asyncDispose]() {
        await counter[Symbol.asyncDispose]()
        await server[Symbol.asyncDispose]()
      },
    }
  },
]

export async function run(): Promise<void> {
  console.log('requests for 1,000 blobs'.padEnd(46), 'write  list   read  free   dollars')
  for (const start of KINDS) {
    const small = await measure(start, 1024, 1000)
    for (const [action, sums] of small.actions) print(small.names, `1 KiB: ${action}`, sums)
    for (const [size, count] of [
      [MIB, 20],
      [20 * MIB, 5],
    ] as const) {
      // What a run takes anyhow is the same in both.
      const few = await measure(start, size, count)
      const twice = await measure(start, size, 2 * count)
      for (const [action, sums] of twice.actions) {
        const per = (bill: keyof Billed) => ((sums[bill] - few.actions.get(action)![bill]) * 1000) / count
        const more = { write: per('write'), list: 0, read: per('read'), free: per('free') }
        if (WORTH_SCALING.has(action)) print(twice.names, `${size / MIB} MiB: ${action}`, more)
      }
    }
  }
}

const WORTH_SCALING: ReadonlySet<string> = new Set(['sync of new blobs', 'audit --full'])

interface Measured {
  readonly names: readonly string[]
  /** What a store was asked, by what was done. */
  readonly actions: ReadonlyMap<string, Billed>
}

async function measure(start: () => Promise<Kind>, size: number, count: number): Promise<Measured> {
  await using kind = await start()
  await using temp = await makeTempFolder()
  const runtime = createNodeRuntime({ log: silentLog, userAgent: 'portolan/bench' })
  const { environment, fill } = kind
  const createMd5 = () => createHash('md5')
  const objects = await openStore(fill, { environment, runtime, createMd5 })
  const upstream = new MemoryRegistry()
  const layers = Array.from({ length: count - 1 }, (_, index) =>
    upstream.addBlob('app', Buffer.alloc(size, createHash('sha512').update(`${size} ${index}`).digest())),
  )
  upstream.tag('app', 'v1', upstream.addImage('app', { layers }))
  const store: Target = { id: 'store', url: 'http://store.test', objects, ...PATHS }
  const served = new MemoryBucket()
  const copy: Target = { ...store, id: 'copy', objects: openMemoryStore(runtime, served) }
  const journal = join(temp.path, 'journal')
  const copyAll = () => syncOnce(upstream, [store, copy], journal, runtime)
  const prove = (content: SampleSize) => auditOnce(upstream, store, content, served, runtime)

  const actions = new Map<string, Billed>()
  for (const [action, work] of [
    ['sync of new blobs', copyAll],
    ['sync with nothing new', copyAll],
    ['audit, 95 % and 1 %', () => prove({ confidence: 0.95, below: 0.01 })],
    ['audit --full', () => prove('full')],
  ] as const) {
    kind.requests.length = 0
    const clients = await work()
    const sums = billed(kind.requests, kind.billOf)
    actions.set(action, { ...sums, read: sums.read + clients })
  }
  await objects.close()
  return { names: kind.names, actions }
}

function print(names: readonly string[], what: string, { write, list, read, free }: Billed): void {
  for (const name of names) {
    const prices = PRICES[name]!
    const dollars = (write * prices.write + list * prices.list + read * prices.read) / 1000
    const figures = [write, list, read, free].map((figure) => figure.toFixed(0).padStart(6))
    console.log(`${name}, ${what}`.padEnd(44), ...figures, dollars.toFixed(4).padStart(9))
  }
}

const PATHS: Pick<Target, 'blobKey' | 'manifestKey'> = {
  blobKey: (digest) => `blobs/${digest}`,
  manifestKey: (digest) => `manifests/${digest}`,
}

const EVERYTHING = {
  from: 'upstream',
  repositories: { list: 'catalog', include: [], exclude: [] },
  tags: { include: [], exclude: [] },
  platforms: [],
  referrers: false,
  referrersRecheck: 0,
  journal: '/nowhere',
  concurrency: 4,
  requestsPerSecond: 1000,
  maxWait: 1000,
  perRepository: [],
  foreignLayers: 'skip',
} as const

/** Gives the requests that clients make meanwhile: none. */
async function syncOnce(
  upstream: MemoryRegistry,
  targets: readonly Target[],
  journal: string,
  runtime: Runtime,
): Promise<number> {
  const workspace = await openWorkspace(journal, { runtime, expiry: 30_000 })
  try {
    const report = await sync({
      ...{ runtime, upstream, targets, workspace },
      walk: () => walk(upstream, EVERYTHING, { workspace }),
      options: {
        ...{ concurrency: 4, verify: 'sample', trustExisting: false, recheck: false },
        ...{ takeLease: false, dryRun: false },
      },
    })
    if (report.faults.length > 0) throw new Error(report.faults.map(({ message }) => message).join('\n'))
    return 0
  } finally {
    await workspace.close()
  }
}

/** Gives the requests that were made as clients make them. */
async function auditOnce(
  upstream: MemoryRegistry,
  store: Target,
  content: SampleSize,
  served: MemoryBucket,
  runtime: Runtime,
): Promise<number> {
  const workspace = { manifest: async () => undefined, keepManifest: async () => {} }
  const reachable = await walk(upstream, EVERYTHING, { workspace })
  const report = await audit(reachable, [store], {
    runtime: { ...runtime, fetch: fetchFrom(served) },
    content,
  })
  const { findings, requests } = report.stores[0]!
  if (findings.length > 0) throw new Error(findings.map(({ message }) => message).join('\n'))
  return requests.clients
}

/** Serves a bucket as a web server would: what clients ask for is billed like any read. */
function fetchFrom({ objects }: MemoryBucket): Fetch {
  return async (url, { headers }) => {
    const object = objects.get(new URL(url).pathname.slice(1))
    if (object === undefined) return new Response(null, { status: 404 })
    const { length } = object.bytes
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(new Headers(headers).get('range') ?? '') ?? []
    const [start, end] = [Number(first ?? 0), last ? Number(last) + 1 : length]
    return new Response(object.bytes.slice(start, end), {
      status: first === undefined ? 200 : 206,
      headers: {
        'Content-Type': object.headers.contentType,
        ...(first !== undefined && { 'Content-Range': `bytes ${start}-${end - 1}/${length}` }),
      },
    })
  }
}
