import { createHash, randomBytes } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { INVENTED_DIGEST } from '../../../src/backends/health/check-store.ts'
import { makeBlob, storeContent, type TestBlob } from '../../support/content.ts'
import { startMisbehaving } from '../../support/misbehaving.ts'
import { type Portolan, type RuntimeName, startPortolan } from '../../support/portolan.ts'
import { exchange } from '../../support/raw-http.ts'
import { startScriptedStore } from '../../support/scripted-store.ts'
import { until } from '../../support/until.ts'

const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const ATTACKER = '198.51.100.7'
const NEIGHBOUR = '198.51.100.8'
const HONEST = '35.180.1.1'
/** What one network may have asked at once, and more. */
const INVENTED = 100

/** What any client can do to the others of a door, with requests that are well formed. */
export function describeHostileClients(runtime: RuntimeName): void {
  describe(`a door on ${runtime} with a client that invents digests`, () => {
    it('sends the first request of anybody else to the store, though all the invented ones end at one moment', async () => {
      const held = [HONEST, NEIGHBOUR].map((client) => [client, digestOf(Buffer.from(client))] as const)
      await using store = await startHoldingStore(held.map(([, digest]) => digest))
      await using upstream = await startScriptedStore(() => 200)
      await using door = await startDoor(runtime, store.origin, upstream.origin, {
        // Those that are held back are to be late by our will alone.
        presence: { timeout: '20s' },
        health: { timeout: '20s' },
      })
      // Somebody else is there, too.
      await locationOf(door, digestOf(randomBytes(16)), '35.180.9.9')
      store.hold()
      const invented = Array.from({ length: INVENTED }, () =>
        locationOf(door, digestOf(randomBytes(16)), ATTACKER),
      )
      await until('the store to be asked', () => store.held() > 0)
      await until(
        'the others to be refused',
        async () => (await near(door)).presence.running === store.held(),
      )
      const asked = store.held()
      store.release()
      expect(new Set(await Promise.all(invented))).not.toContain(undefined)
      expect(asked).toBeLessThan(INVENTED)
      for (const [client, digest] of held) {
        expect(await locationOf(door, digest, client)).toBe(`${store.origin}/${digest}`)
      }
    })
  })

  describe(`a door on ${runtime} whose store has one spoilt blob among others`, () => {
    it('keeps the store in traffic for the others, however often a client has the spoilt one asked for', async () => {
      const [spoilt, ...others] = ['spoilt', 'one', 'two'].map((label) => makeBlob(label, 512))
      await using store = await startMisbehaving({ content: storeContent([spoilt!, ...others]) })
      await store.misbehave('wrong bytes', spoilt!.digest)
      await using upstream = await startScriptedStore(() => 200)
      await using door = await startDoor(runtime, `${store.origin}/containers/images`, upstream.origin, {
        health: { interval: '1s', timeout: '30s', failures: 1 },
        presence: { timeout: '20s' },
      })
      const tries = ({ digest }: TestBlob) =>
        store.requests.filter(({ method, path }) => method === 'GET' && path.endsWith(digest)).length
      const at = ({ digest }: TestBlob) => `${store.origin}/containers/images/${digest}`
      expect(await locationOf(door, spoilt!.digest, ATTACKER)).toBe(at(spoilt!))
      await until('the store to be tried by it', () => tries(spoilt!) > 0, 20_000)
      for (const other of others) expect(await locationOf(door, other.digest, HONEST)).toBe(at(other))
      await until('it to be tried by another', () => others.some((other) => tries(other) > 1), 20_000)
      for (const other of others) expect(await locationOf(door, other.digest, HONEST)).toBe(at(other))
      expect((await near(door)).health.history).not.toContainEqual(expect.objectContaining({ to: 'ejected' }))
    })
  })
}

interface Listed {
  readonly id: string
  readonly health: { readonly history: readonly object[] }
  readonly presence: { readonly running: number }
}

function startDoor(runtime: RuntimeName, store: string, upstream: string, parts: object): Promise<Portolan> {
  return startPortolan(
    {
      log: { access: false },
      upstreams: [{ id: 'main', url: upstream, at: 'test/main' }],
      stores: [{ id: 'near', url: store, blobs: '{digest}', at: 'test/near' }],
      routing: [{ prefer: ['stores'] }],
      clients: { trustedProxies: ['127.0.0.0/8'] },
      ...parts,
    },
    runtime,
  )
}

async function locationOf({ port }: Portolan, digest: string, client: string): Promise<string | undefined> {
  const target = `/v2/app/blobs/${digest}`
  return (await exchange(port, { target, headers: { 'X-Forwarded-For': client } })).headers.location
}

/** What the admin service says of the store. */
async function near({ adminPort }: Portolan): Promise<Listed> {
  const { backends } = JSON.parse((await exchange(adminPort, { target: '/backends' })).body)
  return backends.find(({ id }: Listed) => id === 'near')
}

/** A store that holds some digests, and keeps the answer about others back until it is told. */
async function startHoldingStore(digests: readonly string[]) {
  const held: ServerResponse[] = []
  let holds = false
  const server = createServer((request, response) => {
    const digest = request.url!.slice(1)
    if (digests.includes(digest)) response.writeHead(200, { 'Content-Length': '20000000' }).end()
    else if (holds && digest !== INVENTED_DIGEST) held.push(response)
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    held: () => held.length,
    hold: () => {
      holds = true
    },
    release: () => {
      holds = false
      for (const response of held) response.writeHead(404).end()
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
