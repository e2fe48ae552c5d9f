import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Config } from '../../src/config/config.ts'
import { encodeInventory } from '../../src/inventory/encode.ts'
import { INVENTORY_POINTER_PATH, inventoryPath } from '../../src/inventory/paths.ts'
import { formatInventoryPointer } from '../../src/inventory/pointer.ts'
import { parseAddress } from '../../src/net/address.ts'
import type { Digest } from '../../src/oci/digest.ts'
import { readShippedPrices } from '../../src/prices/shipped.ts'
import { Sponsors } from '../../src/routing/budget/sponsors.ts'
import { pullKey } from '../../src/routing/draw.ts'
import { isWithin, paceOf } from '../../src/routing/pace.ts'
import { createPortolan, type Portolan } from '../../src/server/compose.ts'
import type { DoorRuntime } from '../../src/server/runtime.ts'
import type { SponsorReport } from '../../src/simulate/report.ts'
import { silentLog } from '../../src/telemetry/log.ts'
import { runHosted } from '../support/command-host.ts'
import { configOf } from '../support/config.ts'
import { makeBlob } from '../support/content.ts'
import { makeTempFolder } from '../support/temp.ts'
import { createTestClock } from '../support/test-clock.ts'
import { createTestRuntime } from '../support/test-runtime.ts'
import { until } from '../support/until.ts'
import { storeAt } from '../support/view.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** What is tried by health checks, and what clients ask for. */
const SMALL = makeBlob('small')
const LARGE_BYTES = 500_000_000
/** So many that no client comes back for the same one. */
const LARGE = Array.from({ length: 2000 }, (_, index) => digestOf(`large ${index}`))

const UPSTREAM = { id: 'iowa', url: 'https://iowa.test', at: 'gcp/us-central1' }
const store = (id: string, at: string) => ({ id, url: `https://${id}.test`, at, inventory: true })
const PARIS = store('paris', 'aws/eu-west-3')
const ACME = {
  id: 'acme',
  backends: ['paris'],
  budget: { amount: '1000 USD', per: 'month' },
  prices: 'aws',
}

const configWith = (more: object): Config =>
  configOf({
    upstreams: [UPSTREAM],
    stores: [PARIS],
    routing: [{ prefer: ['stores'] }],
    log: { access: false },
    health: { interval: '1h' },
    ...more,
  })

function digestOf(content: string | Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(content).digest('hex')}` as Digest
}

/** An inventory that lists what nobody needs to have: only its size is asked for. */
function inventoryFiles(): ReadonlyMap<string, Uint8Array<ArrayBuffer>> {
  const entries = [
    { digest: SMALL.digest as Digest, size: SMALL.bytes.length },
    ...LARGE.map((digest) => ({ digest, size: LARGE_BYTES })),
  ].sort((one, other) => (one.digest < other.digest ? -1 : 1))
  const bytes = encodeInventory(entries, 1e12)
  const digest = digestOf(bytes)
  const pointer = { at: 1e12, digest, count: entries.length, bytes: bytes.length }
  return new Map([
    [`/${inventoryPath(digest)}`, bytes],
    [`/${INVENTORY_POINTER_PATH}`, formatInventoryPointer(pointer)],
  ])
}

let made: AsyncDisposableStack
beforeEach(() => {
  made = new AsyncDisposableStack()
})
afterEach(() => made.disposeAsync())

/** What is under way, were it a chain of promises. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 5))

/** Numbers that look drawn, the same each time. */
function drawing(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

function addressBy(draw: () => number): string {
  return [203, draw() * 256, draw() * 256, draw() * 256].map(Math.floor).join('.')
}

interface World {
  readonly portolan: Portolan
  readonly lines: { readonly msg: string; readonly fields: Record<string, unknown> }[]
  readonly down: Set<string>
  /** What was written down, by file. */
  readonly files: Map<string, Uint8Array>
  now(): number
  advance(milliseconds: number): void
  /** Sends another client for a large blob; gives the host that it is sent to. */
  pull(address: string, repository: string): Promise<string>
  status(): Promise<{ id: string; spent: string; pace: number; alarm: string; projectedEnd: string | null }[]>
}

/** Of each store that has one. */
async function inventoryStates(portolan: Portolan): Promise<unknown[]> {
  const request = { method: 'GET', target: '/backends', peer: '', header: () => 'localhost' }
  const { body } = await portolan.admin(request)
  const { backends } = JSON.parse(String(body)) as { backends: { inventory?: { status: string } }[] }
  return backends.flatMap(({ inventory }) => inventory?.status ?? [])
}

async function startWorld(
  config: Config,
  { at = 0, files = new Map<string, Uint8Array>() } = {},
): Promise<World> {
  const clock = createTestClock()
  clock.advance(at)
  const inventory = inventoryFiles()
  const down = new Set<string>()
  const lines: World['lines'] = []
  let pulls = 0
  const note = (fields: object, msg: string) => {
    lines.push({ msg, fields: fields as Record<string, unknown> })
  }
  const runtime: DoorRuntime = {
    ...createTestRuntime({
      ...clock,
      // Nothing hangs here, and a minute may pass at once: no time limit falls due.
      after: (milliseconds, work) => (milliseconds < MINUTE ? () => {} : clock.after(milliseconds, work)),
      log: { ...silentLog, info: note, warn: note, error: note },
      async fetch(url, { method = 'GET' }) {
        const { pathname, hostname } = new URL(url)
        if (down.has(hostname)) return new Response(null, { status: 503 })
        if (hostname === 'iowa.test') return new Response('{}')
        const bytes = pathname.endsWith(SMALL.digest) ? SMALL.bytes : inventory.get(pathname)
        if (LARGE.some((digest) => pathname.endsWith(digest))) {
          return new Response(null, { headers: { 'content-length': String(LARGE_BYTES) } })
        }
        if (bytes === undefined) return new Response(null, { status: 404 })
        return new Response(method === 'HEAD' ? null : Uint8Array.from(bytes))
      },
    }),
    ledger: {
      read: async (file) => files.get(file),
      async write(file, bytes) {
        files.set(file, bytes)
      },
    },
  }
  const portolan = made.use(await createPortolan(config, runtime))
  await portolan.tried
  await until('the inventories', async () => !(await inventoryStates(portolan)).includes('pending'))
  return {
    portolan,
    lines,
    down,
    files,
    now: () => clock.date().getTime(),
    advance: (milliseconds) => clock.advance(milliseconds),
    async pull(address, repository) {
      const target = `/v2/${repository}/blobs/${LARGE[pulls++ % LARGE.length]}`
      const reply = await portolan.door({ method: 'GET', target, peer: address, header: () => undefined })
      expect(reply.status).toBe(307)
      return new URL(reply.headers.Location!).hostname
    },
    async status() {
      const reply = await portolan.admin({
        method: 'GET',
        target: '/sponsors',
        peer: '',
        header: () => 'localhost',
      })
      return JSON.parse(reply.body as string).sponsors
    },
  }
}

/** Ten pulls in ten minutes, and ten times as many on the third day: twice what the budget pays for, and then twenty times. */
function* pullsOfAMonth(
  from: number,
  days: number,
): Iterable<{ at: number; address: string; repository: string }> {
  const draw = drawing(7)
  for (let at = from + 10 * MINUTE; at < from + days * DAY; at += 10 * MINUTE) {
    const day = (at - from) / DAY
    const count = day >= 2 && day < 3 ? 100 : 10
    for (let each = 0; each < count; each++) {
      const address = addressBy(draw)
      yield { at, address, repository: `app-${Math.floor(draw() * 1000)}` }
    }
  }
}

function logLine({ at, ...fields }: { at: number; target: string; address: string; bytes?: number }): string {
  const time = new Date(at).toISOString()
  const id = `${at} ${fields.address} ${fields.target}`
  return JSON.stringify({
    level: 'info',
    time,
    id,
    method: 'GET',
    bytesKnown: 'listed',
    ...fields,
    msg: 'request',
  })
}

/** What `portolan simulate` says of the only sponsor. */
async function simulateLog(lines: readonly string[]): Promise<SponsorReport> {
  const folder = made.use(await makeTempFolder())
  const config = { version: 1, upstreams: [UPSTREAM], stores: [PARIS], sponsors: [ACME] }
  await writeFile(
    join(folder.path, 'config.yaml'),
    JSON.stringify({ ...config, routing: [{ prefer: ['stores'] }] }),
  )
  await writeFile(join(folder.path, 'access.log'), lines.join('\n'))
  const words = ['simulate', 'access.log', '--config', 'config.yaml', '--json', '--threads', '2']
  const { code, out, err } = await runHosted(words, { folder: folder.path })
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return JSON.parse(out).policies[0].sponsors[0]
}

describe('a budget of 1,000 USD a month, of which twice as much would be asked for, and twenty times on the third day', () => {
  it('is kept to by a door, and used: nobody is refused, and it takes the same course as without a door', async () => {
    const config = configWith({ sponsors: [ACME] })
    const world = await startWorld(config)
    const from = world.now()

    // The same clients without a door: only draws, prices and pacing.
    const [sponsor] = config.sponsors!
    const paris = storeAt('paris', { name: 'aws/eu-west-3', cloud: 'aws', region: 'eu-west-3' })
    const parts = { config: sponsor!, backends: [paris], table: readShippedPrices('aws')!, replicas: 1 }
    const simulated = new Sponsors([parts], from)
    simulated.tick(from)

    // And the same clients from a log.
    const log = [logLine({ at: from, target: '/v2/', address: '203.0.113.1' })]

    const [lived, foreseen]: [[number, number][], [number, number][]] = [[], []]
    const changesOfDoor = () => world.lines.filter(({ msg }) => msg === 'the pace of a sponsor has changed')
    let [at, served] = [from, 0]
    for (const pull of pullsOfAMonth(from, 31)) {
      while (at < pull.at) {
        world.advance(MINUTE)
        at += MINUTE
        for (const { pace } of simulated.tick(at)) foreseen.push([at, pace])
        for (const { fields } of changesOfDoor().slice(lived.length)) lived.push([at, fields.pace as number])
        // So that checks come to their end.
        if ((at - from) % HOUR === 0) await settle()
      }
      const host = await world.pull(pull.address, pull.repository)
      const target = `/v2/${pull.repository}/blobs/${LARGE[log.length % LARGE.length]}`
      log.push(logLine({ ...pull, target, bytes: LARGE_BYTES }))
      if (host === 'paris.test') served++
      const pace = simulated.of('paris')!.pace
      const isIn = isWithin(paceOf('acme', pace), pullKey(parseAddress(pull.address), pull.repository))
      expect(host).toBe(pace >= 1 || isIn ? 'paris.test' : 'iowa.test')
      if (host === 'paris.test') {
        simulated.note({ backend: 'paris', place: 'somewhere', bytes: LARGE_BYTES, gets: 1, heads: 0 })
      }
    }

    expect(lived).toEqual(foreseen)
    world.advance(MINUTE)
    const gaps = lived.slice(1).map(([moment], index) => moment - lived[index]![0])
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(HOUR)
    expect(lived.length).toBeGreaterThan(3)
    const { spent, alarm } = (await world.status())[0]!
    expect(Number(spent)).toBeLessThanOrEqual(1000)
    expect(Number(spent)).toBeGreaterThanOrEqual(950)
    expect(alarm).toBe('none')

    const { requests, budget } = await simulateLog(log)
    expect(budget.course.map(({ at, pace }) => [Date.parse(at), pace])).toEqual([[from, 1], ...lived])
    expect(budget.alarms.map(({ alarm }) => alarm)).toEqual(
      world.lines.flatMap(({ fields }) => (fields.sponsor === 'acme' ? (fields.alarm ?? []) : [])),
    )
    expect(budget.months[0]).toMatchObject({ month: '2026-01', spent })
    expect(requests).toBe(served)
  }, 60_000)
})

describe('over a restart', () => {
  const config = configWith({ sponsors: [ACME], pacing: { ledger: '/var/lib/portolan/sponsors.json' } })
  const pullFor = async (world: World, minutes: number) => {
    const draw = drawing(5)
    for (let minute = 0; minute < minutes; minute++) {
      for (let each = 0; each < 40; each++) await world.pull(addressBy(draw), `app-${each}`)
      world.advance(MINUTE)
      if (minute % 30 === 0) await settle()
    }
  }

  it('goes on where it was: what was spent, and its pace', async () => {
    const first = await startWorld(config)
    expect(first.lines).toContainEqual(
      expect.objectContaining({ msg: 'there is no ledger yet: sponsors begin from nothing' }),
    )
    await pullFor(first, 180)
    const [before] = await first.status()
    expect(before!.pace).toBeLessThan(1)
    expect(Number(before!.spent)).toBeGreaterThan(0)
    await first.pull('203.0.113.1', 'app')
    await first.portolan[Symbol.asyncDispose]()

    const second = await startWorld(config, {
      at: first.now() - Date.parse('2026-01-01'),
      files: first.files,
    })
    const [after] = await second.status()
    expect(after!.pace).toBe(before!.pace)
    expect(Number(after!.spent)).toBeGreaterThanOrEqual(Number(before!.spent))
    expect(second.lines.map(({ msg }) => msg)).not.toContain(
      'there is no ledger yet: sponsors begin from nothing',
    )
  })

  it('keeps what was counted over a reload, under another budget too', async () => {
    const world = await startWorld(configWith({ sponsors: [ACME] }))
    await pullFor(world, 120)
    const [before] = await world.status()
    await world.portolan.reload(
      configWith({ sponsors: [{ ...ACME, budget: { amount: '2000 USD', per: 'month' } }] }),
    )
    const [after] = await world.status()
    expect(after!.spent).toBe(before!.spent)
    expect(after!.pace).toBe(before!.pace)
  })

  it('does not begin with a ledger that is none', async () => {
    const files = new Map([['/var/lib/portolan/sponsors.json', new TextEncoder().encode('{"version": 1}')]])
    await expect(startWorld(config, { files })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/pacing\.ledger: "\/var\/lib\/portolan\/sponsors\.json": is no ledger/),
    })
  })
})

describe('when a budget is used up', () => {
  const cdn = store('cdn', 'anycast')

  it('clients go where it says first, an alarm tells of it, and the next month begins anew', async () => {
    const config = configWith({
      stores: [PARIS, store('milan', 'aws/eu-south-1'), cdn],
      routing: [{ prefer: ['paris', 'milan', 'cdn'] }],
      sponsors: [{ ...ACME, budget: { amount: '2GiB', per: 'month' }, over: 'cdn' }],
    })
    const world = await startWorld(config)
    for (let each = 0; each < 6; each++)
      expect(await world.pull(`203.0.113.${each}`, 'app')).toBe('paris.test')
    world.advance(MINUTE)
    for (let each = 0; each < 20; each++)
      expect(await world.pull(`203.0.113.${each}`, 'app')).toBe('cdn.test')
    expect(world.lines).toContainEqual({
      msg: 'the budget of a sponsor is used up',
      fields: expect.objectContaining({ sponsor: 'acme', alarm: 'used-up', left: '0' }),
    })
    // Nobody else is there: a pull is worth more than a budget.
    world.down.add('cdn.test').add('milan.test').add('iowa.test')
    world.advance(HOUR)
    await settle()
    world.advance(31 * DAY)
    await settle()
    expect((await world.status())[0]).toMatchObject({ spent: '0', alarm: 'none', pace: 1 })
    expect(await world.pull('203.0.113.7', 'app')).toBe('paris.test')
  })
})

describe('without one sponsor', () => {
  it('no more than its share moves to another, who says when that will have used up its own', async () => {
    const milan = store('milan', 'aws/eu-south-1')
    const config = configWith({
      stores: [PARIS, milan],
      routing: [{ prefer: ['paris', 'milan'] }],
      spill: { maxShare: 0.3 },
      health: { interval: '1h', failures: 1 },
      sponsors: [
        ACME,
        { ...ACME, id: 'beta', backends: ['milan'], budget: { amount: '200 USD', per: 'month' } },
      ],
    })
    const world = await startWorld(config)
    world.down.add('paris.test')
    for (let check = 0; check < 3; check++) {
      world.advance(2 * HOUR)
      await settle()
    }
    const draw = drawing(3)
    const hosts = new Map<string, number>()
    for (let minute = 0; minute < 24 * 60; minute++) {
      for (let each = 0; each < 20; each++) {
        const host = await world.pull(addressBy(draw), 'app')
        hosts.set(host, (hosts.get(host) ?? 0) + 1)
      }
      world.advance(MINUTE)
      if (minute % 30 === 0) await settle()
    }
    expect(hosts.get('paris.test')).toBeUndefined()
    const moved = hosts.get('milan.test')!
    expect(moved / (moved + hosts.get('iowa.test')!)).toBeLessThanOrEqual(0.3)
    expect(moved).toBeGreaterThan(0)
    const alarm = world.lines.find(({ msg }) => msg === 'the budget of a sponsor ends early if it goes on so')
    expect(alarm?.fields).toMatchObject({ sponsor: 'beta', ends: expect.stringMatching(/^2026-01-/) })
  })
})

it('counts what has a size, and says of whom', async () => {
  const world = await startWorld(configWith({ sponsors: [ACME], log: { access: true } }))
  await world.pull('203.0.113.7', 'app')
  expect(world.lines.find(({ msg }) => msg === 'request')?.fields).toMatchObject({
    ...{ backend: 'paris', sponsor: 'acme' },
    ...{ bytes: LARGE_BYTES, bytesKnown: 'listed' },
  })
  const { text } = await world.portolan.metrics!()
  expect(text).toContain(`portolan_sponsor_bytes_total{sponsor="acme",known="listed"} ${LARGE_BYTES}`)
  expect(text).toContain(`portolan_backend_bytes_total{backend="paris",known="listed"} ${LARGE_BYTES}`)
  expect(text).toContain('portolan_sponsor_budget{sponsor="acme",unit="USD"} 1000')
  expect(text).toContain('portolan_sponsor_alarm{sponsor="acme",alarm="none"} 1')
})
