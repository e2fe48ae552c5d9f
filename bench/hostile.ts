import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { join } from 'node:path'
import { RUNTIMES, startPortolan } from '../test/support/portolan.ts'
import { attackConnections } from './hostile/connections.ts'
import { type Flood, GOOD, goodDigest } from './hostile/generator.ts'
import { inventDigests } from './hostile/inventions.ts'

// Requests that cost a client nothing to invent: distinct digests, names, queries and headers without end. What the
// door remembers of them must be bounded, and good requests at the same time must not suffer more than they would from
// as many good ones.

/** HOSTILE_COUNT=10000000 for the long run. */
const COUNT = Number(process.env.HOSTILE_COUNT ?? 300_000)
const WARM_UP = 300_000
/** Well below what the door can take, so that latency is the door's and not a queue's. */
const RATE = 2000
const PACED_COUNT = 60_000
const LITTLE_MEMORY = '--max-old-space-size=128 --max-semi-space-size=8'
/** Between two good requests that are timed, in milliseconds. */
const PACE = 5

export async function run(): Promise<void> {
  await attackConnections()
  console.log()
  for (const runtime of ['node', 'bun'] as const) await inventDigests(runtime)
  console.log()
  await floodWithInventions()
}

async function floodWithInventions(): Promise<void> {
  const runtime = process.env.HOSTILE_RUNTIME === 'bun' ? 'bun' : 'node'
  const generator = fork(join(import.meta.dirname, 'hostile/generator.ts'), { execPath: RUNTIMES.node })
  try {
    const [{ store }] = (await once(generator, 'message')) as [{ store: number }]
    // V8 lets garbage pile up while there is memory for it. With little, what is left is what the door keeps.
    process.env.NODE_OPTIONS = LITTLE_MEMORY
    await using door = await startPortolan(config(store), runtime)
    delete process.env.NODE_OPTIONS
    const pid = door.process.pid!
    const idle = await timed(door.port, pid, () => new Promise((resolve) => setTimeout(resolve, 5000)))
    const flood = (kind: Flood['kind'], count: number, rate?: number) =>
      timed(door.port, pid, () => order(generator, { port: door.port, count, kind, ...(rate && { rate }) }))
    const started = residentMegabytes(pid)
    const paced = await flood('good', PACED_COUNT, RATE)
    const pacedHostile = await flood('hostile', PACED_COUNT, RATE)
    const good = await flood('good', WARM_UP)
    // What is bounded fills up first; then nothing may grow.
    const filling = await flood('hostile', WARM_UP)
    const before = residentMegabytes(pid)
    const hostile = await flood('hostile', COUNT)
    const after = residentMegabytes(pid)

    row('quiet', idle, 0)
    row(`good, ${RATE} a second`, paced, PACED_COUNT)
    row(`hostile, ${RATE} a second`, pacedHostile, PACED_COUNT)
    row('good, all it can take', good, WARM_UP)
    row('hostile, all it can take', filling, WARM_UP)
    row('hostile, going on', hostile, COUNT)
    const grown = after - before
    console.log(
      `\nRSS of the door on ${runtime}, ${LITTLE_MEMORY}: ${started.toFixed(0)} MB quiet, ${before.toFixed(0)} MB after the first hostile requests, ` +
        `${after.toFixed(0)} MB after the others (${grown < 0 ? '' : '+'}${grown.toFixed(0)} MB)`,
    )
  } finally {
    generator.kill()
  }
}

function config(store: number): object {
  const url = `http://127.0.0.1:${store}`
  return {
    log: { access: false },
    upstreams: [{ id: 'canonical', url, at: 'gcp/us-central1', canonical: true }],
    stores: [{ id: 'paris', url, at: 'aws/eu-west-3', manifests: 'manifests/{digest}' }],
    clients: { trustedProxies: ['127.0.0.0/8'] },
    clouds: { places: [{ prefix: '35.180.0.0/16', at: 'aws/eu-west-3' }] },
  }
}

async function order(generator: ChildProcess, flood: Flood): Promise<void> {
  generator.send(flood)
  await once(generator, 'message')
}

function row(name: string, { seconds, p50, p99, peak }: Timed, count: number): void {
  console.log(
    `${name.padEnd(26)} ${count.toLocaleString('en').padStart(10)} requests in ${seconds.toFixed(0).padStart(4)} s;` +
      ` good ones at the same time: p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms; largest RSS ${peak.toFixed(0)} MB`,
  )
}

interface Timed {
  readonly seconds: number
  /** Of the good requests, in milliseconds. */
  readonly p50: number
  readonly p99: number
  /** Of the door's memory, in megabytes. */
  readonly peak: number
}

/** Sends good requests, one after the other on one connection, while `work` runs. */
async function timed(port: number, pid: number, work: () => Promise<unknown>): Promise<Timed> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const times: number[] = []
  const startedAt = performance.now()
  let peak = 0
  let done = false
  const working = work().finally(() => {
    done = true
  })
  for (let n = 0; !done; n++) {
    const at = performance.now()
    const location = await locate(port, goodDigest(n % GOOD), agent)
    if (location === undefined) throw new Error('the door did not redirect a good request')
    times.push(performance.now() - at)
    if (n % 20 === 0) peak = Math.max(peak, residentMegabytes(pid))
    await new Promise((resolve) => setTimeout(resolve, PACE))
  }
  await working
  agent.destroy()
  times.sort((a, b) => a - b)
  const quantile = (share: number) => times[Math.floor((times.length - 1) * share)]!
  return { seconds: (performance.now() - startedAt) / 1000, p50: quantile(0.5), p99: quantile(0.99), peak }
}

function locate(port: number, digest: string, agent: Agent): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { 'X-Forwarded-For': '35.180.1.1' }
    get({ host: '127.0.0.1', port, path: `/v2/app/blobs/${digest}`, agent, headers }, (response) => {
      response.resume()
      response.once('end', () => resolve(response.headers.location))
    }).once('error', reject)
  })
}

function residentMegabytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) / 1024
}
