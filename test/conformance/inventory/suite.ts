import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { INVENTORY_MAX_BYTES } from '../../../src/inventory/format.ts'
import { INVENTORY_POINTER_PATH, inventoryPath } from '../../../src/inventory/paths.ts'
import {
  makeBlob,
  makeManifest,
  registryContent,
  storeContent,
  type TestBlob,
} from '../../support/content.ts'
import { parseExposition } from '../../support/exposition.ts'
import { layInventory, makeInventory } from '../../support/inventory.ts'
import { type MisbehavingServer, type Served, startMisbehaving } from '../../support/misbehaving.ts'
import { type Portolan, type RuntimeName, startPortolan } from '../../support/portolan.ts'
import { exchange } from '../../support/raw-http.ts'
import { takeTurns } from '../../support/turns.ts'
import { until } from '../../support/until.ts'

const NAME = 'team/app'
const CONFIG = makeBlob('config')
const LAYER = makeBlob('layer', 100_000)
const IMAGE = makeManifest(CONFIG, LAYER)
const NEW = makeBlob('new')
const YESTERDAY = Date.parse('2026-11-21T20:00:00.000Z')
const TODAY = Date.parse('2026-11-22T20:00:00.000Z')

/** A store, and what it serves by path. */
interface TestStore {
  readonly served: Map<string, Served>
  readonly server: MisbehavingServer
}

interface InventoryReport {
  readonly status: string
  readonly count?: number
  readonly believed?: boolean
  readonly problem?: string
}

/** A door that goes by what its stores list, over real sockets; the same on every runtime. */
export function describeInventories(runtime: RuntimeName): void {
  describe(`a door on ${runtime} whose stores have inventories`, () => {
    takeTurns('inventories', runtime)
    let made = new AsyncDisposableStack()
    let upstream: MisbehavingServer
    let door: Portolan

    beforeEach(async () => {
      made = new AsyncDisposableStack()
      const image = { name: NAME, tags: { v1: IMAGE }, blobs: [CONFIG, LAYER, NEW] }
      upstream = made.use(await startMisbehaving({ content: registryContent(image) }))
    })
    afterEach(() => made.disposeAsync())

    async function fill(blobs: readonly TestBlob[], manifests: readonly TestBlob[] = []): Promise<TestStore> {
      const served = new Map<string, Served>()
      const content = storeContent(blobs, manifests)
      const server = await startMisbehaving({ content: (path) => served.get(path) ?? content(path) })
      made.use(server)
      return { served, server }
    }

    /** A store that has the image, and says so. */
    async function fillWithImage(): Promise<TestStore> {
      const store = await fill([CONFIG, LAYER], [IMAGE])
      layInventory(store.served, makeInventory([CONFIG, LAYER, IMAGE], YESTERDAY))
      return store
    }

    /** Opens a door before these stores, the first of which is the nearest. */
    async function open(stores: readonly TestStore[], rest: object = {}): Promise<void> {
      door = made.use(
        await startPortolan(
          {
            upstreams: [{ id: 'canonical', url: upstream.origin, at: 'test/canonical' }],
            stores: stores.map(({ server }, index) => ({
              id: `store-${index}`,
              url: server.origin,
              at: `test/store-${index}`,
              manifests: 'manifests/{digest}',
              inventory: true,
            })),
            routing: [{ prefer: ['stores'] }],
            ...rest,
          },
          runtime,
        ),
      )
    }

    async function inventoryOf(store = 'store-0'): Promise<InventoryReport> {
      const { backends } = (await (await fetch(`http://127.0.0.1:${door.adminPort}/backends`)).json()) as {
        backends: { id: string; inventory: InventoryReport }[]
      }
      return backends.find(({ id }) => id === store)!.inventory
    }

    /** How the first store serves manifests. */
    async function manifestsAre(what: object): Promise<void> {
      await until(`manifests to be ${JSON.stringify(what)}`, async () => {
        const { backends } = (await (await fetch(`http://127.0.0.1:${door.adminPort}/backends`)).json()) as {
          backends: { id: string; manifests?: object }[]
        }
        const { manifests } = backends.find(({ id }) => id === 'store-0')!
        return JSON.stringify(manifests) === JSON.stringify(what)
      })
    }

    async function inventoryIs(what: Partial<InventoryReport>, store?: string): Promise<void> {
      await until(`the inventory to be ${JSON.stringify(what)}`, async () => {
        const inventory = await inventoryOf(store)
        return Object.entries(what).every(([key, value]) => inventory[key as keyof InventoryReport] === value)
      })
    }

    const logged = (line: object) =>
      until(`a line in the log with ${JSON.stringify(line)}`, () =>
        door.log.some((entry) => Object.entries(line).every(([key, value]) => entry[key] === value)),
      )
    const ask = (path: string, method = 'GET') =>
      exchange(door.port, { method, target: `/v2/${NAME}/${path}` })
    const blobPath = ({ digest }: TestBlob) => `blobs/${digest}`
    const manifestPath = ({ digest }: TestBlob) => `manifests/${digest}`
    const locationOf = async (path: string) => (await ask(path)).headers.location
    /** What a store was asked about a content. */
    const askedAbout = ({ server }: TestStore, { digest }: TestBlob) =>
      server.requests.filter(({ path }) => path.includes(digest)).map(({ method }) => method)

    it('sends clients for what is listed without asking, and answers HEAD itself', async () => {
      const store = await fillWithImage()
      await open([store])
      await inventoryIs({ status: 'ok', count: 3, believed: true })
      await manifestsAre({ works: true })
      expect(await locationOf(blobPath(LAYER))).toBe(
        `${store.server.origin}/containers/images/${LAYER.digest}`,
      )
      expect(await locationOf(manifestPath(IMAGE))).toBe(`${store.server.origin}/manifests/${IMAGE.digest}`)
      const blob = await ask(blobPath(LAYER), 'HEAD')
      expect(blob).toMatchObject({ status: 200, body: '' })
      expect(blob.headers).toMatchObject({
        'content-length': String(LAYER.bytes.length),
        'content-type': 'application/octet-stream',
        'docker-content-digest': LAYER.digest,
        'accept-ranges': 'bytes',
      })
      const manifest = await ask(manifestPath(IMAGE), 'HEAD')
      expect(manifest).toMatchObject({ status: 200, body: '' })
      expect(manifest.headers).toMatchObject({
        'content-length': String(IMAGE.bytes.length),
        'content-type': IMAGE.type,
        'docker-content-digest': IMAGE.digest,
      })
      expect(askedAbout(store, LAYER)).toEqual([])
      // To see that it comes with its media type: by the first check too, where the inventory was there before that ended.
      expect(new Set(askedAbout(store, IMAGE))).toEqual(new Set(['GET']))
      await logged({ method: 'HEAD', decision: 'answer', reason: 'listed', backend: 'store-0' })
    })

    it('takes no manifest from a store that serves a listed one as bytes of any kind', async () => {
      const store = await fillWithImage()
      const path = `/manifests/${IMAGE.digest}`
      store.served.set(path, { bytes: IMAGE.bytes, type: 'application/octet-stream' })
      await open([store])
      const why = `GET of the listed manifest ${IMAGE.digest} answered Content-Type: application/octet-stream; it is a ${IMAGE.type}`
      await manifestsAre({ works: false, why })
      await logged({ level: 'warn', backend: 'store-0', why })
      for (const method of ['GET', 'HEAD'])
        expect((await ask(manifestPath(IMAGE), method)).headers.location).toContain(upstream.origin)
      expect(await locationOf(blobPath(LAYER))).toContain(store.server.origin)
    })

    it('takes what is not listed for absent without asking', async () => {
      const store = await fillWithImage()
      await open([store], { debug: true })
      await inventoryIs({ status: 'ok' })
      const { headers } = await ask(blobPath(NEW))
      expect(headers.location).toContain(upstream.origin)
      expect(headers['portolan-reason']).toMatch(/^blob-absent; .*; store-0 absent$/)
      expect((await ask(blobPath(NEW), 'HEAD')).status).toBe(307)
      expect(askedAbout(store, NEW)).toEqual([])
    })

    it('asks about what is not listed when another store lists it since', async () => {
      const near = await fill([CONFIG, LAYER, NEW])
      layInventory(near.served, makeInventory([CONFIG, LAYER], YESTERDAY))
      const far = await fill([CONFIG, LAYER, NEW])
      layInventory(far.served, makeInventory([CONFIG, LAYER, NEW], TODAY))
      await open([near, far])
      await inventoryIs({ status: 'ok' }, 'store-0')
      await inventoryIs({ status: 'ok' }, 'store-1')
      expect(await locationOf(blobPath(NEW))).toContain(near.server.origin)
      expect(askedAbout(near, NEW)).toEqual(['HEAD'])
      expect(askedAbout(far, NEW)).toEqual([])
    })

    it('takes a new inventory in use, and keeps the one in use when the new one is damaged', async () => {
      const store = await fillWithImage()
      await open([store])
      await inventoryIs({ status: 'ok', count: 3 })
      const next = makeInventory([CONFIG, LAYER, NEW, IMAGE], TODAY)
      layInventory(store.served, next)
      door.process.kill('SIGHUP')
      await inventoryIs({ status: 'ok', count: 4 })

      const last = makeInventory([CONFIG], TODAY + 1)
      layInventory(store.served, last)
      const damaged = last.bytes.map((byte, index) => (index === 50 ? byte ^ 1 : byte))
      store.served.set(`/${inventoryPath(last.pointer.digest)}`, { bytes: damaged })
      door.process.kill('SIGHUP')
      await inventoryIs({ status: 'kept', count: 4 })
      expect((await inventoryOf()).problem).toMatch(/does not match its digest$/)
      await logged({ level: 'warn', backend: 'store-0', problem: (await inventoryOf()).problem })
      const metrics = parseExposition(
        await (await fetch(`http://127.0.0.1:${door.adminPort}/metrics`)).text(),
      )
      expect(metrics).toContainEqual({
        name: 'portolan_inventory_refreshes_total',
        labels: { backend: 'store-0', result: 'failure' },
        value: 1,
      })
      expect(metrics).toContainEqual({
        name: 'portolan_inventory_entries',
        labels: { backend: 'store-0' },
        value: 4,
      })
      expect(await locationOf(blobPath(LAYER))).toContain(store.server.origin)
      expect(askedAbout(store, LAYER)).toEqual([])
    })

    it.each<[string, (store: TestStore) => void, RegExp]>([
      [
        'is larger than allowed',
        ({ served }) => {
          const { pointer } = makeInventory([CONFIG], TODAY)
          layInventory(served, {
            pointer: { ...pointer, bytes: INVENTORY_MAX_BYTES + 1 },
            bytes: new Uint8Array(),
          })
        },
        /pointer.*bytes/,
      ],
      [
        'is larger than its pointer says',
        ({ served }) => {
          const { pointer, bytes } = makeInventory([CONFIG], TODAY)
          layInventory(served, { pointer: { ...pointer, bytes: bytes.length - 1 }, bytes })
        },
        /is larger than \d+ bytes$/,
      ],
      [
        'has another count than its pointer says',
        ({ served }) => {
          const { pointer, bytes } = makeInventory([CONFIG], TODAY)
          layInventory(served, { pointer: { ...pointer, count: 2 }, bytes })
        },
        /date or the count/,
      ],
      ['is not there', ({ served }) => served.delete(`/${INVENTORY_POINTER_PATH}`), /answered 404$/],
    ])('goes without an inventory that %s', async (_, spoil, problem) => {
      const store = await fillWithImage()
      spoil(store)
      await open([store])
      await inventoryIs({ status: 'missing' })
      expect((await inventoryOf()).problem).toMatch(problem)
      expect(await locationOf(blobPath(LAYER))).toContain(store.server.origin)
      expect(askedAbout(store, LAYER)).toEqual(['HEAD'])
    })

    it('believes what happens more than what is listed', async () => {
      const store = await fillWithImage()
      await open([store], { health: { interval: '1s' } })
      await inventoryIs({ status: 'ok' })
      expect(await locationOf(blobPath(LAYER))).toContain(store.server.origin)
      await store.server.misbehave('cut in the body', LAYER.digest)
      // The client that comes back for it did not get it.
      expect(await locationOf(blobPath(LAYER))).toContain(upstream.origin)
      expect((await ask(blobPath(LAYER), 'HEAD')).status).toBe(307)

      // What is tried at every probe is the smallest blob that is listed.
      await store.server.misbehave('404', CONFIG.digest)
      await inventoryIs({ believed: false })
      await store.server.misbehave(undefined)
      await inventoryIs({ believed: true })
    })
  })
}
