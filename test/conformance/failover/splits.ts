import { readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseAddress } from '../../../src/net/address.ts'
import { compileRouting } from '../../../src/routing/compile-routing.ts'
import { pullKey } from '../../../src/routing/draw.ts'
import { drawPolicy } from '../../../src/routing/policy.ts'
import { compileSplit, drawSplit } from '../../../src/routing/split.ts'
import { makeBlob, registryContent, storeContent } from '../../support/content.ts'
import { parseExposition } from '../../support/exposition.ts'
import { type MisbehavingServer, startMisbehaving } from '../../support/misbehaving.ts'
import { type Portolan, type RuntimeName, startPortolan } from '../../support/portolan.ts'
import { exchange } from '../../support/raw-http.ts'
import { until } from '../../support/until.ts'

const NAME = 'team/app'
/** One for each time that all clients come, since who comes back for the same is moved. */
const BLOBS = ['first', 'second', 'counted', 'while one is down', 'afterwards', 'without policies'].map(
  (label) => makeBlob(label),
)
const WEIGHTS = { one: 60, two: 30, three: 10 }
const CANARY = { id: 'canary', share: '20 %', routing: [{ prefer: ['canonical'] }] }
/** Neighbours, a network of IPv6 among them. */
const CLIENTS = Array.from({ length: 300 }, (_, index) =>
  index % 3 === 0 ? `2001:db8:0:${index.toString(16)}::1` : `10.0.${index >> 7}.${index & 127}`,
)

const split = compileSplit(WEIGHTS)
const { policies } = compileRouting({ routing: [], policies: [{ ...CANARY, share: 0.2, routing: [] }] })
const isCanary = (client: string) => drawPolicy(policies, parseAddress(client)) !== undefined

/** Whom a client gets, by the same code in this process: the first of its order that is not down. */
function drawnBy(client: string, down?: string): string {
  const order = drawSplit(split, pullKey(parseAddress(client), NAME)).map(({ selector }) => selector.text)
  return order.find((id) => id !== down)!
}

/** How a door splits clients between stores, and tries a policy with some; the same on every runtime. */
export function describeSplits(runtime: RuntimeName): void {
  describe(`clients that are split, on ${runtime}`, () => {
    const made = new AsyncDisposableStack()
    const servers = new Map<string, MisbehavingServer>()
    let door: Portolan

    beforeAll(async () => {
      const image = { name: NAME, tags: {}, blobs: BLOBS }
      servers.set('canonical', made.use(await startMisbehaving({ content: registryContent(image) })))
      for (const id of Object.keys(WEIGHTS))
        servers.set(id, made.use(await startMisbehaving({ content: storeContent(BLOBS) })))
      door = made.use(
        await startPortolan(
          {
            upstreams: [{ id: 'canonical', url: servers.get('canonical')!.origin, at: 'test/far' }],
            stores: Object.keys(WEIGHTS).map((id) => {
              return { id, url: servers.get(id)!.origin, at: `test/${id}`, canary: BLOBS[0]!.digest }
            }),
            routing: [{ prefer: [{ split: WEIGHTS }] }],
            policies: [CANARY],
            clients: { trustedProxies: ['127.0.0.0/8'] },
            health: { interval: '1s', failures: 1, successes: 1 },
            // This is not about who answers in time.
            presence: { timeout: '30s' },
          },
          runtime,
        ),
      )
    }, 60_000)
    afterAll(() => made.disposeAsync())

    /** Where each client is sent for a blob, by the ids of the config. */
    async function sentTo(blob: number): Promise<Map<string, string>> {
      const sent = new Map<string, string>()
      for (const client of CLIENTS) {
        const { status, headers } = await exchange(door.port, {
          target: `/v2/${NAME}/blobs/${BLOBS[blob]!.digest}`,
          headers: { 'X-Forwarded-For': client },
        })
        expect(status).toBe(307)
        const { origin } = new URL(headers.location!)
        sent.set(client, [...servers].find(([, server]) => server.origin === origin)![0])
      }
      return sent
    }

    async function metrics() {
      return parseExposition(await (await fetch(`http://127.0.0.1:${door.adminPort}/metrics`)).text())
    }

    const expected = (down?: string) =>
      new Map(CLIENTS.map((client) => [client, isCanary(client) ? 'canonical' : drawnBy(client, down)]))

    it('each go where every door sends them, for whatever they ask of a repository', async () => {
      // So that it is about something: all stores have some, and so has the canary.
      expect(new Set(expected().values()).size).toBe(4)
      expect(await sentTo(0)).toEqual(expected())
      expect(await sentTo(1)).toEqual(expected())
    })

    it('are counted and logged by policy', async () => {
      const countOf = async (policy: string) =>
        (await metrics())
          .filter(({ name, labels }) => name === 'portolan_policy_requests_total' && labels.policy === policy)
          .reduce((sum, { value }) => sum + value, 0)
      const linesOf = (policy: string) =>
        door.log.filter((line) => line.msg === 'request' && line.policy === policy).length
      const before = { canary: await countOf('canary'), main: await countOf('main') }
      await sentTo(2)
      const canaries = CLIENTS.filter(isCanary).length
      const more = { canary: canaries, main: CLIENTS.length - canaries }
      for (const policy of ['canary', 'main'] as const) {
        expect((await countOf(policy)) - before[policy]).toBe(more[policy])
        const all = before[policy] + more[policy]
        await until(`the log to tell of ${policy}`, () => linesOf(policy) === all)
      }
    })

    it('go to their next store while theirs is down, and back, and nobody else moves', async () => {
      const health = async () =>
        (await metrics()).find(
          ({ name, labels }) => name === 'portolan_backend_up' && labels.backend === 'two',
        )!.value
      await servers.get('two')!.misbehave('refused connection')
      await until('the store to leave traffic', async () => (await health()) === 0)
      expect(await sentTo(3)).toEqual(expected('two'))
      await servers.get('two')!.misbehave(undefined)
      await until('the store to come back', async () => (await health()) === 1)
      expect(await sentTo(4)).toEqual(expected())
    })

    it('are all split once a reload has ended the canary', async () => {
      const { policies: _, ...config } = JSON.parse(await readFile(door.configFile, 'utf8'))
      await writeFile(door.configFile, JSON.stringify(config))
      door.process.kill('SIGHUP')
      await until('the config to be in force', async () => {
        const reply = await fetch(`http://127.0.0.1:${door.adminPort}/config`)
        return !('policies' in ((await reply.json()) as object))
      })
      expect(await sentTo(5)).toEqual(new Map(CLIENTS.map((client) => [client, drawnBy(client)])))
    })
  })
}
