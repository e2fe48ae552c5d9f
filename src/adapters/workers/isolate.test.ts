import { beforeEach, describe, expect, it } from 'vitest'
import { createMemoryKv, type MemoryKv } from '../../../test/support/memory-kv.ts'
import { createTestClock, type TestClock } from '../../../test/support/test-clock.ts'
import { Isolate, type IsolateOptions } from './isolate.ts'

const configOf = (upstream: string) =>
  JSON.stringify({
    version: 1,
    debug: true,
    upstreams: [{ id: 'main', url: `https://${upstream}`, at: 'gcp/us-central1' }],
  })
const TARGET = '/v2/app/manifests/latest'

let clock: TestClock
let kv: MemoryKv
let lines: { readonly msg: string; readonly faults?: readonly string[] }[]
let works: Promise<unknown>[]
let requests: string[]
/** What upstreams answer. */
let answer: (url: string) => Promise<Response>

beforeEach(() => {
  clock = createTestClock()
  kv = createMemoryKv()
  lines = []
  works = []
  requests = []
  answer = async () => new Response('{}')
})

function begin(options: Partial<IsolateOptions> = {}): Isolate {
  return new Isolate(
    { waitUntil: (work) => works.push(work), ...options },
    {
      clock,
      fetch: (url) => {
        requests.push(url)
        return answer(url)
      },
      cache: () => undefined,
      print: (line) => lines.push(JSON.parse(line)),
    },
  )
}

async function settled(): Promise<void> {
  for (let before = -1; before < works.length; ) {
    before = works.length
    await Promise.all(works)
  }
}

/** Where a request is sent, or its status. */
async function ask(isolate: Isolate, request: { cf?: object; headers?: Record<string, string> } = {}) {
  const made = new Request(`https://door.test${TARGET}`, { headers: request.headers ?? {} })
  const reply = await isolate.answer(Object.assign(made, { cf: request.cf }))
  await settled()
  const location = reply.headers.get('location')
  return location === null ? reply.status : new URL(location).host
}

const errors = () => lines.filter(({ faults }) => faults !== undefined)

describe('its config', () => {
  it('is the one in KV, or else the one that comes with the worker', async () => {
    const isolate = begin({ kv, config: configOf('bundled.test') })
    expect(await ask(isolate)).toBe('bundled.test')
    kv.values.set('portolan.yaml', configOf('kv.test'))
    expect(await ask(begin({ kv, config: configOf('bundled.test') }))).toBe('kv.test')
  })

  it('is looked for again after a minute, by the request after which it is then in force', async () => {
    kv.values.set('portolan.yaml', configOf('one.test'))
    const isolate = begin({ kv })
    await ask(isolate)
    kv.values.set('portolan.yaml', configOf('two.test'))
    clock.advance(59_999)
    expect([await ask(isolate), await ask(isolate)]).toEqual(['one.test', 'one.test'])
    clock.advance(1)
    expect([await ask(isolate), await ask(isolate)]).toEqual(['one.test', 'two.test'])
  })

  it.each([
    ['is bad', () => kv.values.set('portolan.yaml', '{ version: 1, upstreams: [] }')],
    ['is gone', () => kv.values.delete('portolan.yaml')],
    ['cannot be had', () => kv.fail()],
    ['never comes', () => kv.hang()],
  ])('stays in force when the one in KV %s, which is said once', async (_, spoil) => {
    kv.values.set('portolan.yaml', configOf('one.test'))
    const isolate = begin({ kv })
    await ask(isolate)
    spoil()
    for (let minutes = 0; minutes < 5; minutes++) {
      clock.advance(60_000)
      const asked = ask(isolate)
      await new Promise(setImmediate)
      clock.advance(3000)
      expect(await asked).toBe('one.test')
    }
    expect(errors().map(({ msg }) => msg)).toEqual(['the config was not reloaded: what was in force stays'])
  })

  it('is, for an isolate that begins while KV has a bad one, the last good one', async () => {
    kv.values.set('portolan.yaml', configOf('one.test'))
    await begin({ kv }).check()
    kv.values.set('portolan.yaml', 'version: 7')
    expect(await ask(begin({ kv, config: configOf('bundled.test') }))).toBe('one.test')
    kv.values.delete('portolan/config/good')
    expect(await ask(begin({ kv, config: configOf('bundled.test') }))).toBe('bundled.test')
  })

  it('is asked for by nobody for five seconds when there is none, and clients are told to come back', async () => {
    const isolate = begin({ kv })
    expect(await ask(isolate)).toBe(503)
    const asked = kv.asked.length
    expect(await ask(isolate)).toBe(503)
    expect(kv.asked.length).toBe(asked)
    kv.values.set('portolan.yaml', configOf('one.test'))
    clock.advance(5000)
    expect(await ask(isolate)).toBe('one.test')
  })

  it.each<[string, object, boolean, string]>([
    [
      'a layout',
      { upstreams: [{ id: 'main', layout: '/x', at: 'gcp/us-central1' }] },
      true,
      'layout of the upstream main',
    ],
    ['clouds.refresh', { clouds: { snapshot: 'r', refresh: '1h' } }, true, 'clouds.refresh needs a disk'],
    ['ca', { ca: ['/etc/ca.pem'] }, true, 'ca needs a disk'],
    ['clouds.snapshot without KV', { clouds: { snapshot: 'r' } }, false, 'was given no KV namespace'],
    ['clouds.snapshot that is not in KV', { clouds: { snapshot: 'r' } }, true, '/r'],
  ])('is refused where it asks for what a worker has not: %s', async (_, parts, hasKv, fault) => {
    const config = JSON.stringify({ ...JSON.parse(configOf('one.test')), ...parts })
    expect(await ask(begin({ config, ...(hasKv && { kv }) }))).toBe(503)
    expect(errors()[0]!.faults!.join()).toContain(fault)
  })

  it('reads what the worker is given as variables, and only text', async () => {
    const config = configOf(`\${HOST}`)
    expect(await ask(begin({ config, environment: { HOST: 'named.test', KV: {} } }))).toBe('named.test')
    expect(await ask(begin({ config, environment: { HOST: 7 } }))).toBe(503)
    expect(errors()[0]!.faults!.join()).toContain('HOST')
  })
})

describe('its backends', () => {
  const config = configOf('main.test')

  it('are checked by the requests that come when it is time to', async () => {
    const isolate = begin({ config })
    await ask(isolate)
    const first = requests.length
    expect(first).toBeGreaterThan(0)
    await ask(isolate)
    expect(requests.length).toBe(first)
    clock.advance(20_000)
    await settled()
    expect(requests.length).toBeGreaterThan(first)
  })

  it('are checked by nobody while the scheduled checks of another isolate say how they are', async () => {
    await begin({ config, kv }).check()
    requests.length = 0
    const isolate = begin({ config, kv })
    expect(await ask(isolate)).toBe('main.test')
    for (let n = 0; n < 10; n++) {
      clock.advance(60_000)
      await ask(isolate)
    }
    expect(requests).toEqual([])
  })
})

it('takes out no backend since the platform lets nothing more be asked, and says that once a minute', async () => {
  const isolate = begin({ config: configOf('main.test') })
  await ask(isolate)
  answer = async () => {
    throw new Error('Too many subrequests.')
  }
  for (let n = 0; n < 10; n++) {
    clock.advance(20_000)
    await ask(isolate)
  }
  const said = lines.map(({ msg }) => msg)
  expect(said).not.toContain('a backend left traffic')
  const limit = 'there are more backends than this worker may ask in one go'
  expect(said.filter((message) => message === limit).length).toBe(4)
})

it('a client is where Cloudflare says, and has the address that it says', async () => {
  const isolate = begin({ config: configOf('main.test'), accessLog: true })
  const headers = { 'CF-Connecting-IP': '198.51.100.7', 'X-Forwarded-For': '203.0.113.9' }
  await ask(isolate, { cf: { country: 'FR', asn: 3215 }, headers })
  const [line] = lines.filter(({ msg }) => msg === 'request')
  expect(line).toMatchObject({ client: 'country/FR', knownBy: 'country', address: '198.51.100.0/24' })
})

it('a client is nowhere without word from Cloudflare: the header is whatever somebody wrote then', async () => {
  const isolate = begin({ config: configOf('main.test'), accessLog: true })
  await ask(isolate, { headers: { 'CF-Connecting-IP': '198.51.100.7' } })
  const [line] = lines.filter(({ msg }) => msg === 'request')
  expect(line).toMatchObject({ client: 'unknown' })
  expect(line).not.toHaveProperty('address')
})

it('says nothing of requests unless it is told to', async () => {
  await ask(begin({ config: configOf('main.test') }))
  expect(lines.filter(({ msg }) => msg === 'request')).toEqual([])
})

it('waits at its start no longer than a request may wait for backends', async () => {
  answer = () => new Promise(() => {})
  const isolate = begin({ config: configOf('main.test') })
  const reply = isolate.answer(new Request(`https://door.test${TARGET}`))
  const waiting = setInterval(() => clock.advance(10), 1)
  expect((await reply).status).toBe(307)
  clearInterval(waiting)
})

it('is begun once more when its first request takes too long to make it, and then is one', async () => {
  kv.values.set('portolan.yaml', configOf('kv.test'))
  kv.hang()
  const isolate = begin({ kv, config: configOf('bundled.test') })
  const first = isolate.answer(new Request(`https://door.test${TARGET}`))
  await new Promise(setImmediate)
  // KV is waited for twice: for the config, and for the last good one.
  clock.advance(3000)
  await new Promise(setImmediate)
  clock.advance(2500)
  await new Promise(setImmediate)
  kv.recover()
  const second = await isolate.answer(new Request(`https://door.test${TARGET}`))
  expect(second.headers.get('location')).toContain('kv.test')
  clock.advance(3000)
  await settled()
  expect([(await first).status, await ask(isolate)]).toEqual([503, 'kv.test'])
  const asked = requests.length
  clock.advance(20_000)
  await settled()
  expect(requests.length).toBe(asked + 1)
})

it('begins anew when work was lost with its request, instead of waiting for it for ever', async () => {
  const isolate = begin({ config: configOf('main.test') })
  // Nothing ends it: it does not hear that it is called off.
  answer = () => new Promise(() => {})
  const first = isolate.answer(new Request(`https://door.test${TARGET}`))
  for (let n = 0; n < 10; n++) {
    await new Promise(setImmediate)
    clock.advance(100)
  }
  expect((await first).status).toBe(307)
  works.length = 0
  answer = async () => new Response('{}')
  clock.advance(118_000)
  await ask(isolate)
  expect(requests.length).toBe(1)
  clock.advance(2_000)
  expect(await ask(isolate)).toBe('main.test')
  expect(requests.length).toBe(2)
  expect(lines.map(({ msg }) => msg)).toContain(
    'work in the background was lost with its request: this isolate begins anew',
  )
})
