import { expect, it } from 'vitest'
import { openHarbour } from '../../test/support/audit-world.ts'
import { makeBlob } from '../../test/support/content.ts'
import { makeKey, signFirstProof } from '../../test/support/inventory.ts'
import { probeFetch } from '../../test/support/probe-fetch.ts'
import { createTestRuntime } from '../../test/support/test-runtime.ts'
import { importPrivateKey } from '../backends/ownership/ownership-key.ts'
import { INVENTORY_POINTER_PATH, OWNERSHIP_PATH } from '../inventory/paths.ts'
import { parseInventoryPointer } from '../inventory/pointer.ts'
import type { Digest } from '../oci/digest.ts'
import type { Fetch } from '../runtime.ts'
import type { AuditFindingKind, StoreAudit } from './audit-report.ts'

const DAY = 86_400_000
const STRANGER_KEY = makeKey()

type World = Awaited<ReturnType<typeof openHarbour>>

const altered = (bytes: Uint8Array) => bytes.map((byte, at) => (at === 1 ? byte ^ 1 : byte))
const pointerOf = ({ bucket }: World) =>
  parseInventoryPointer(bucket.objects.get(INVENTORY_POINTER_PATH)!.bytes)
const strangersKey = () => importPrivateKey(STRANGER_KEY.privatePem, 'the key')

/** A client to whom one object is private. */
const withPrivate =
  (key: string): Fetch =>
  async (url, init) =>
    url.endsWith(key) ? new Response(null, { status: 403 }) : probeFetch(10_000)(url, init)

interface Planted {
  readonly fetch?: Fetch
  /** What the report must say besides its findings. */
  readonly shows?: Partial<StoreAudit> | object
}

/** What is done to a store in which nothing is wrong, and the kinds of what is found, no more and no less. */
const FAULTS: readonly [
  what: string,
  plant: (world: World) => Promise<Planted | undefined>,
  kinds: readonly AuditFindingKind[],
  message?: RegExp,
][] = [
  ['nothing', async () => undefined, []],
  [
    'a blob that was altered',
    async (world) => {
      const { digest } = world.shared
      await world.put(`blobs/${digest}`, altered(world.registry.bytes(digest)))
      return undefined
    },
    ['altered', 'notPublic'],
    / is sha256:/,
  ],
  [
    'a blob that was cut',
    async (world) => {
      const { digest } = world.shared
      await world.put(`blobs/${digest}`, world.registry.bytes(digest).subarray(1))
      return undefined
    },
    ['mislisted'],
    /has 7000 bytes; it has 6999/,
  ],
  [
    'a blob that is gone',
    async ({ bucket, own }) => {
      bucket.objects.delete(`blobs/${own.digest}`)
      return undefined
    },
    ['mislisted'],
    /which is not there/,
  ],
  [
    'a stranger at the path of a digest that is what it says',
    async (world) => {
      const { digest, bytes } = makeBlob('stray')
      await world.put(`blobs/${digest}`, bytes)
      return { shows: { orphans: [expect.objectContaining({ key: `blobs/${digest}`, isListed: false })] } }
    },
    [],
  ],
  [
    'a stranger at the path of a digest that it has not',
    async (world) => {
      const key = `blobs/${makeBlob('stray').digest}`
      await world.put(key, makeBlob('another').bytes)
      return { shows: { orphans: [expect.objectContaining({ key })] } }
    },
    ['altered'],
  ],
  [
    'strangers off the paths of digests',
    async (world) => {
      for (const key of ['index.html', 'blobs/README', 'portolan/other.json']) {
        await world.put(key, new Uint8Array(4))
      }
      const first = ['blobs/README', 'index.html', 'portolan/other.json'].map((key) =>
        expect.objectContaining({ key, size: 4 }),
      )
      return { shows: { orphans: [], strangers: { count: 3, bytes: 12, first, isCut: false } } }
    },
    [],
  ],
  [
    'one object that is private',
    async ({ own }) => ({ fetch: withPrivate(`blobs/${own.digest}`) }),
    ['notPublic'],
    /403; expected 20[06]/,
  ],
  [
    'no proof',
    async ({ bucket }) => {
      bucket.objects.delete(OWNERSHIP_PATH)
      return undefined
    },
    ['unproven'],
    /owner\.json: it is not there/,
  ],
  [
    'a proof that is stale',
    async (world) => {
      const { digest: inventory } = pointerOf(world)
      await world.prove({ inventory, issued: world.clock.date().getTime() - 31 * DAY })
      return undefined
    },
    ['unproven'],
    /longer ago than ownership\.maxAge allows/,
  ],
  [
    'a proof that is almost stale',
    async (world) => {
      const { digest: inventory } = pointerOf(world)
      await world.prove({ inventory, issued: world.clock.date().getTime() - 28 * DAY })
      return { shows: { notes: [expect.stringContaining('will be too old at ')] } }
    },
    [],
  ],
  [
    'a proof of a time to come',
    async (world) => {
      const { digest: inventory } = pointerOf(world)
      await world.prove({ inventory, issued: world.clock.date().getTime() + DAY })
      return undefined
    },
    ['unproven'],
    /which is yet to come/,
  ],
  [
    'a proof by another key',
    async (world) => {
      await world.prove({ inventory: pointerOf(world).digest }, await strangersKey())
      return undefined
    },
    ['unproven'],
    /not by the key/,
  ],
  [
    'a proof of another bucket that has the same id',
    async (world) => {
      await world.prove({ inventory: pointerOf(world).digest, url: 'https://staging.test' })
      return undefined
    },
    ['unproven'],
    /it is for https:\/\/staging\.test, not for http/,
  ],
  [
    'a proof of another store',
    async (world) => {
      await world.prove({ inventory: pointerOf(world).digest, store: 'iowa' })
      return undefined
    },
    ['unproven'],
    /it is for the store "iowa", not for "store"/,
  ],
  [
    'a proof that goes with no inventory',
    async (world) => {
      await world.prove({ inventory: 'none' })
      return undefined
    },
    ['swapped'],
    /goes with no inventory/,
  ],
  [
    'a proof that is garbage',
    async (world) => {
      await world.put(OWNERSHIP_PATH, new Uint8Array(10))
      return undefined
    },
    ['unproven'],
  ],
  [
    'a proof of the first version',
    async (world) => {
      const proof = await signFirstProof(world.key, 'store', world.clock.date().getTime())
      await world.put(OWNERSHIP_PATH, proof)
      return { shows: { notes: [expect.stringContaining('is of version 1 and goes with any inventory')] } }
    },
    [],
  ],
  [
    'a proof that is private',
    async () => ({ fetch: withPrivate(OWNERSHIP_PATH) }),
    ['notPublic'],
    /owner\.json: portolan\/owner\.json answered 403/,
  ],
  [
    'an inventory that is private',
    async () => ({ fetch: withPrivate('.bin') }),
    ['notPublic'],
    /inventory-[a-f0-9]{64}\.bin answered 403/,
  ],
  [
    'a manifest that is private',
    async ({ target, two }) => ({ fetch: withPrivate(target.manifestKey!(two.digest)) }),
    ['notPublic'],
    /403; expected 20[06]/,
  ],
  [
    'no inventory',
    async ({ bucket }) => {
      bucket.objects.delete(INVENTORY_POINTER_PATH)
      return undefined
    },
    ['swapped', 'stale'],
    /there is no inventory/,
  ],
  [
    'an inventory that is garbage',
    async (world) => {
      const key = [...world.bucket.objects.keys()].find((each) => each.endsWith('.bin'))!
      await world.put(key, new Uint8Array(100))
      return undefined
    },
    ['swapped', 'stale'],
    /was altered/,
  ],
  [
    'a pointer that is garbage',
    async (world) => {
      await world.put(INVENTORY_POINTER_PATH, new Uint8Array(100))
      return undefined
    },
    ['swapped', 'stale'],
    /not a usable pointer/,
  ],
  [
    'an inventory by another key in the place of ours',
    async (world) => {
      await world.list({ blobs: new Map(), manifests: world.reachable.manifests }, await strangersKey())
      return undefined
    },
    ['swapped', 'stale'],
    /its signature is not by the key/,
  ],
  [
    'an earlier inventory of our own in the place of the newest',
    async (world) => {
      const { digest: newest } = pointerOf(world)
      await world.list({ blobs: new Map(), manifests: world.reachable.manifests })
      expect(pointerOf(world).digest).not.toBe(newest)
      return undefined
    },
    ['swapped', 'stale'],
    /and the proof of ownership of .* goes with sha256:/,
  ],
  [
    'an inventory that is served otherwise than it lies there',
    async (world) => {
      const old = world.bucket.objects.get(INVENTORY_POINTER_PATH)!.bytes
      const served = new TextDecoder()
        .decode(old)
        .replaceAll(pointerOf(world).digest.slice(7), 'e'.repeat(64))
      return {
        fetch: async (url, init) =>
          url.endsWith(INVENTORY_POINTER_PATH) ? new Response(served) : probeFetch(10_000)(url, init),
      }
    },
    ['notPublic'],
    /inventory\.json names sha256:e+; in the store it names sha256:/,
  ],
  [
    'nothing, where one blob is empty',
    async (world) => {
      const { digest } = makeBlob('', 0)
      const blob = { digest: digest as Digest, size: 0, name: 'app' as never }
      world.reachable.blobs.set(blob.digest, blob)
      await world.put(`blobs/${digest}`, new Uint8Array())
      await world.prove({ inventory: await world.list(world.reachable) })
      return {
        shows: { expected: 8, held: 8, read: 8, fetched: 8 },
      }
    },
    [],
  ],
]

it.each(FAULTS)('an audit of a store finds %s', async (_, plant, kinds, message) => {
  await using world = await openHarbour({ signed: true })
  const planted = await plant(world)
  const fetch = planted?.fetch ?? probeFetch(10_000)
  const runtime = createTestRuntime({ ...world.clock, fetch, random: Math.random })
  const [store] = (await world.audit({ runtime })).stores
  expect([...new Set(store!.findings.map(({ kind }) => kind))]).toEqual(kinds)
  if (message !== undefined) {
    expect(store!.findings.map(({ message: text }) => text)).toContainEqual(expect.stringMatching(message))
  }
  if (planted?.shows) expect(store).toMatchObject(planted.shows)
})
