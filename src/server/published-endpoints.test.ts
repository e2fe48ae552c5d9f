import { expect, it } from 'vitest'
import { makeKey } from '../../test/support/inventory.ts'
import { legacyFiles } from '../../test/support/legacy-files.ts'
import { withTurns } from '../../test/support/test-clock.ts'
import { createTestRuntime } from '../../test/support/test-runtime.ts'
import { importPrivateKey, signBytes } from '../backends/ownership/ownership-key.ts'
import { loadConfig } from '../config/load.ts'
import { daysAfter } from '../endpoints/day.ts'
import { draftStatement } from '../endpoints/draft.ts'
import { type EndpointsStatement, formatStatement } from '../endpoints/statement.ts'
import { isFault } from '../oci/errors.ts'
import { silentLog } from '../telemetry/log.ts'
import { createPortolan } from './compose.ts'

const KEY = makeKey()
const MAIN = 'https://main.example'
/** Of the test clock. */
const TODAY = '2026-01-01'
const DAY = 86_400_000
const DIGEST = `sha256:${'a'.repeat(64)}`

const publishedHost = (host: string) => ({ host, port: 443, why: [] })
const FIRST = draftStatement({
  ...{ registry: 'registry.example', today: TODAY, notice: 3 },
  hosts: ['registry.example', 'main.example', 'old.example'].map(publishedHost),
})
const SECOND = draftStatement({
  ...{ registry: 'registry.example', today: TODAY, notice: 3, previous: FIRST },
  hosts: ['registry.example', 'main.example', 'new.example'].map(publishedHost),
})

const CONFIG = loadConfig({
  ...{ version: 1, admin: 'off', endpoints: { file: '/e.json', publicKey: KEY.publicKey } },
  upstreams: [{ id: 'main', url: MAIN, at: 'test/main' }],
  stores: ['new', 'old'].map((id) => ({ id, url: `https://${id}.example`, at: 'test/near' })),
  routing: [{ prefer: ['stores'] }],
})

async function filesOf(statement: EndpointsStatement | string, key = KEY) {
  const text = typeof statement === 'string' ? statement : formatStatement(statement)
  const signature = await signBytes(
    new TextEncoder().encode(text),
    await importPrivateKey(key.privatePem, 'k'),
  )
  return new Map([
    ['/e.json', text],
    ['/e.json.sig', `${signature}\n`],
  ])
}

function runtimeWith(files: Map<string, string>) {
  return createTestRuntime({
    readText: async (file: string) => {
      const text = files.get(file)
      if (text === undefined) throw new Error('no such file')
      return text
    },
  } as object)
}

it('nobody is sent from an old name to a new one before the day from which that is published', async () => {
  const list = {
    ...{
      version: 1,
      host: 'past.example',
      listedFrom: 'x',
      listed: `${TODAY}T00:00:00Z`,
      successor: 'new.example',
    },
    ...{ checked: `${TODAY}T00:00:00Z`, findings: [], repositories: { app: { tags: {} } } },
    counts: {
      ...{ repositories: 1, tags: 0, manifests: 0, blobs: 0, referrers: 0 },
      ...{ missing: 0, different: 0, unknown: 0, excepted: 0 },
    },
  }
  const phases = [{ phase: 'redirect', from: `${TODAY}T00:00:00Z` }]
  const config = loadConfig({
    ...{ version: 1, admin: 'off', endpoints: { file: '/e.json', publicKey: KEY.publicKey } },
    upstreams: [{ id: 'main', url: MAIN, at: 'test/main' }],
    legacy: {
      ...{
        host: 'past.example',
        successor: 'new.example',
        frozen: TODAY,
        list: '/list',
        off: '/off',
        phases,
      },
    },
  })
  const clock = withTurns(runtimeWith(await filesOf(SECOND)))
  const runtime = {
    ...clock,
    legacy: legacyFiles(new Map([['/list', JSON.stringify(list)]])),
  }
  await using service = await createPortolan(config, runtime, { offline: true })
  const seen: string[] = []
  for (let day = 0; day < 5; day++) {
    const reply = await service.door({
      ...{ method: 'GET', target: `/v2/app/blobs/${DIGEST}`, peer: '198.51.100.7' },
      header: (name: string) => (name === 'host' ? 'past.example' : undefined),
    })
    seen.push(`${daysAfter(TODAY, day)}: ${new URL(reply.headers.Location!).host}`)
    clock.advance(DAY)
    // The look of the last second is over a turn later.
    await new Promise((resolve) => setTimeout(resolve, 5))
    clock.advance(1000)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  expect(seen).toEqual([
    '2026-01-01: main.example',
    '2026-01-02: main.example',
    '2026-01-03: main.example',
    '2026-01-04: new.example',
    '2026-01-05: new.example',
  ])
})

/** The stores among which a pull is decided, by their order. */
async function storesInTraffic(service: Awaited<ReturnType<typeof createPortolan>>) {
  const explained = await service.explain({
    ...{ method: 'GET', target: `/v2/app/blobs/${DIGEST}`, from: { place: 'test/near' }, ask: false },
  })
  if (isFault(explained)) throw new Error(explained.message)
  return explained.candidates.map(({ backend }) => backend)
}

it('a store gets clients from its published day to its last one, and not before or after', async () => {
  const runtime = runtimeWith(await filesOf(SECOND))
  await using service = await createPortolan(CONFIG, runtime, { offline: true })
  const seen: string[] = []
  for (let day = 0; day < 6; day++) {
    seen.push(`${daysAfter(TODAY, day)}: ${await storesInTraffic(service)}`)
    runtime.advance(DAY)
  }
  expect(seen).toEqual([
    '2026-01-01: old,main',
    '2026-01-02: old,main',
    '2026-01-03: old,main',
    '2026-01-04: new,old,main',
    '2026-01-05: new,main',
    '2026-01-06: new,main',
  ])
})

it('goes on with the canonical upstream past its last day, and takes no other config then', async () => {
  const ending = { ...SECOND, endpoints: SECOND.endpoints.map((each) => ({ ...each, until: '2026-01-04' })) }
  const runtime = runtimeWith(await filesOf(ending))
  await using service = await createPortolan(CONFIG, runtime, { offline: true })
  runtime.advance(6 * DAY)
  expect(await storesInTraffic(service)).toEqual(['main'])
  await expect(service.reload(CONFIG)).rejects.toThrow('main, was published for clients until 2026-01-04')
})

it('explains which stores get no clients, and until when', async () => {
  const runtime = runtimeWith(await filesOf(SECOND))
  await using service = await createPortolan(CONFIG, runtime, { offline: true })
  const target = `/v2/app/blobs/${DIGEST}`
  const explained = await service.explain({ method: 'GET', target, from: { place: 'test/near' }, ask: false })
  expect(explained).toMatchObject({
    closed: [{ backend: 'new', why: 'its host is published for clients from 2026-01-04 on' }],
  })
})

it('is warned of each backend that gets no clients', async () => {
  const warned: unknown[] = []
  const log = { ...silentLog, warn: (fields: unknown) => warned.push(fields) }
  const runtime = { ...runtimeWith(await filesOf(SECOND)), log }
  await using _ = await createPortolan(CONFIG, runtime)
  expect(warned).toContainEqual({
    path: 'stores[0].url',
    problem: 'gets no clients, since its host is published for clients from 2026-01-04 on',
  })
})

const OTHER = makeKey()
it.each<[what: string, files: () => Promise<Map<string, string>>, why: RegExp]>([
  ['no file', async () => new Map(), /\/e\.json cannot be read: no such file/],
  ['no signature', async () => new Map([['/e.json', '{}']]), /\/e\.json\.sig cannot be read/],
  ['the signature of another key', () => filesOf(FIRST, OTHER), /not what \/e\.json\.sig signs/],
  [
    'an altered statement',
    async () => new Map([...(await filesOf(FIRST)), ['/e.json', formatStatement(SECOND)]]),
    /not what \/e\.json\.sig signs/,
  ],
  [
    'a signature that is none',
    async () => new Map([...(await filesOf(FIRST)), ['/e.json.sig', '?']]),
    /signs/,
  ],
  ['a signed text that is no statement', () => filesOf('{}'), /version/],
  [
    'a statement without the canonical upstream',
    () => filesOf({ ...FIRST, endpoints: FIRST.endpoints.slice(0, 1) }),
    /no pull would work: https:\/\/main\.example, the canonical upstream main, is not among/,
  ],
])('%s is refused', async (_, files, why) => {
  await expect(createPortolan(CONFIG, runtimeWith(await files()))).rejects.toThrow(why)
})

it('a reload takes no older statement, and what is in force stays', async () => {
  const files = await filesOf(SECOND)
  await using service = await createPortolan(CONFIG, runtimeWith(files), { offline: true })
  for (const [file, text] of await filesOf(FIRST)) files.set(file, text)
  await expect(service.reload(CONFIG)).rejects.toThrow(
    'has serial 1, which is older than 2, the one in force',
  )
  expect(await storesInTraffic(service)).toEqual(['old', 'main'])
})
