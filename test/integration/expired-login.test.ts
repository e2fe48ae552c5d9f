import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createDoorRuntime } from '../../src/adapters/node/door-runtime.ts'
import { loadConfig } from '../../src/config/load.ts'
import { createPortolan } from '../../src/server/compose.ts'
import { makeBlob, makeManifest } from '../support/content.ts'
import { status } from '../support/list-server.ts'
import {
  json,
  type ScriptedRegistry,
  type ScriptedServer,
  startScriptedRegistry,
  startServer,
} from '../support/scripted-registry.ts'
import { makeTempFolder } from '../support/temp.ts'

// A mirror of Amazon ECR, whose network leads to a scripted registry and a scripted API of AWS.

const HOST = '123456789012.dkr.ecr.eu-west-3.amazonaws.com'
const CONFIG = makeBlob('config', 200)
const LAYER = makeBlob('layer', 3_000)
const MANIFEST = makeManifest(CONFIG, LAYER)

let made: AsyncDisposableStack
let aws: ScriptedServer
let registry: ScriptedRegistry
let issued: number
let good: number
let fails: boolean

beforeEach(async () => {
  made = new AsyncDisposableStack()
  issued = 0
  good = 1
  fails = false
  aws = made.use(
    await startServer(() => {
      if (fails) return (_, response) => response.writeHead(400).end('{"__type":"AccessDeniedException"}')
      const authorizationToken = btoa(`AWS:token-${++issued}`)
      return json({ authorizationData: [{ authorizationToken, expiresAt: Date.now() / 1000 + 43_200 }] })
    }),
  )
  const repositories = [{ name: 'app', tags: { v1: MANIFEST }, blobs: [CONFIG, LAYER] }]
  registry = made.use(
    await startScriptedRegistry({
      repositories,
      challenge: ({ headers }) =>
        headers.authorization === `Basic ${btoa(`AWS:token-${good}`)}` ? undefined : 'Basic realm="ecr"',
    }),
  )
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret')
  vi.stubEnv('AWS_ENDPOINT_URL_ECR', aws.origin)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await made.disposeAsync()
})

async function startMirror() {
  const folder = made.use(await makeTempFolder())
  const config = loadConfig({
    version: 1,
    delivery: 'relay',
    cache: { folder: join(folder.path, 'kept'), size: '1GiB' },
    revalidate: { after: '0ms' },
    clients: { public: true },
    upstreams: [{ id: 'ecr', url: `https://${HOST}`, at: 'aws/eu-west-3', credentials: { cloud: 'aws' } }],
  })
  const runtime = createDoorRuntime()
  const mirror = made.use(
    await createPortolan(config, {
      ...runtime,
      fetch: (url, init) => fetch(url.replace(`https://${HOST}`, registry.origin), init),
    }),
  )
  await mirror.tried
  return async (path: string) => {
    const response = await mirror.fetch(new Request(`http://mirror${path}`), { peer: '127.0.0.1' })
    const bytes = Buffer.from(await response.arrayBuffer())
    return { status: response.status, warning: response.headers.get('Warning'), bytes }
  }
}

test('one login is issued for the checks, the manifests and the blobs of a mirror', async () => {
  const ask = await startMirror()
  const replies = await Promise.all([
    ask('/v2/app/manifests/v1'),
    ask(`/v2/app/blobs/${LAYER.digest}`),
    ask(`/v2/app/blobs/${CONFIG.digest}`),
  ])
  expect(replies.map((reply) => reply.status)).toEqual([200, 200, 200])
  expect(replies.map(({ bytes }) => bytes)).toEqual([MANIFEST.bytes, LAYER.bytes, CONFIG.bytes])
  expect(aws.requests.length).toBe(1)
})

test.each([
  ['401', undefined],
  ['403, as Amazon ECR does', status(403)],
])(
  'a login that has expired is issued anew when the registry says %s, and nobody sees it',
  async (_, said) => {
    vi.useFakeTimers({ toFake: ['performance'] })
    try {
      const ask = await startMirror()
      expect((await ask('/v2/app/manifests/v1')).status).toBe(200)
      // It has to be old enough that it may have expired.
      vi.advanceTimersByTime(61_000)
      good = 2
      if (said !== undefined) registry.script('/v2/app/manifests/v1', [said])
      const replies = await Promise.all([ask('/v2/app/manifests/v1'), ask(`/v2/app/blobs/${LAYER.digest}`)])
      expect(replies.map((reply) => [reply.status, reply.warning])).toEqual([
        [200, null],
        [200, null],
      ])
      expect(issued).toBe(2)
    } finally {
      vi.useRealTimers()
    }
  },
)

test('what is kept is given when no login is to be had any more', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  try {
    const ask = await startMirror()
    await ask('/v2/app/manifests/v1')
    await ask(`/v2/app/blobs/${LAYER.digest}`)
    vi.advanceTimersByTime(61_000)
    good = 2
    fails = true
    const asked = aws.requests.length
    for (const _ of [1, 2, 3]) {
      expect(await ask('/v2/app/manifests/v1')).toMatchObject({
        status: 200,
        warning: expect.stringMatching(/^299 /),
      })
      expect((await ask(`/v2/app/blobs/${LAYER.digest}`)).status).toBe(200)
    }
    expect(aws.requests.length).toBe(asked + 1)
    const { status: code, bytes } = await ask('/v2/app/manifests/v2')
    expect([403, 502]).toContain(code)
    expect(bytes.toString()).not.toMatch(/AccessDenied|secret/)
  } finally {
    vi.useRealTimers()
  }
})
