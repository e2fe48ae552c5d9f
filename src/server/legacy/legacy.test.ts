import { createHash } from 'node:crypto'
import { beforeEach, describe, expect, it, test } from 'vitest'
import { legacyFiles } from '../../../test/support/legacy-files.ts'
import { createTestClock, withTurns } from '../../../test/support/test-clock.ts'
import { createTestRuntime, type TestRuntime } from '../../../test/support/test-runtime.ts'
import { loadConfig } from '../../config/load.ts'
import type { Runtime } from '../../runtime.ts'
import type { Log } from '../../telemetry/log.ts'
import { createPortolan, type Portolan } from '../compose.ts'
import type { DoorReply } from '../reply.ts'

/** The test clock begins here. */
const DAY = 86_400_000
const at = (day: number, time = '00:00:00') => `2026-01-${String(1 + day).padStart(2, '0')}T${time}Z`

const MANIFEST = JSON.stringify({
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf('{}'), size: 2 },
  layers: [],
})
const DIGEST = digestOf(MANIFEST)
const SIGNATURE = `${DIGEST.replace(':', '-')}.sig`
const OCI = 'application/vnd.oci.image.manifest.v1+json'

function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

const LIST = {
  ...{ version: 1, host: 'old.example', listedFrom: 'x', listed: at(0), successor: 'new.example' },
  checked: '2025-12-31T00:00:00Z',
  counts: {
    ...{ repositories: 2, tags: 2, manifests: 2, blobs: 2, referrers: 0 },
    ...{ missing: 0, different: 0, unknown: 0, excepted: 0 },
  },
  findings: [],
  repositories: {
    app: { tags: { latest: DIGEST, 2: DIGEST, '1.0': DIGEST, [SIGNATURE]: DIGEST } },
    constructor: { tags: {} },
  },
}

const LEGACY = {
  ...{ host: 'old.example', names: ['eu.old.example'], successor: 'new.example', frozen: '2025-06-01' },
  ...{ list: '/list.json', off: '/off', record: '/record.json', info: 'https://new.example/move' },
}

const ALL = [
  { phase: 'announce', from: at(1) },
  { phase: 'warn', from: at(2) },
  { phase: 'brownout', from: at(3), until: at(3, '06:00:00') },
  { phase: 'redirect', from: at(4) },
  { phase: 'refuse', from: at(5) },
]

const configOf = (phases: readonly object[], legacy: object = {}) =>
  loadConfig({
    ...{ version: 1, admin: '127.0.0.1:0', log: { access: true } },
    upstreams: [{ id: 'main', url: 'https://main.example', at: 'test/main' }],
    clients: { trustedProxies: ['192.0.2.1'] },
    legacy: { ...LEGACY, ...legacy, phases },
  })

/** A door in memory: its clock, its files and its upstream are the test's. */
class World {
  /** One that is a promise takes long to read. */
  readonly files = new Map<string, string | Promise<string>>([['/list.json', JSON.stringify(LIST)]])
  readonly lines: { fields: Record<string, unknown>; msg: string }[] = []
  readonly #background: Promise<unknown>[] = []
  upstream: (url: string) => Response | Promise<Response> = () => answerOf(MANIFEST)
  readonly asked: string[] = []
  readonly runtime: TestRuntime
  service!: Portolan

  constructor() {
    const line = (fields: object, msg: string) => {
      this.lines.push({ fields: fields as Record<string, unknown>, msg })
    }
    const log: Log = { debug: () => {}, info: line, warn: line, error: line }
    this.runtime = createTestRuntime({
      ...withTurns(createTestClock()),
      log,
      fetch: async (url: string) => {
        this.asked.push(String(url))
        return this.upstream(String(url))
      },
      background: (work: Promise<unknown>) => {
        this.#background.push(work)
      },
      legacy: legacyFiles(this.files),
    } as Partial<Runtime>)
  }

  async open(phases: readonly object[], legacy: object = {}): Promise<void> {
    this.service = await createPortolan(configOf(phases, legacy), this.runtime, { offline: true })
  }

  /** Lets so many milliseconds pass, and what falls due in them happen. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.runtime.now() + milliseconds
    // A look begins another one when it ends, which takes a turn.
    while (this.runtime.now() < end) {
      this.runtime.advance(Math.min(1000, end - this.runtime.now()))
      await this.settled()
      if (end - this.runtime.now() > 10_000) this.runtime.advance(end - this.runtime.now() - 5000)
    }
  }

  async settled(): Promise<void> {
    for (let turn = 0; turn < 5; turn++) {
      await new Promise((resolve) => setImmediate(resolve))
      this.runtime.advance(0)
      await Promise.all(this.#background.splice(0).map((work) => Promise.race([work, tick()])))
    }
  }

  async ask(
    target: string,
    { host = 'old.example', method = 'GET', from = '198.51.100.7', ...headers }: Record<string, string> = {},
  ): Promise<DoorReply & { json?: { code: string; message: string } }> {
    const all: Record<string, string> = { host, 'x-forwarded-for': from, ...headers }
    const reply = await this.service.door({
      ...{ method, target, peer: '192.0.2.1' },
      header: (name: string) => all[name],
    })
    const { body } = reply
    if (reply.headers['Content-Type'] !== 'application/json' || typeof body !== 'string') return reply
    return { ...reply, json: JSON.parse(body).errors?.[0] }
  }

  told(msg: RegExp): Record<string, unknown>[] {
    return this.lines.filter((line) => msg.test(line.msg)).map(({ fields }) => fields)
  }
}

const tick = () => new Promise((resolve) => setTimeout(resolve, 5))

function answerOf(text: string, status = 200): Response {
  return new Response(text, {
    status,
    headers: { 'Content-Type': OCI, 'Docker-Content-Digest': digestOf(text) },
  })
}

let world: World
beforeEach(() => {
  world = new World()
})

const TAG = '/v2/app/manifests/1.0'
const BLOB = `/v2/app/blobs/${digestOf('{}')}`

test('a schedule goes from one phase to the next, each at its moment', async () => {
  await world.open(ALL)
  const seen: string[] = []
  for (const [day, hours] of [
    [0, 12],
    [1, 12],
    [2, 12],
    [3, 3],
    [3, 12],
    [4, 12],
    [5, 12],
  ] as const) {
    await world.pass(day * DAY + hours * 3_600_000 - world.runtime.now())
    const { status, headers } = await world.ask(TAG)
    const blob = await world.ask(BLOB)
    seen.push(`${day} ${hours}h: ${status} ${headers.Location ?? headers.Warning ?? ''} blob ${blob.status}`)
  }
  expect(seen).toEqual([
    `0 12h: 307 https://main.example/v2/app/manifests/${DIGEST} blob 307`,
    `1 12h: 307 https://main.example/v2/app/manifests/${DIGEST} blob 307`,
    '2 12h: 200 299 - "old.example is frozen since 2025-06-01 and ends on 2026-01-06T00:00:00Z: pull new.example/app:1.0 instead, see https://new.example/move" blob 307',
    '3 3h: 503  blob 307',
    '3 12h: 200 299 - "old.example is frozen since 2025-06-01 and ends on 2026-01-06T00:00:00Z: pull new.example/app:1.0 instead, see https://new.example/move" blob 307',
    '4 12h: 307 https://new.example/v2/app/manifests/1.0 blob 307',
    '5 12h: 403  blob 403',
  ])
  // The name of today knows of none of it.
  expect(await world.ask(TAG, { host: 'new.example' })).toMatchObject({
    status: 307,
    headers: { Location: 'https://main.example/v2/app/manifests/1.0' },
  })
})

describe('a manifest with a warning', () => {
  beforeEach(async () => {
    await world.open([
      { phase: 'warn', from: at(0) },
      { phase: 'refuse', from: at(30) },
    ])
  })

  it('has the headers of an end, is what the tag stood for, and no cache may share it', async () => {
    const reply = await world.ask(TAG)
    expect(reply).toMatchObject({
      status: 200,
      headers: {
        'Content-Type': OCI,
        'Docker-Content-Digest': DIGEST,
        'Cache-Control': 'private, no-cache',
        Deprecation: '@1748736000',
        Sunset: 'Sat, 31 Jan 2026 00:00:00 GMT',
        Link: '<https://new.example/v2/app/manifests/1.0>; rel="successor-version", <https://new.example/move>; rel="deprecation sunset"; type="text/html"',
      },
    })
    expect(new TextDecoder().decode(reply.body as Uint8Array)).toBe(MANIFEST)
    const head = await world.ask(TAG, { method: 'HEAD' })
    expect(head).toMatchObject({ status: 200, headers: { Warning: reply.headers.Warning } })
    expect(head.body).toBeUndefined()
  })

  // containerd 2.4 drops a warning where %xx stands for what no quoted string has, such as a quote or a line's end.
  it('has an address in it that every reader of warnings can read', async () => {
    await world.service[Symbol.asyncDispose]()
    await world.open([{ phase: 'warn', from: at(0) }], { info: 'https://new.example/a%0D%5c?b="1"&c=%20é' })
    const { Warning } = (await world.ask(TAG)).headers
    expect(Warning).toContain(', see https://new.example/a%250D%255c?b=%25221%2522&c=%20%C3%A9"')
    expect(Warning).toMatch(/^299 - "[^"\\]*"$/)
  })

  it('is asked of the upstream once, and told apart from what the successor’s tag has become', async () => {
    await world.ask(TAG)
    await world.ask(TAG)
    await world.ask(`/v2/app/manifests/${DIGEST}`)
    expect(world.asked.filter((url) => url.includes('/manifests/'))).toEqual([
      `https://main.example/v2/app/manifests/${DIGEST}`,
    ])
  })

  test.each<[string, () => Response | Promise<Response>]>([
    ['is down', () => Promise.reject(new Error('refused'))],
    ['fails', () => answerOf('', 500)],
    ['has lost it', () => answerOf('', 404)],
    ['gives other bytes', () => answerOf(MANIFEST.replace('2', '3'))],
  ])('sends the client where it would go otherwise when the upstream %s', async (_, upstream) => {
    world.upstream = upstream
    expect(await world.ask(TAG)).toMatchObject({
      status: 307,
      headers: { Location: `https://main.example/v2/app/manifests/${DIGEST}` },
    })
  })

  it('keeps nobody waiting for an upstream that gives no answer, and is counted as what it became', async () => {
    world.upstream = () => new Promise(() => {})
    const reply = world.ask(TAG)
    await world.pass(4000)
    expect(await Promise.race([reply, 'waits'])).toBe('waits')
    await world.pass(1000)
    expect(await Promise.race([reply, 'waits'])).toMatchObject({
      status: 307,
      headers: { Location: `https://main.example/v2/app/manifests/${DIGEST}` },
    })
    expect(world.told(/^request$/)).toMatchObject([{ legacy: 'pass', phase: 'warn-1' }])
  })

  it('is fetched of what tags stand for alone: nobody can have others fetched', async () => {
    for (let count = 0; count < 20; count++) {
      const { status } = await world.ask(`/v2/app/manifests/${digestOf(`${count}`)}`)
      expect(status).toBe(307)
    }
    expect(world.asked.filter((url) => url.includes('/manifests/'))).toEqual([])
  })

  it('comes for signatures from where they are, without a warning', async () => {
    const { status, headers } = await world.ask(`/v2/app/manifests/${SIGNATURE}`)
    expect({ status, warning: headers.Warning }).toEqual({ status: 307, warning: undefined })
  })
})

describe('what was never there', () => {
  test.each<[string, string, string, string]>([
    ['warn', '/v2/app/manifests/1.27', 'MANIFEST_UNKNOWN', 'app:1.27'],
    ['redirect', '/v2/app/manifests/1.27', 'MANIFEST_UNKNOWN', 'app:1.27'],
    ['announce', '/v2/newer/manifests/1.27', 'NAME_UNKNOWN', 'newer:1.27'],
    ['warn', '/v2/newer/tags/list', 'NAME_UNKNOWN', 'newer'],
    ['warn', '/v2/toString/manifests/1', 'NAME_INVALID', ''],
    ['warn', '/v2/constructor/manifests/1', 'MANIFEST_UNKNOWN', 'constructor:1'],
  ])('in phase %s, %s is %s, with where it is', async (phase, target, code, image) => {
    await world.open([{ phase, from: at(0) }])
    const { status, json } = await world.ask(target)
    expect({ status, code: json?.code }).toEqual({ status: code === 'NAME_INVALID' ? 400 : 404, code })
    if (image !== '') {
      expect(json?.message).toBe(
        `old.example is frozen since 2025-06-01 and never had ${image}; pull new.example/${image}`,
      )
    }
  })

  it('is asked for where it is when a digest names it: lists have what has a tag', async () => {
    await world.open([{ phase: 'announce', from: at(0) }])
    for (const path of [`manifests/${DIGEST}`, `blobs/${DIGEST}`, `referrers/${DIGEST}`]) {
      expect((await world.ask(`/v2/untagged/${path}`)).status, path).toBe(307)
    }
  })

  it('is not known before there is a list, and the list of tags is that of the old name', async () => {
    world.files.delete('/list.json')
    await world.open([{ phase: 'announce', from: at(0) }])
    expect((await world.ask('/v2/app/manifests/1.27')).status).toBe(307)
    world.files.set('/list.json', JSON.stringify(LIST))
    await world.pass(2000)
    expect((await world.ask('/v2/app/manifests/1.27')).status).toBe(404)
    const { body } = await world.ask('/v2/app/tags/list')
    expect(JSON.parse(new TextDecoder().decode(body as Uint8Array))).toEqual({
      ...{ name: 'app', tags: ['1.0', '2', 'latest', SIGNATURE] },
    })
  })
})

it('gives the tags of the old name on pages, whole numbers among them', async () => {
  const tags = Object.fromEntries(['9', '10', '1.0', '1'].map((tag) => [tag, DIGEST]))
  world.files.set('/list.json', JSON.stringify({ ...LIST, repositories: { app: { tags } } }))
  await world.open([{ phase: 'announce', from: at(0) }])
  const found: string[] = []
  let next: string | undefined = '/v2/app/tags/list?n=1'
  while (next !== undefined) {
    const { body, headers } = await world.ask(next)
    found.push(...JSON.parse(new TextDecoder().decode(body as Uint8Array)).tags)
    next = /^<([^>]+)>; rel="next"$/.exec(headers.Link ?? '')?.[1]
  }
  expect(found).toEqual(['1', '1.0', '10', '9'])
})

describe('a brownout', () => {
  const window = (more: object = {}) => [
    { phase: 'brownout', from: at(0), until: at(0, '01:00:00'), ...more },
  ]

  it('answers 503 with the seconds until it is over, and the way out', async () => {
    await world.open(window())
    await world.pass(60_000)
    const { status, headers, json } = await world.ask('/v2/app/manifests/1.27')
    expect({ status, retry: headers['Retry-After'], json }).toMatchObject({
      status: 503,
      retry: '3540',
      json: {
        code: 'UNAVAILABLE',
        message:
          'old.example is switched off until 2026-01-01T01:00:00Z to show what still uses it: pull new.example/app:1.27 instead, see https://new.example/move',
      },
    })
    expect((await world.ask('/v2/')).status).toBe(200)
  })

  it('answers 403 where the config says so', async () => {
    await world.open(window({ answer: 'denied' }))
    expect(await world.ask(TAG)).toMatchObject({ status: 403, json: { code: 'DENIED' } })
  })

  it('meets a tenth of all networks, the same each time, and nobody else', async () => {
    await world.open(window({ cohort: { share: '10 %' } }))
    const statuses = async () => {
      const hit: string[] = []
      for (let network = 0; network < 2000; network++) {
        const from = `198.${18 + (network >> 8)}.${network & 255}.${network % 250}`
        if ((await world.ask(TAG, { from })).status === 503) hit.push(`${from}`)
      }
      return hit
    }
    const first = await statuses()
    expect(first.length).toBeGreaterThan(150)
    expect(first.length).toBeLessThan(250)
    expect(await statuses()).toEqual(first)
    // Whoever shares the network shares its lot; whose address is not known has none.
    const neighbour = first[0]!.replace(/\d+$/, '251')
    expect((await world.ask(TAG, { from: neighbour })).status).toBe(503)
    expect((await world.ask(TAG, { from: 'unknown' })).status).toBe(307)
  })

  it('is over for all within three seconds of its switch, and on again when that is gone', async () => {
    await world.open(window())
    expect((await world.ask(TAG)).status).toBe(503)
    for (const text of ['brownout-1\n', '# none\n', 'all', '']) {
      world.files.set('/off', text)
      await world.pass(3000)
      expect((await world.ask(TAG)).status, text).toBe(text.startsWith('b') || text === 'all' ? 307 : 503)
    }
    expect(world.told(/stands otherwise/).map(({ state }) => state)).toEqual(['on', 'off', 'on', 'off', 'on'])
  })
})

test('a switch works while a long list is read', async () => {
  await world.open([{ phase: 'brownout', from: at(0), until: at(0, '01:00:00') }])
  world.files.set('/list.json', new Promise(() => {}))
  await world.pass(2000)
  world.files.set('/off', 'all')
  await world.pass(3000)
  expect((await world.ask(TAG)).status).toBe(307)
})

describe('a phase is held back', () => {
  const warn = [{ phase: 'warn', from: at(2) }]

  test.each<[string, object | undefined, RegExp]>([
    ['there is no list', undefined, /there is no \/list\.json yet/],
    ['the new name lacks something', { counts: { ...LIST.counts, missing: 1 } }, /lacks 1 of what/],
    [
      'a tag stands for something else there',
      { counts: { ...LIST.counts, different: 2 } },
      /lacks 2 of what/,
    ],
    ['something could not be asked for', { counts: { ...LIST.counts, unknown: 3 } }, /of 3 contents/],
    ['the list is old', { checked: '2025-12-26T00:00:00Z' }, /checked too long before/],
  ])('while %s', async (_, list, why) => {
    if (list === undefined) world.files.delete('/list.json')
    else world.files.set('/list.json', JSON.stringify({ ...LIST, ...list }))
    await world.open(warn)
    await world.pass(2 * DAY + 5000)
    expect((await world.ask(TAG)).status).toBe(307)
    expect(world.told(/held back/)).toMatchObject([{ phase: 'warn-1', why: expect.stringMatching(why) }])
    world.files.set('/list.json', JSON.stringify({ ...LIST, checked: at(2) }))
    await world.pass(2000)
    expect((await world.ask(TAG)).status).toBe(200)
  })

  it('when something is lost at the new name after it has begun, but not when nobody knows', async () => {
    await world.open(warn)
    await world.pass(2 * DAY + 5000)
    world.files.set('/list.json', JSON.stringify({ ...LIST, counts: { ...LIST.counts, unknown: 9 } }))
    await world.pass(2000)
    expect((await world.ask(TAG)).status).toBe(200)
    world.files.set('/list.json', JSON.stringify({ ...LIST, counts: { ...LIST.counts, missing: 1 } }))
    await world.pass(2000)
    expect((await world.ask(TAG)).status).toBe(307)
  })

  it('not by a list that cannot be read: what it said before stays', async () => {
    await world.open(warn)
    await world.pass(2 * DAY + 5000)
    for (const text of ['{', '{}', JSON.stringify({ ...LIST, host: 'other.example' })]) {
      world.files.set('/list.json', text)
      await world.pass(2000)
      expect((await world.ask(TAG)).status).toBe(200)
    }
    expect(world.told(/not read again/)).toHaveLength(3)
  })
})

test('a reload goes by the list that is in force when its file has become a wrong one, and by a new one', async () => {
  const phases = [{ phase: 'warn', from: at(0) }]
  await world.open(phases)
  for (const wrong of ['{', JSON.stringify({ ...LIST, host: 'other.example' })]) {
    world.files.set('/list.json', wrong)
    await world.service.reload(configOf([...phases, { phase: 'refuse', from: at(9) }]))
    expect((await world.ask(TAG)).headers.Warning).toContain('ends on 2026-01-10')
  }
  world.files.set('/list.json', JSON.stringify({ ...LIST, counts: { ...LIST.counts, missing: 1 } }))
  await world.service.reload(configOf(phases))
  expect((await world.ask(TAG)).headers.Warning).toBeUndefined()
})

describe('a phase ends by itself', () => {
  const REDIRECT = [{ phase: 'redirect', from: at(0), cohort: { share: '50 %' } }]
  const isIn = async (from: string) =>
    (await world.ask(TAG, { from })).headers.Location?.startsWith('https://new.example') ?? false

  it('when its manifests cannot be had, and stays so after a restart', async () => {
    const warn = [{ phase: 'warn', from: at(0) }]
    await world.open(warn, { failures: { share: '5 %', least: 20 } })
    const ask = (network: number) => world.ask(TAG, { from: `198.51.${network}.7` })
    world.upstream = () => answerOf('', 500)
    for (let network = 0; network < 19; network++) await ask(network)
    // One network, however often it asks, is one client.
    for (let count = 0; count < 50; count++) await ask(0)
    await world.pass(2000)
    expect(world.told(/ended by itself/)).toEqual([])
    world.upstream = () => answerOf(MANIFEST)
    for (let network = 19; network < 27; network++) await ask(network)
    await world.pass(2000)
    expect(world.told(/ended by itself/)).toMatchObject([
      {
        phase: 'warn-1',
        why: expect.stringMatching(
          /^\d+ of 27 of its clients failed within five minutes, and 0 of 0 others$/,
        ),
      },
    ])
    expect((await world.ask(TAG)).headers.Warning).toBeUndefined()
    await world.service[Symbol.asyncDispose]()
    await world.open(warn)
    expect((await world.ask(TAG)).headers.Warning).toBeUndefined()
  })

  it('when clients that were sent to the new name come back for the same blob again and again', async () => {
    await world.open(REDIRECT, { failures: { share: '5 %', least: 20 } })
    const clients = Array.from({ length: 60 }, (_, index) => `198.51.${index}.1`)
    const cohort: string[] = []
    for (const from of clients) if (await isIn(from)) cohort.push(from)
    expect(cohort.length).toBeGreaterThan(15)
    for (let round = 0; round < 5; round++) {
      for (const from of cohort) await world.ask(BLOB, { from })
      await world.pass(20_000)
    }
    expect(world.told(/ended by itself/)).toMatchObject([{ phase: 'redirect-1' }])
    expect(await isIn(cohort[0]!)).toBe(false)
  })

  it('not when those who are refused come again and again', async () => {
    await world.open([{ phase: 'refuse', from: at(0) }], { failures: { share: '5 %', least: 20 } })
    for (let round = 0; round < 5; round++) {
      for (let network = 0; network < 40; network++) {
        expect((await world.ask(BLOB, { from: `198.51.${network}.1` })).status).toBe(403)
      }
      await world.pass(20_000)
    }
    expect(world.told(/ended by itself/)).toEqual([])
  })

  it('not when they come for each blob once', async () => {
    await world.open(REDIRECT, { failures: { share: '5 %', least: 20 } })
    for (let client = 0; client < 60; client++) {
      for (let blob = 0; blob < 5; blob++)
        await world.ask(`/v2/app/blobs/${digestOf(`${blob}`)}`, { from: `198.51.${client}.1` })
    }
    await world.pass(5000)
    expect(world.told(/ended by itself/)).toEqual([])
  })
})

describe('the schedule is append-only', () => {
  const begun = [{ phase: 'announce', from: at(0) }]

  test.each<[string, readonly object[], RegExp]>([
    ['is dropped', [{ phase: 'warn', from: at(9) }], /announce-1, which began at .*, is missing/],
    ['is changed', [{ phase: 'announce', from: at(1) }], /is another one/],
    ['gets an end', [{ phase: 'announce', from: at(0), until: at(5) }], /is another one/],
    ['is for others', [{ phase: 'announce', from: at(0), cohort: { share: '5 %' } }], /is another one/],
  ])('one that has begun and %s is refused, at a reload and at a start', async (_, phases, message) => {
    await world.open(begun)
    await world.settled()
    const next = configOf(phases)
    await expect(world.service.reload(next)).rejects.toThrow(message)
    await world.service[Symbol.asyncDispose]()
    await expect(createPortolan(next, world.runtime, { offline: true })).rejects.toThrow(message)
  })

  it('grows, and what is to come may change', async () => {
    await world.open([...begun, { phase: 'warn', from: at(9) }])
    await world.service.reload(configOf([...begun, { phase: 'warn', from: at(8) }]))
    await world.service.reload(configOf(begun))
  })

  it('is not changed by a reload that a phase has overtaken: no start would take it any more', async () => {
    const [first, second] = [
      [...begun, { phase: 'warn', from: at(1) }],
      [...begun, { phase: 'warn', from: at(2) }],
    ]
    await world.open(first)
    const slow = Promise.withResolvers<void>()
    world.files.set(
      '/slow.json',
      slow.promise.then(() => JSON.stringify(LIST)),
    )
    const reload = world.service.reload(configOf(second, { list: '/slow.json' }))
    await world.pass(DAY + 5000)
    slow.resolve()
    await expect(reload).rejects.toThrow(/warn-1, which began at 2026-01-02T.*, is another one/)
    expect((await world.ask(TAG)).status).toBe(200)
    await world.service[Symbol.asyncDispose]()
    await world.open(first)
  })

  it('is kept in another file when the config names another one', async () => {
    await world.open(begun)
    await world.settled()
    await world.service.reload(configOf(begun, { record: '/other.json' }))
    await world.pass(2000)
    await world.service[Symbol.asyncDispose]()
    const dropped = configOf([{ phase: 'warn', from: at(9) }], { record: '/other.json' })
    await expect(createPortolan(dropped, world.runtime, { offline: true })).rejects.toThrow('is missing')
  })

  it('is not begun by the record of another name, which it would write over', async () => {
    await world.open(begun)
    await world.settled()
    const renamed = configOf(begun, { host: 'older.example' })
    await expect(world.service.reload(renamed)).rejects.toThrow(
      'legacy.record: /record.json is that of old.example, and not of older.example; name another file',
    )
  })

  it('is not begun by a record that is none', async () => {
    world.files.set('/record.json', '{"version":2}')
    await expect(createPortolan(configOf(begun), world.runtime, { offline: true })).rejects.toThrow(
      'legacy.record: /record.json is no record of phases',
    )
  })
})

it('counts by name, phase, answer and kind of client, and keeps no address', async () => {
  await world.open([{ phase: 'warn', from: at(0), cohort: { share: '50 %' } }])
  for (let client = 0; client < 40; client++)
    await world.ask(TAG, {
      from: `203.0.113.${client}`.replace('113', String(client)),
      'user-agent': 'containerd/2.2.9',
    })
  await world.ask('/v2/app/manifests/nope', { 'user-agent': 'evil{label="x"}' })
  await world.ask('/', { 'user-agent': 'Mozilla/5.0' })
  const { text } = await world.service.metrics!()
  const lines = text.split('\n').filter((line) => line.startsWith('portolan_legacy'))
  expect(
    lines.filter((line) => line.includes('_requests_total')).map((line) => line.replace(/ \d+$/, '')),
  ).toEqual(
    expect.arrayContaining([
      'portolan_legacy_requests_total{name="old.example",phase="warn-1",answer="serve",agent="containerd"}',
      'portolan_legacy_requests_total{name="old.example",phase="",answer="pass",agent="containerd"}',
      'portolan_legacy_requests_total{name="old.example",phase="",answer="page",agent="browser"}',
      'portolan_legacy_repository_requests_total{name="old.example",repository="app"}',
    ]),
  )
  expect(lines).toContain('portolan_legacy_phase{phase="warn-1",state="on"} 1')
  expect(`${text}${world.files.get('/record.json')}`).not.toMatch(/203\.0\.|198\.51\.|evil/)
  const logged = world.told(/^request$/)
  expect(logged[0]).toMatchObject({ legacy: expect.any(String) })
})

test('people who open the old name read what takes its place, and when', async () => {
  await world.open(
    ALL.map((phase) => ({ ...phase, cohort: { when: { repository: ['a<b>/**'] } } })),
    {
      info: 'https://new.example/move?a=1&b="2"',
    },
  )
  await world.pass(2 * DAY + 2000)
  const { status, headers, body } = await world.ask('/')
  const html = new TextDecoder().decode(body as Uint8Array)
  expect({ status, type: headers['Content-Type'] }).toEqual({ status: 200, type: 'text/html; charset=utf-8' })
  expect(html).toContain('<h1>old.example is now new.example</h1>')
  expect(html).toContain('<time datetime="2026-01-06T00:00:00Z">2026-01-06 00:00 UTC</time>')
  expect(html).toContain('<td data-of="for whom">repository a&#60;b&#62;/**</td>')
  expect(html.match(/<tr class="on">/g)).toHaveLength(2)
  expect(html).not.toMatch(/<script|a<b>/)
  expect((await world.ask('/', { host: 'new.example' })).status).toBe(404)
})

test.each([
  ['old.example', true],
  ['OLD.example:443', true],
  ['old.example.', true],
  ['eu.old.example', true],
  ['new.example', false],
  ['xold.example', false],
  ['old.example.evil', false],
  ['', false],
])('a request for Host %j is one by the old name: %j', async (host, isOld) => {
  await world.open([{ phase: 'refuse', from: at(0) }])
  expect((await world.ask(TAG, { host })).status).toBe(isOld ? 403 : 307)
})

test('the admin service tells how the plan stands', async () => {
  await world.open(ALL)
  await world.pass(DAY + 2000)
  const reply = await world.service.admin({
    ...{ method: 'GET', target: '/legacy', peer: '127.0.0.1' },
    header: (name: string) => (name === 'host' ? '127.0.0.1' : undefined),
  })
  expect(JSON.parse(reply.body as string)).toMatchObject({
    host: 'old.example',
    list: { status: 'complete', checked: '2025-12-31T00:00:00.000Z' },
    phases: [
      { id: 'announce-1', state: 'on', began: expect.any(String) },
      { id: 'warn-1', state: 'planned' },
      { id: 'brownout-1', state: 'planned' },
      { id: 'redirect-1', state: 'planned' },
      { id: 'refuse-1', state: 'planned' },
    ],
  })
})
