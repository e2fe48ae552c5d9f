import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createNodeRuntime } from '../../../src/adapters/node/runtime.ts'
import { createClientAddress } from '../../../src/net/client-address.ts'
import { parsePrefix } from '../../../src/net/prefix.ts'
import { isFault } from '../../../src/oci/errors.ts'
import { createPortolan, type Portolan } from '../../../src/server/compose.ts'
import { silentLog } from '../../../src/telemetry/log.ts'
import { configOf } from '../../support/config.ts'
import { DIGEST, type DoorCase, doorCases, ORIGIN, REPAIRED_BY_URLS, TRICKS } from './cases.ts'
import { doorConfig, script, scriptUpstream } from './world.ts'

let portolan: Portolan

beforeAll(async () => {
  const runtime = createNodeRuntime({ log: silentLog, userAgent: 'portolan/test' })
  portolan = await createPortolan(configOf(doorConfig(ORIGIN)), { ...runtime, fetch: answer })
  await portolan.tried
})
afterAll(() => portolan[Symbol.asyncDispose]())

/** The store and the upstreams of the table, without sockets. */
async function answer(url: string, { headers, signal }: RequestInit): Promise<Response> {
  const { origin, pathname } = new URL(url)
  const range = /=(\d+)-(\d+)$/.exec(new Headers(headers).get('range') ?? '')
  if (range !== null) return partOf(Number(range[1]), Number(range[2]))
  const answer = origin === ORIGIN.store ? script(pathname) : scriptUpstream(pathname)
  if (typeof answer === 'number') return new Response(null, { status: answer })
  if (answer !== 'silent') return new Response(answer, { headers: { 'Content-Type': 'application/json' } })
  return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
}

/** More than is fetched whole when a client comes back for it. */
const BLOB_BYTES = 20_000_000

function partOf(start: number, end: number): Response {
  const last = Math.min(end, BLOB_BYTES - 1)
  return new Response(new Uint8Array(last - start + 1), {
    status: 206,
    headers: { 'Content-Range': `bytes ${start}-${last}/${BLOB_BYTES}` },
  })
}

const WEB_METHODS_ONLY = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/

async function ask(row: Pick<DoorCase, 'method' | 'target' | 'headers'>, raw: boolean): Promise<Response> {
  const { method = 'GET', target, headers } = row
  const url = raw ? 'http://door.test/' : `http://door.test${target}`
  const request = new Request(url, { method, headers: { ...headers } })
  return await portolan.fetch(request, { peer: '127.0.0.1', ...(raw && { rawTarget: target }) })
}

async function expectRow(reply: Response, row: DoorCase): Promise<void> {
  expect(reply.status).toBe(row.status)
  expect(reply.headers.get('location') ?? undefined).toBe(row.location)
  for (const [name, value] of Object.entries(row.alsoHeaders ?? {}))
    expect(reply.headers.get(name)).toBe(value)
  if (row.code !== undefined) {
    expect(await reply.json()).toEqual({ errors: [expect.objectContaining({ code: row.code })] })
  }
}

describe('a door in another service that passes the raw target on', () => {
  it.each(doorCases())('answers $title', async (row) => {
    expect(row.method ?? 'GET').toMatch(WEB_METHODS_ONLY)
    await expectRow(await ask(row, true), row)
  })

  it.each(TRICKS)('refuses %j', async (target) => {
    const reply = await ask({ target }, true)
    expect(reply.status).toBeGreaterThanOrEqual(400)
    expect(reply.headers.get('location')).toBeNull()
  })
})

/** By the target, as what a door reads it that sees a URL. */
const repaired = new Map(REPAIRED_BY_URLS.map(({ target, readAs }) => [target, readAs]))

describe('a door in another service that passes on what a URL is', () => {
  it.each(doorCases())('answers $title', async (row) => expectRow(await ask(row, false), row))

  it.each(TRICKS.filter((target) => target.startsWith('/') && !target.startsWith('//')))(
    'stays below the configured prefixes for %j',
    async (target) => {
      const reply = await ask({ target }, false)
      const location = reply.headers.get('location')
      const readAs = repaired.get(target)
      if (readAs === undefined) {
        expect([location, reply.status >= 400]).toEqual([null, true])
        return
      }
      const plain = await ask({ target: readAs }, true)
      expect([reply.status, location]).toEqual([plain.status, plain.headers.get('location')])
    },
  )
})

describe('an explanation says what the door does', () => {
  const clientAddress = createClientAddress({
    trustedProxies: [parsePrefix('127.0.0.0/8')],
    header: 'x-forwarded-for',
  })
  /** Whom the door takes for the client; one that is not known is as good as one in no list. */
  const clientOf = ({ headers = {} }: DoorCase) =>
    clientAddress('127.0.0.1', (name) =>
      name === 'x-forwarded-for' ? headers['X-Forwarded-For'] : undefined,
    ).address ?? { family: 4, word0: 0, word1: 0, word2: 0xffff, word3: 0xc0000201 }

  it.each(doorCases().filter(({ method = 'GET' }) => method === 'GET' || method === 'HEAD'))(
    '$title',
    async (row) => {
      const { method = 'GET', target } = row
      const from = clientOf(row)
      const reply = await ask(row, true)
      const told = await portolan.explain({
        method: method as 'GET' | 'HEAD',
        target,
        from: from as never,
        ask: true,
      })
      if (isFault(told)) {
        expect(reply.headers.get('location')?.startsWith('https://info.test/') ?? true).toBe(true)
        if (reply.status >= 400) expect(await reply.json()).toMatchObject({ errors: [{ code: told.code }] })
        return
      }
      expect(told.decision.location).toBe(reply.headers.get('location') ?? undefined)
      expect({ redirect: 307, answer: 200, refuse: 404, relay: 0 }[told.decision.kind]).toBe(reply.status)
    },
  )
})

it('a client whose place the runtime knows is sent by that', async () => {
  const request = new Request(`http://door.test/v2/pause/blobs/${DIGEST.present}`)
  const reply = await portolan.fetch(request, { peer: '192.0.2.1', place: 'aws/eu-west-3' })
  expect(reply.headers.get('location')).toBe(`${ORIGIN.store}/blobs/${DIGEST.present}`)
})
