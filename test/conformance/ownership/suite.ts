import { readFile, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { OWNERSHIP_PATH } from '../../../src/inventory/paths.ts'
import { makeBlob, registryContent, storeContent } from '../../support/content.ts'
import { parseExposition } from '../../support/exposition.ts'
import {
  layFirstProof,
  layInventory,
  layProof,
  makeInventory,
  makeKey,
  type TestInventory,
} from '../../support/inventory.ts'
import { type MisbehavingServer, type Served, startMisbehaving } from '../../support/misbehaving.ts'
import { type Portolan, type RuntimeName, startPortolan } from '../../support/portolan.ts'
import { exchange } from '../../support/raw-http.ts'
import { takeTurns } from '../../support/turns.ts'
import { until } from '../../support/until.ts'

const NAME = 'team/app'
const BLOB = makeBlob('blob')
const KEY = makeKey()
const DAY = 86_400_000

interface Report {
  readonly health: { readonly status: string; readonly lastFailure?: string }
  readonly ownership: { readonly status: string; readonly because?: string }
  readonly inventory: { readonly status: string; readonly count?: number }
}

/** A door that asks its stores whose they are, over real sockets; the same on every runtime. */
export function describeOwnership(runtime: RuntimeName): void {
  describe(`a door on ${runtime} that asks its store for a proof of ownership`, () => {
    takeTurns('proofs of ownership', runtime)
    let made = new AsyncDisposableStack()
    let upstream: MisbehavingServer
    let store: MisbehavingServer
    let served: Map<string, Served>
    let door: Portolan
    let inventory: TestInventory

    /** Lays the proof that goes with the inventory, but for this. */
    const lay = (changes: Partial<Parameters<typeof layProof>[2]> = {}, key = KEY) => {
      const { digest } = inventory.pointer
      return layProof(served, key, { store: 'store', url: store.origin, inventory: digest, ...changes })
    }

    beforeEach(async () => {
      made = new AsyncDisposableStack()
      upstream = made.use(
        await startMisbehaving({ content: registryContent({ name: NAME, tags: {}, blobs: [BLOB] }) }),
      )
      served = new Map()
      const content = storeContent([BLOB])
      store = made.use(await startMisbehaving({ content: (path) => served.get(path) ?? content(path) }))
      inventory = makeInventory([BLOB], Date.now())
      layInventory(served, inventory)
    })
    afterEach(() => made.disposeAsync())

    async function open(timeout = '10s'): Promise<void> {
      door = made.use(
        await startPortolan(
          {
            upstreams: [{ id: 'canonical', url: upstream.origin, at: 'test/canonical' }],
            stores: [
              { id: 'store', url: store.origin, at: 'test/store', canary: BLOB.digest, inventory: true },
            ],
            routing: [{ prefer: ['stores'] }],
            ownership: { publicKey: KEY.publicKey, maxAge: '30d' },
            health: { interval: '1s', timeout, failures: 3, successes: 1 },
          },
          runtime,
        ),
      )
    }

    const admin = (path: string) => fetch(`http://127.0.0.1:${door.adminPort}${path}`)
    const report = async () =>
      ((await (await admin('/backends')).json()) as { backends: Report[] }).backends[1]!
    const locationOfBlob = async () =>
      (await exchange(door.port, { target: `/v2/${NAME}/blobs/${BLOB.digest}` })).headers.location

    async function gauge(name: string): Promise<number | undefined> {
      const samples = parseExposition(await (await admin('/metrics')).text())
      return samples.find((sample) => sample.name === name && sample.labels.backend === 'store')?.value
    }

    it('sends clients to a store that proves to be ours, and goes by its inventory', async () => {
      const issued = Date.now() - DAY
      await lay({ issued })
      await open()
      await until('the store to be tried', async () => (await report()).health.status !== 'pending')
      expect(await report()).toMatchObject({
        health: { status: 'healthy' },
        ownership: { status: 'proven' },
      })
      await until('the inventory', async () => (await report()).inventory.status === 'ok')
      expect(await locationOfBlob()).toContain(store.origin)
      expect(await gauge('portolan_store_proven')).toBe(1)
      expect(await gauge('portolan_store_proof_expiry_timestamp_seconds')).toBe((issued + 30 * DAY) / 1000)
    })

    it('takes a proof of the first version, which goes with any inventory, at any URL', async () => {
      await layFirstProof(served, KEY, 'store')
      await open()
      await until('the inventory', async () => (await report()).inventory.status === 'ok')
      expect(await report()).toMatchObject({ ownership: { status: 'proven' } })
      expect(await locationOfBlob()).toContain(store.origin)
    })

    it('goes by no inventory but the one that the proof names', async () => {
      await lay()
      layInventory(served, makeInventory([BLOB], Date.now() - DAY))
      await open()
      await until('the pointer', async () => (await report()).inventory.status !== 'pending')
      expect(await report()).toMatchObject({
        ownership: { status: 'proven', inventory: inventory.pointer.digest },
        inventory: { status: 'missing', problem: expect.stringContaining('the proof of ownership of ') },
      })
      layInventory(served, inventory)
      door.process.kill('SIGHUP')
      await until('the inventory', async () => (await report()).inventory.status === 'ok')
    })

    it('does not ask for the proof at every probe', async () => {
      await lay()
      await open()
      const before = store.requests.length
      await until('some probes', () => store.requests.length > before + 8)
      expect(store.requests.filter(({ path }) => path === `/${OWNERSHIP_PATH}`)).toHaveLength(1)
    })

    const bad: readonly [what: string, because: string, lay: () => Promise<void> | void][] = [
      ['without one', 'missing', () => {}],
      ['with one by another key', 'bad-signature', () => lay({}, makeKey())],
      ['with one for another store', 'other-store', () => lay({ store: 'another' })],
      ['with one of another place', 'other-url', () => lay({ url: 'https://staging.test' })],
      ['with one that is too old', 'too-old', () => lay({ issued: Date.now() - 31 * DAY })],
      ['with one of tomorrow', 'from-the-future', () => lay({ issued: Date.now() + DAY })],
      [
        'with a page that says 200 to everything',
        'malformed',
        () => store.misbehave('HTML with 200', OWNERSHIP_PATH),
      ],
      [
        'with one of any length',
        'malformed',
        () => void served.set(`/${OWNERSHIP_PATH}`, { bytes: Buffer.alloc(100_000, '{') }),
      ],
    ]

    it.each(bad)('sends no client to a store %s', async (_, because, layBad) => {
      await layBad()
      await open()
      await until('several probes', () => store.requests.length >= 2)
      expect(await report()).toMatchObject({
        health: { status: 'pending', lastFailure: expect.stringMatching(/^no proof of ownership: /) },
        ownership: { status: 'refused', because },
        inventory: { status: 'pending' },
      })
      expect(await locationOfBlob()).toContain(upstream.origin)
      expect(await gauge('portolan_store_proven')).toBe(0)
      const errors = () => door.log.filter(({ level, backend }) => level === 'error' && backend === 'store')
      await until('the log to say so', () => errors().length > 0)
      expect(errors()).toEqual([expect.objectContaining({ because })])
      // Nothing else was asked of it: whatever a stranger says is of no interest.
      expect(new Set(store.requests.map(({ path }) => path))).toEqual(new Set([`/${OWNERSHIP_PATH}`]))
      const question = new URLSearchParams({
        target: `/v2/${NAME}/blobs/${BLOB.digest}`,
        from: '192.0.2.1',
      })
      const { candidates } = (await (await admin(`/explain?${question}`)).json()) as {
        candidates: object[]
      }
      expect(candidates[0]).toMatchObject({
        backend: 'store',
        verdict: 'unhealthy',
        failure: expect.stringMatching(/^no proof of ownership: /),
      })
    })

    it('takes a store out at once when it becomes a stranger’s, and back when it is ours again', async () => {
      await lay()
      await open()
      await until('the inventory', async () => (await report()).inventory.status === 'ok')
      await lay({}, makeKey())
      door.process.kill('SIGHUP')
      await until('the store to be out', async () => (await report()).health.status === 'ejected')
      expect(await report()).toMatchObject({ inventory: { status: 'pending' } })
      expect(await locationOfBlob()).toContain(upstream.origin)
      await lay()
      await until('the store to be back', async () => (await report()).health.status === 'healthy')
      await until('the inventory', async () => (await report()).inventory.status === 'ok')
      expect(await locationOfBlob()).toContain(store.origin)
    })

    it('believes nothing of another store that a reload puts in its place, until that has proven to be ours', async () => {
      await lay()
      await open()
      await until('the inventory', async () => (await report()).inventory.status === 'ok')
      const content = storeContent([BLOB])
      const stranger = made.use(
        await startMisbehaving({ content: (path) => served.get(path) ?? content(path) }),
      )
      // It does not say whose it is, and has a copy of our inventory.
      await stranger.misbehave('503 with Retry-After', OWNERSHIP_PATH)
      const config = JSON.parse(await readFile(door.configFile, 'utf8'))
      config.stores[0].url = stranger.origin
      await writeFile(door.configFile, JSON.stringify(config))
      door.process.kill('SIGHUP')
      await until('the other store to be tried', () => stranger.requests.length > 0)
      expect(await report()).toMatchObject({
        health: { status: 'pending' },
        ownership: { status: 'unchecked' },
        inventory: { status: 'pending' },
      })
      expect(new Set(stranger.requests.map(({ path }) => path))).toEqual(new Set([`/${OWNERSHIP_PATH}`]))
      expect(await locationOfBlob()).toContain(upstream.origin)
    })

    it('takes a proof that does not come for a failed probe, of which it takes several', async () => {
      await lay()
      await open('1s')
      await store.misbehave('hang before headers', OWNERSHIP_PATH)
      door.process.kill('SIGHUP')
      await until('the store to be out', async () => (await report()).health.status === 'ejected')
      expect(await report()).toMatchObject({
        health: { lastFailure: 'no answer within 1000 ms' },
        ownership: { status: 'proven' },
      })
      expect(
        store.requests.filter(({ path }) => path === `/${OWNERSHIP_PATH}`).length,
      ).toBeGreaterThanOrEqual(4)
    })
  })
}
