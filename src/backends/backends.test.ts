import { beforeEach, expect, it } from 'vitest'
import { configOf } from '../../test/support/config.ts'
import { makeBlob, type TestBlob } from '../../test/support/content.ts'
import {
  layFirstProof,
  layInventory,
  layProof,
  makeInventory,
  makeKey,
} from '../../test/support/inventory.ts'
import type { Served } from '../../test/support/misbehaving.ts'
import { createTestRuntime, type TestRuntime } from '../../test/support/test-runtime.ts'
import { until } from '../../test/support/until.ts'
import { createObservers } from '../internal/observers.ts'
import { INVENTORY_POINTER_PATH, inventoryPath } from '../inventory/paths.ts'
import { formatInventoryPointer } from '../inventory/pointer.ts'
import type { Digest } from '../oci/digest.ts'
import { parseName } from '../oci/name.ts'
import type { OciRequest } from '../oci/path.ts'
import { type Backends, noBackends, reconcile } from './backends.ts'
import { importPublicKey } from './ownership/ownership-key.ts'
import type { OwnershipPolicy } from './ownership/ownership-policy.ts'

const IOWA = { id: 'iowa', url: 'https://iowa.test', at: 'gcp/us-central1' }
const PARIS = { id: 'paris', url: 'https://paris.test', at: 'aws/eu-west-3' }
const LONDON = { id: 'london', url: 'https://london.test', at: 'aws/eu-west-2' }
const KEY = makeKey()
const LISTED = makeBlob('listed')
const { pointer, bytes } = makeInventory([LISTED], 1000)
const asked: OciRequest = { kind: 'blob', name: parseName('app')!, digest: LISTED.digest as Digest }

/** What servers hold, by host and path; hosts that are not named do not answer. */
let hosts: Map<string, Map<string, Served>>
let requests: string[]
let runtime: TestRuntime
let none: Backends

beforeEach(() => {
  hosts = new Map(['iowa.test', 'paris.test', 'london.test'].map((host) => [host, new Map()]))
  requests = []
  runtime = createTestRuntime({
    async fetch(url, { method = 'GET' }) {
      const { host, pathname } = new URL(url)
      requests.push(`${method} ${host}${pathname}`)
      const served = hosts.get(host)
      if (served === undefined) throw new Error('connection refused')
      if (pathname === '/v2/') return new Response('{}')
      const found = served.get(pathname)
      return new Response(found?.bytes as Uint8Array<ArrayBuffer>, {
        status: found === undefined ? 404 : 200,
      })
    },
  })
  none = noBackends(runtime, createObservers())
})

/** The backends of a config whose stores are these, after each has been tried. */
async function next(
  before: Backends,
  stores: readonly object[],
  rest: object = {},
  policy?: OwnershipPolicy,
) {
  const backends = reconcile(before, configOf({ upstreams: [IOWA], stores, ...rest }), policy)
  await Promise.all(backends.all.map(({ tried }) => tried))
  return backends
}

const usable = (backends: Backends) => backends.all.filter((live) => live.isUsable).map(({ id }) => id)

it('a backend whose config stays the same is the same object, with all that is known of it', async () => {
  const before = await next(none, [PARIS, LONDON])
  expect(usable(before)).toEqual(['iowa', 'paris', 'london'])
  const after = reconcile(
    before,
    configOf({ upstreams: [IOWA], stores: [PARIS, { ...LONDON, url: 'https://moved.test' }] }),
    undefined,
  )
  expect(usable(after)).toEqual(['iowa', 'paris'])
  expect(after.stores[0]).toBe(before.stores[0])
  expect(after.stores[1]).not.toBe(before.stores[1])
})

it('other settings of presence and health make no backend another', async () => {
  const before = await next(none, [PARIS])
  const after = await next(before, [PARIS], { presence: { ttl: '1m' }, health: { interval: '30s' } })
  expect(after.all).toEqual(before.all)
  expect(usable(after)).toEqual(['iowa', 'paris'])
})

it('what is learnt late of a backend that is gone teaches nothing of the one that has its id now', async () => {
  const before = await next(none, [PARIS])
  const gone = before.stores[0]!
  const after = await next(before, [{ ...PARIS, url: 'https://moved.test' }])
  gone.record({ kind: 'undelivered', digest: LISTED.digest as Digest })
  expect(gone.isUsable).toBe(true)
  expect(after.of(gone.backend)).toBeUndefined()
  expect(after.known(gone.backend, asked)).toBeUndefined()
  expect(after.has(gone.backend, asked)).toBe('unknown')
})

it('those that are gone are asked nothing any more', async () => {
  const before = await next(none, [PARIS, LONDON])
  await next(before, [PARIS])
  requests.length = 0
  runtime.advance(60_000)
  await until('the others to be checked', () => requests.some((request) => request.includes('paris.test')))
  expect(requests.filter((request) => request.includes('london.test'))).toEqual([])
})

it('a store at another URL under the same id is believed nothing before it has proven whose it is', async () => {
  const policy = { publicKey: await importPublicKey(KEY.publicKey), maxAge: 86_400_000 }
  const rest = { ownership: { publicKey: KEY.publicKey, maxAge: '1d' } }
  const lay = async (host: string, key = KEY) => {
    const served = new Map<string, Served>()
    await layFirstProof(served, key, 'paris', runtime.date().getTime())
    served.set(`/${INVENTORY_POINTER_PATH}`, { bytes: formatInventoryPointer(pointer) } as Served)
    served.set(`/${inventoryPath(pointer.digest)}`, { bytes } as Served)
    hosts.set(host, served)
  }
  await lay('paris.test')
  const store = { ...PARIS, inventory: true, proof: 'paris' }
  const before = await next(none, [store], rest, policy)
  await until('the inventory', () => before.stores[0]!.known(asked) === 'present')
  expect(before.stores[0]!.state.ownership.status).toBe('proven')

  // A stranger's store, with a copy of our inventory.
  await lay('moved.test', makeKey())
  const moved = reconcile(
    before,
    configOf({ upstreams: [IOWA], stores: [{ ...store, url: 'https://moved.test' }], ...rest }),
    policy,
  )
  const stranger = moved.stores[0]!
  expect(stranger.state.ownership.status).toBe('unchecked')
  expect([stranger.isUsable, stranger.known(asked)]).toEqual([false, undefined])
  await stranger.tried
  expect(stranger.state.ownership).toMatchObject({ status: 'refused', because: 'bad-signature' })
  expect([stranger.isUsable, stranger.known(asked), stranger.inventory?.status]).toEqual([
    false,
    undefined,
    'pending',
  ])
  expect(
    requests.filter((request) => request.includes('moved.test') && request.includes('inventory')),
  ).toEqual([])
})

it('another key, and every store that owes a proof has to prove anew whose it is', async () => {
  const other = makeKey()
  const policyOf = async (key: typeof KEY) => ({
    publicKey: await importPublicKey(key.publicKey),
    maxAge: 86_400_000,
  })
  const restOf = (key: typeof KEY) => ({ ownership: { publicKey: key.publicKey, maxAge: '1d' } })
  const served = hosts.get('paris.test')!
  await layFirstProof(served, KEY, 'paris', runtime.date().getTime())
  const stores = [{ ...PARIS, proof: 'paris' }]
  const before = await next(none, stores, restOf(KEY), await policyOf(KEY))
  expect(usable(before)).toEqual(['iowa', 'paris'])
  expect(usable(await next(before, stores, restOf(KEY), await policyOf(KEY)))).toEqual(['iowa', 'paris'])
  expect(usable(await next(before, stores, restOf(other), await policyOf(other)))).toEqual(['iowa'])
})

it('a proof must name the URL of the store whose proof it is, wherever it is served', async () => {
  const policy = { publicKey: await importPublicKey(KEY.publicKey), maxAge: 86_400_000 }
  const rest = { ownership: { publicKey: KEY.publicKey, maxAge: '1d' } }
  const issued = runtime.date().getTime()
  const ofParis = { store: 'paris', url: PARIS.url, issued, inventory: 'none' } as const
  // A CDN in front of the bucket, and somebody else's bucket: both serve what paris serves.
  for (const host of ['paris.test', 'london.test']) await layProof(hosts.get(host)!, KEY, ofParis)
  const cdn = { ...LONDON, id: 'cdn', proof: 'paris' }
  expect(usable(await next(none, [PARIS, cdn], rest, policy))).toEqual(['iowa', 'paris', 'cdn'])

  const moved = await next(none, [{ ...PARIS, url: LONDON.url }], rest, policy)
  expect(moved.stores[0]!.state.ownership).toMatchObject({ status: 'refused', because: 'other-url' })
  const known = await next(none, [{ ...PARIS, url: LONDON.url, proofUrl: PARIS.url }], rest, policy)
  expect(usable(known)).toEqual(['iowa', 'paris'])
})

it('a new inventory is gone by as soon as the proof that goes with it is there', async () => {
  const policy = { publicKey: await importPublicKey(KEY.publicKey), maxAge: 86_400_000 }
  const rest = { ownership: { publicKey: KEY.publicKey, maxAge: '1d' } }
  const served = hosts.get('paris.test')!
  const fill = async (...blobs: TestBlob[]) => {
    const inventory = makeInventory(blobs, runtime.date().getTime())
    layInventory(served, inventory)
    const { digest } = inventory.pointer
    const issued = runtime.date().getTime()
    await layProof(served, KEY, { store: 'paris', url: PARIS.url, issued, inventory: digest })
  }
  await fill(makeBlob('another'))
  const [paris] = (await next(none, [{ ...PARIS, inventory: true }], rest, policy)).stores
  await until('the first', () => paris!.inventory?.status === 'ok')
  expect(paris!.known(asked)).toBe('absent')

  runtime.advance(1000)
  await fill(makeBlob('another'), LISTED)
  runtime.advance(67_000)
  await until('the second', () => paris!.known(asked) === 'present')
})
