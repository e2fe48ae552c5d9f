import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { connectionLimit, openFilesLimit } from '../src/adapters/node/connection-limit.ts'
import { type Portolan, type RuntimeName, startPortolan } from '../test/support/portolan.ts'
import type { Order, Outcome } from './load/generator.ts'
import { NETWORK } from './redirect/requests.ts'
import { type Store, startStore } from './redirect/store.ts'

// What a door does when there is much to do: many clients at once, many that do nothing, few open files, and a long
// while at four fifths of what it can. LOAD_MINUTES says how long that is.

const MINUTES = Number(process.env.LOAD_MINUTES ?? 10)
const RUNTIMES = (process.env.LOAD_RUNTIMES ?? 'node,bun').split(',') as RuntimeName[]
const BUSY = [32, 1000, 10_000]
/** As many as a door here takes beside those that are busy: `ulimit -n` bounds them. */
const IDLE = Math.min(10_000, connectionLimit(openFilesLimit()) - 500)
const SECONDS = 5
/** As many contents as new blobs come within a minute, so that what is remembered is at its bound for the rest. */
const REMEMBERED = 20_000
/** The most open files of a door that is short of them. */
const FEW_FILES = 256

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

export async function run(): Promise<void> {
  await using store = await startStore()
  const generator = fork(join(import.meta.dirname, 'load/generator.ts'))
  try {
    for (const runtime of RUNTIMES) {
      await busyConnections(runtime, { store, generator })
      await idleConnections(runtime, { store, generator })
      await fewFiles(runtime, { store, generator })
      if (MINUTES > 0) await longRun(runtime, { store, generator })
    }
  } finally {
    generator.kill()
  }
}

interface Setting {
  readonly store: Store
  readonly generator: ChildProcess
}

/** Clients that always have a request under way, and whoever is new meanwhile. */
async function busyConnections(runtime: RuntimeName, setting: Setting): Promise<void> {
  await using door = await startDoor(runtime, setting.store)
  for (const connections of BUSY) {
    const newcomers = watchNewcomers(door.port)
    const outcome = await send(setting, { port: door.port, connections, seconds: SECONDS })
    const { answered, turnedAway, worst } = await newcomers.stop()
    row(
      runtime,
      `${connections} busy clients`,
      `${perSecond(outcome)}; p50 ${outcome.p50} ms, p99 ${outcome.p99} ms; ${answered} new ones answered, the slowest in ${worst} ms, ${turnedAway} sent away; ${outcome.lost} lost; ${megabytes(door)} MB`,
    )
  }
}

/** What it costs that clients stay without asking anything. */
async function idleConnections(runtime: RuntimeName, setting: Setting): Promise<void> {
  await using door = await startDoor(runtime, setting.store)
  await send(setting, { port: door.port, connections: 32, seconds: SECONDS })
  const before = megabytes(door)
  const sockets = Array.from({ length: IDLE }, () => {
    const socket = connect(door.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.on('connect', () => socket.write('GET /v2/ HTTP/1.1\r\nHost: door.test\r\n\r\n'))
    return socket
  })
  await Promise.all(sockets.map((socket) => once(socket, 'data')))
  const after = megabytes(door)
  // So many who come at once are more than it can do for a moment, and whoever is new is sent away until that is over.
  await wait(3000)
  const outcome = await send(setting, { port: door.port, connections: 32, seconds: SECONDS })
  for (const socket of sockets) socket.destroy()
  row(
    runtime,
    `${IDLE} idle clients`,
    `${before} to ${after} MB, ${(((after - before) * 1024) / IDLE).toFixed(1)} KB each; 32 busy ones beside them: ${perSecond(outcome)}, p99 ${outcome.p99} ms`,
  )
}

/** More clients than it may have open files for. */
async function fewFiles(runtime: RuntimeName, setting: Setting): Promise<void> {
  await using door = await startDoor(runtime, setting.store, FEW_FILES)
  const outcome = await send(setting, { port: door.port, connections: 1000, seconds: SECONDS })
  const statuses = Object.entries(outcome.byStatus).map(([status, count]) => `${count} × ${status}`)
  const ready = await fetch(`http://127.0.0.1:${door.adminPort}/healthz`)
  row(
    runtime,
    `ulimit -n ${FEW_FILES}, 1000 clients`,
    `${statuses.join(', ')}; /healthz ${ready.status} afterwards; p99 ${outcome.p99} ms`,
  )
}

/** Four fifths of what it and the generator can together, with a reload every half minute. */
async function longRun(runtime: RuntimeName, setting: Setting): Promise<void> {
  await using door = await startDoor(runtime, setting.store)
  const most = await send(setting, { port: door.port, connections: 32, seconds: SECONDS })
  const rate = Math.floor((most.answered / (SECONDS + 1)) * 0.8)
  const memory: number[] = []
  const looking = setInterval(() => memory.push(megabytes(door)), 1000)
  const reloading = setInterval(() => door.process.kill('SIGHUP'), 30_000)
  const outcome = await send(setting, { port: door.port, connections: 64, rate, seconds: MINUTES * 60 })
  clearInterval(looking)
  clearInterval(reloading)
  const part = (share: number) => memory[Math.floor((memory.length - 1) * share)]
  row(
    runtime,
    `${MINUTES} min at ${rate} a second`,
    `RSS after 1/10, 1/2, 9/10 of the time: ${part(0.1)}, ${part(0.5)}, ${part(0.9)} MB, at most ${Math.max(...memory)}; p50 ${outcome.p50} ms, p99 ${outcome.p99} ms, slowest ${outcome.most} ms; ${outcome.lost} lost; ${JSON.stringify(outcome.byStatus)}`,
  )
}

async function startDoor(runtime: RuntimeName, store: Store, openFiles?: number): Promise<Portolan> {
  const config = {
    log: { access: false },
    upstreams: [{ id: 'upstream', url: 'http://127.0.0.1:1', at: 'gcp/us-central1' }],
    stores: [{ id: 'paris', url: store.origin, at: 'aws/eu-west-3' }],
    clients: { trustedProxies: ['127.0.0.0/8'] },
    clouds: { places: [{ prefix: NETWORK, at: 'aws/eu-west-3' }] },
    presence: { maxEntries: REMEMBERED },
  }
  return startPortolan(config, runtime, undefined, [], openFiles)
}

async function send(
  { generator, store }: Setting,
  order: Omit<Order, 'digests'>,
): Promise<Outcome & { readonly seconds: number }> {
  generator.send({ ...order, digests: store.digests })
  const [outcome] = (await once(generator, 'message')) as [Outcome]
  return { ...outcome, seconds: order.seconds }
}

const perSecond = ({ answered, seconds }: Outcome & { readonly seconds: number }) =>
  `${Math.round(answered / seconds)} redirects/s`

/** Connects again and again, asks once, and times it. */
function watchNewcomers(port: number) {
  let goesOn = true
  const seen = { answered: 0, turnedAway: 0, worst: 0 }
  const watching = (async () => {
    while (goesOn) {
      const at = performance.now()
      const text = await askOnce(port)
      if (text.startsWith('HTTP/1.1 503')) seen.turnedAway++
      else if (text !== '') seen.answered++
      seen.worst = Math.max(seen.worst, Math.round(performance.now() - at))
      await wait(20)
    }
    return seen
  })()
  return {
    stop() {
      goesOn = false
      return watching
    },
  }
}

function askOnce(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.setEncoding('latin1')
    socket.on('connect', () =>
      socket.write('GET /v2/ HTTP/1.1\r\nHost: door.test\r\nConnection: close\r\n\r\n'),
    )
    socket.on('data', (chunk: string) => {
      resolve(chunk)
      socket.destroy()
    })
    socket.on('error', () => resolve(''))
    socket.on('close', () => resolve(''))
  })
}

/** Of all that the process has in memory. */
function megabytes({ process }: Portolan): number {
  const status = readFileSync(`/proc/${process.pid}/status`, 'latin1')
  return Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024)
}

function row(runtime: RuntimeName, what: string, result: string): void {
  console.log(`door on ${runtime.padEnd(4)}  ${what.padEnd(28)} ${result}`)
}
