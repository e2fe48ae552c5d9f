import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createApp } from '../../examples/embedding/hono.ts'
import { startServer } from '../../examples/embedding/node-http.ts'
import type { Config } from '../../src/config/config.ts'
import { configOf } from '../support/config.ts'
import { makeBlob, storeContent } from '../support/content.ts'
import { type MisbehavingServer, startMisbehaving } from '../support/misbehaving.ts'
import { exchange } from '../support/raw-http.ts'

const BLOB = makeBlob('blob')

let store: MisbehavingServer
let config: Config

beforeAll(async () => {
  store = await startMisbehaving({ content: storeContent([BLOB]) })
  config = configOf({
    upstreams: [{ id: 'main', url: 'http://127.0.0.1:9', at: 'test/main' }],
    stores: [{ id: 'near', url: store.origin, at: 'test/near' }],
    routing: [{ prefer: ['stores'] }],
  })
})
afterAll(() => store[Symbol.asyncDispose]())

const EXAMPLES = {
  async 'plain node:http'() {
    const server = await startServer(config, 0)
    return { port: (server.address() as AddressInfo).port, end: () => server.close() }
  },
  async 'a Hono app'() {
    const server = serve({ fetch: (await createApp(config)).fetch, port: 0, hostname: '127.0.0.1' })
    await once(server, 'listening')
    return { port: (server.address() as AddressInfo).port, end: () => server.close() }
  },
}

describe.each(Object.entries(EXAMPLES))('a door mounted in %s', (_, start) => {
  let mounted: Awaited<ReturnType<typeof start>>
  beforeAll(async () => {
    mounted = await start()
  })
  afterAll(() => void mounted.end())

  it('leaves the rest of the service as it is', async () => {
    expect((await exchange(mounted.port, { target: '/hello' })).body).toBe('hello')
  })

  it('sends clients to the store that holds a blob, once that was tried', async () => {
    const target = `/v2/app/blobs/${BLOB.digest}`
    await expect
      .poll(async () => (await exchange(mounted.port, { target })).headers.location)
      .toBe(`${store.origin}/containers/images/${BLOB.digest}`)
  })

  it('answers the version check, and refuses what the grammar does not know', async () => {
    expect((await exchange(mounted.port, { target: '/v2/' })).status).toBe(200)
    for (const target of ['/v2/../../x/manifests/y', '/v2/a/%2e%2e/b/manifests/y']) {
      const reply = await exchange(mounted.port, { target })
      expect([reply.status, reply.headers.location]).toEqual([400, undefined])
    }
  })
})
