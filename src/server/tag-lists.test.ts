import { afterEach, beforeEach, expect, it } from 'vitest'
import { makeBlob, makeManifest } from '../../test/support/content.ts'
import { list } from '../../test/support/list-server.ts'
import { type ScriptedRegistry, startScriptedRegistry } from '../../test/support/scripted-registry.ts'
import { createTestRuntime, type TestRuntime } from '../../test/support/test-runtime.ts'
import { loadConfig } from '../config/load.ts'
import { parseAddress } from '../net/address.ts'
import { isFault } from '../oci/errors.ts'
import { type Log, silentLog } from '../telemetry/log.ts'
import { createPortolan, type Portolan } from './compose.ts'

const TAGS = ['v1', 'latest', 'V2', '1.0', '_x']
const SORTED = ['1.0', 'V2', '_x', 'latest', 'v1']
const LIST = '/v2/images/team/app/tags/list'
const LIST_HERE = '/v2/team/app/tags/list'
const CLIENT = parseAddress('192.0.2.1')!

let made: AsyncDisposableStack
let registry: ScriptedRegistry
let runtime: TestRuntime
let portolan: Portolan
/** What the access log says. */
let requests: object[]

beforeEach(async () => {
  made = new AsyncDisposableStack()
  const image = makeManifest(makeBlob('config'))
  const tags = Object.fromEntries(TAGS.map((tag) => [tag, image]))
  registry = made.use(
    await startScriptedRegistry({
      repositories: [{ name: 'images/team/app', tags, blobs: [] }],
      pageSize: 2,
      challenge: ({ path }) => (path.includes('/closed/') ? 'Basic realm="members"' : undefined),
    }),
  )
  requests = []
  const info: Log['info'] = (fields, message) => void (message === 'request' && requests.push(fields))
  runtime = createTestRuntime({ fetch: (url, init) => fetch(url, init), log: { ...silentLog, info } })
  const upstream = { id: 'main', url: registry.origin, prefix: 'images', at: 'gcp/us-central1' }
  portolan = made.use(
    await createPortolan(loadConfig({ version: 1, upstreams: [upstream] }), runtime, { metrics: false }),
  )
  await portolan.tried
})
afterEach(() => made.disposeAsync())

async function ask(target: string, method = 'GET') {
  const reply = await portolan.door({ method, target, peer: '192.0.2.1', header: () => undefined })
  const text = reply.body === undefined ? '' : new TextDecoder().decode(reply.body as Uint8Array)
  return { status: reply.status, headers: reply.headers, text }
}

const listed = () => registry.requests.filter(({ path }) => path.includes('/tags/list')).length

it('answers the whole list of an upstream that pages', async () => {
  const { status, headers, text } = await ask(LIST_HERE)
  expect([status, headers.Link, JSON.parse(text)]).toEqual([
    200,
    undefined,
    { name: 'team/app', tags: SORTED },
  ])
})

it('honours n and last, and leads to the next page at the door, as crane and others ask for it', async () => {
  const pages: string[][] = []
  let target: string | undefined = '/v2/team/app/tags/list?n=2'
  while (target !== undefined) {
    const { headers, text } = await ask(target)
    pages.push(JSON.parse(text).tags)
    target = headers.Link === undefined ? undefined : /^<(\/v2\/[^>]*)>; rel="next"$/.exec(headers.Link)![1]
  }
  expect(pages).toEqual([SORTED.slice(0, 2), SORTED.slice(2, 4), SORTED.slice(4)])
  // Three pages of the upstream, once.
  expect(listed()).toBe(3)
})

it('HEAD has no body', async () => {
  const { status, headers, text } = await ask(LIST_HERE, 'HEAD')
  expect([status, headers['Content-Type'], text]).toEqual([200, 'application/json', ''])
})

it('asks once, however many clients want the same list at one time', async () => {
  await Promise.all(Array.from({ length: 50 }, () => ask(LIST_HERE)))
  expect(listed()).toBe(3)
})

it('asks anew after half a minute', async () => {
  await ask(LIST_HERE)
  registry.script(LIST, list('{"name":"images/team/app","tags":["v3"]}'))
  runtime.advance(29_000)
  expect(JSON.parse((await ask(LIST_HERE)).text).tags).toEqual(SORTED)
  runtime.advance(1_000)
  expect(JSON.parse((await ask(LIST_HERE)).text).tags).toEqual(['v3'])
})

it('an explanation that asks nobody says so, until the door remembers the list', async () => {
  const explained = async (ask: boolean) => {
    const explanation = await portolan.explain({ method: 'GET', target: LIST_HERE, from: CLIENT, ask })
    return isFault(explanation) ? explanation : explanation.decision
  }
  const sent = { kind: 'redirect', backend: 'main', location: `${registry.origin}${LIST}`, tags: 'not-asked' }
  expect(await explained(false)).toMatchObject(sent)
  expect(listed()).toBe(0)
  const answered = { kind: 'answer', reason: 'nearest-upstream', backend: 'main' }
  expect(await explained(true)).toEqual(answered)
  expect(await explained(false)).toEqual(answered)
  registry.script(LIST, list('<html>'))
  runtime.advance(30_000)
  expect(await explained(true)).toMatchObject({ ...sent, tags: 'not-had' })
})

it('the access log says that the door answered', async () => {
  await ask(LIST_HERE)
  expect(requests).toMatchObject([{ status: 200, decision: 'answer', backend: 'main' }])
})

it.each<[string, string, () => void]>([
  ['knows no such repository', 'team/other', () => {}],
  ['wants to know who asks', 'closed/app', () => {}],
  ['answers something else', 'team/app', () => registry.script(LIST, list('<html>'))],
  [
    'gives its first page for ever',
    'team/app',
    () =>
      registry.script(LIST, (_, response) =>
        response
          .writeHead(200, { Link: `<${LIST}?n=1&last=a&x=${Math.random()}>; rel="next"` })
          .end('{"tags":["a"]}'),
      ),
  ],
  [
    'has more tags than the door remembers',
    'team/app',
    () =>
      registry.script(
        LIST,
        list(JSON.stringify({ tags: Array.from({ length: 50_001 }, (_, n) => `t${n}`) })),
      ),
  ],
])('sends the client to an upstream that %s', async (_, name, spoil) => {
  spoil()
  const { status, headers } = await ask(`/v2/${name}/tags/list?n=3`)
  expect([status, headers.Location]).toEqual([307, `${registry.origin}/v2/images/${name}/tags/list?n=3`])
})
