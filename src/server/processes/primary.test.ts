import { afterEach, beforeEach, expect, it } from 'vitest'
import { configOf } from '../../../test/support/config.ts'
import { makeBlob } from '../../../test/support/content.ts'
import { layInventory, makeInventory } from '../../../test/support/inventory.ts'
import type { Served } from '../../../test/support/misbehaving.ts'
import { createTestRuntime } from '../../../test/support/test-runtime.ts'
import { composePortolan } from '../compose.ts'
import type { Door } from '../request.ts'
import { readToPrimary, type ToPrimary, type ToWorker } from './messages.ts'
import { Primary, type WorkerEnd } from './primary.ts'
import { WorkerService } from './worker-service.ts'

const BLOB = makeBlob('blob')
const UPSTREAMS = [{ id: 'iowa', url: 'https://iowa.test', at: 'gcp/us-central1' }]
const PARIS = { id: 'paris', url: 'https://paris.test', at: 'aws/eu-west-3', inventory: true }
const ROUTING = [{ prefer: ['stores'] }]

const configWith = (...stores: object[]) => configOf({ upstreams: UPSTREAMS, stores, routing: ROUTING })

let made: AsyncDisposableStack
beforeEach(() => {
  made = new AsyncDisposableStack()
})
afterEach(() => made.disposeAsync())

/** What is under way, were it a chain of promises. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 20))

/** A process that checks, whose stores all have an inventory. */
async function startPrimary() {
  const served = new Map<string, Served>()
  layInventory(served, makeInventory([BLOB], 1e12))
  const runtime = createTestRuntime({
    async fetch(url, { method = 'GET' }) {
      const { pathname, host } = new URL(url)
      if (host === 'iowa.test') return new Response('{}')
      const bytes = pathname.endsWith(BLOB.digest) ? BLOB.bytes : served.get(pathname)?.bytes
      if (bytes === undefined) return new Response(null, { status: 404 })
      return new Response(method === 'HEAD' ? null : Uint8Array.from(bytes))
    },
  })
  const service = made.use(await composePortolan(configWith(PARIS), runtime))
  await service.tried
  await settle()
  return { service, primary: new Primary(service.shared) }
}

it('tells a worker that does not keep up of an inventory after the config in which its store is', async () => {
  const { service, primary } = await startPrimary()
  const told: ToWorker[] = []
  let takes: (() => void)[] = []
  const { outbox } = primary.attach((message, taken) => {
    told.push(message)
    takes.push(taken)
  })
  while (outbox.dropped === 0) outbox.offer({ kind: 'count' })
  told.length = 0
  await service.reload(configWith(PARIS, { ...PARIS, id: 'milan', url: 'https://milan.test' }))
  await settle()
  await service.reload(configWith({ ...PARIS, id: 'milan', url: 'https://milan.test' }))
  for (const taken of takes) taken()
  takes = []
  const milan = service.shared.inForce.policy.backends.stores[0]!
  expect(milan.inventoryInUse).toBeDefined()
  const ofMilan = { kind: 'inventory', backend: milan.key, digest: milan.inventoryInUse?.digest }
  expect(told.slice(told.findLastIndex(({ kind }) => kind === 'config'))).toContainEqual(ofMilan)
})

it('tells a worker that could not take a config of it anew, and of how its backends stand', async () => {
  const { service, primary } = await startPrimary()
  let door: Door | undefined
  let isDiskFull = false
  const refusals: ToPrimary[] = []
  let end: WorkerEnd | undefined
  const worker = new WorkerService(
    createTestRuntime(),
    (message, taken) => {
      if (end?.receive(message) === false && message.kind === 'refused') refusals.push(message)
      taken()
    },
    {
      async configure() {
        if (isDiskFull) throw new Error('no space left on device')
      },
      async open(opened) {
        door = opened
      },
      useIdentity() {},
      announceEnd() {},
      drain() {},
      readings: {},
    },
  )
  made.use(worker)
  end = primary.attach((message, taken) => {
    worker.receive(structuredClone(message))
    taken()
  })
  end.outbox.put('open', { kind: 'open', host: '127.0.0.1', port: 0, reader: 'plain' })
  let clients = 0
  /** Where a client that was not here before is sent. */
  const locationOf = async () => {
    await settle()
    const target = `/v2/app/blobs/${BLOB.digest}`
    const reply = await door!({
      method: 'GET',
      target,
      peer: `192.0.2.${++clients}`,
      header: () => undefined,
    })
    return reply.headers.Location
  }
  expect(await locationOf()).toBe(`https://paris.test/containers/images/${BLOB.digest}`)

  isDiskFull = true
  await service.reload(configWith({ ...PARIS, url: 'https://milan.test' }))
  expect([await locationOf(), refusals.length]).toEqual([
    `https://paris.test/containers/images/${BLOB.digest}`,
    1,
  ])
  isDiskFull = false
  end.tellConfig()
  expect(await locationOf()).toBe(`https://milan.test/containers/images/${BLOB.digest}`)
})

it('keeps the accounts of sponsors for all: traffic comes from workers, and paces go to them', async () => {
  const { service, primary } = await startPrimary()
  const told: ToWorker[] = []
  const tell = (config: object) =>
    service.reload(
      configOf({
        upstreams: UPSTREAMS,
        stores: [PARIS],
        routing: ROUTING,
        sponsors: [{ id: 'acme', backends: 'paris', budget: { amount: '1MiB', per: 'month' }, ...config }],
      }),
    )
  await tell({})
  const end = primary.attach((message, taken) => {
    told.push(structuredClone(message))
    taken()
  })
  const paces = () => told.findLast((message) => message.kind === 'paces')
  expect(paces()).toEqual({ kind: 'paces', paces: [['acme', 1]] })
  const traffic = { backend: 'paris', place: 'somewhere' as const, bytes: 2 ** 20, gets: 1, heads: 0 }
  expect(end.receive(readToPrimary({ kind: 'traffic', traffic: [traffic] })!)).toBe(true)
  // What was counted is paid for before another config counts.
  await tell({ timezone: 'Europe/Paris' })
  expect(paces()).toEqual({ kind: 'paces', paces: [['acme', 0]] })
  // One that comes later is told, too.
  told.length = 0
  primary.attach((message, taken) => {
    told.push(message)
    taken()
  })
  expect(paces()).toEqual({ kind: 'paces', paces: [['acme', 0]] })
  for (const bytes of [-1, 0.5, Number.NaN, '7']) {
    expect(readToPrimary({ kind: 'traffic', traffic: [{ ...traffic, bytes }] })).toBeUndefined()
  }
})
