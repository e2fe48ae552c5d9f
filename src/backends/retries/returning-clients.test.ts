import { describe, expect, it } from 'vitest'
import { configOf } from '../../../test/support/config.ts'
import { makeBlob } from '../../../test/support/content.ts'
import { makeInventory } from '../../../test/support/inventory.ts'
import { createTestRuntime } from '../../../test/support/test-runtime.ts'
import { until } from '../../../test/support/until.ts'
import { createObservers } from '../../internal/observers.ts'
import { INVENTORY_POINTER_PATH, inventoryPath } from '../../inventory/paths.ts'
import { formatInventoryPointer } from '../../inventory/pointer.ts'
import { parseAddress } from '../../net/address.ts'
import type { Digest } from '../../oci/digest.ts'
import type { Name } from '../../oci/name.ts'
import { noBackends, reconcile } from '../backends.ts'
import type { BackendEvent } from '../live-backend.ts'
import { ReturningClients } from './returning-clients.ts'

type Deliver = (url: string, init: RequestInit) => Promise<Response>

const digest = (n: number) => `sha256:${n.toString(16).padStart(64, '0')}` as Digest

/** A store in traffic that delivers blobs or not, and a client that is sent to it. */
async function world(deliver: Deliver, store: { inventory?: boolean } = {}) {
  const asked: string[] = []
  const runtime = createTestRuntime({
    fetch(url, init) {
      if (url.endsWith('/v2/')) return Promise.resolve(new Response(null))
      if (init.method === 'HEAD' && !store.inventory)
        return Promise.resolve(new Response(null, { status: 404 }))
      asked.push(url)
      return deliver(url, init)
    },
  })
  const observers = createObservers<BackendEvent>()
  const facts: string[] = []
  observers.add(({ fact }) => facts.push(fact.kind))
  const config = configOf({
    upstreams: [{ id: 'iowa', url: 'https://iowa.test', at: 'gcp/us-central1' }],
    stores: [{ id: 'paris', url: 'https://paris.test', at: 'aws/eu-west-3', ...store }],
  })
  const backends = reconcile(noBackends(runtime, observers), config, undefined)
  await Promise.all(backends.all.map(({ tried }) => tried))
  const paris = backends.stores[0]!
  const clients = new ReturningClients(runtime)
  const noteBlob = (from: string, digest: Digest, start = 0) =>
    clients.noteBlob(
      parseAddress(from)!,
      paris,
      { kind: 'blob', name: 'pause' as Name, digest },
      { start, open: true },
    )
  const note = (from: string, n: number, start = 0) => noteBlob(from, digest(n), start)
  /** The check that the client waits for, if it does. */
  const ask = (from: string, n: number) => {
    const notice = note(from, n)
    return notice?.kind === 'wait' ? notice.until() : undefined
  }
  return { runtime, asked, facts, clients, paris, ask, note, noteBlob }
}

/** A blob that is too large to be fetched whole, so that nobody knows its digest. */
const SIZE = 20_000_000
const whole: Deliver = async (_, { headers }) => {
  const [start, end] = /=(\d+)-(\d+)$/.exec(new Headers(headers).get('range')!)!.slice(1).map(Number)
  const last = Math.min(end!, SIZE - 1)
  return new Response(new Uint8Array(last - start! + 1), {
    status: 206,
    headers: { 'Content-Range': `bytes ${start}-${last}/${SIZE}` },
  })
}
const refused = async () => new Response(null, { status: 403 })

describe('a client that comes back for a blob', () => {
  it('has it checked, and the blob barred and the store checked when it is not delivered', async () => {
    const { runtime, asked, facts, paris, ask } = await world(refused)
    expect(ask('192.0.2.1', 1)).toBeUndefined()
    runtime.advance(3000)
    await ask('192.0.2.1', 1)
    expect(asked).toEqual([`https://paris.test/containers/images/${digest(1)}`])
    expect(facts.filter((kind) => kind !== 'probed')).toEqual([
      'checked',
      'checked',
      'undelivered',
      'checked',
    ])
    expect(paris.known({ kind: 'blob', name: 'pause' as Name, digest: digest(1) })).toBe('unknown')
  })

  it('is not one that comes for another blob, or from elsewhere', async () => {
    const { asked, ask } = await world(refused)
    ask('192.0.2.1', 1)
    expect(ask('192.0.2.1', 2)).toBeUndefined()
    expect(ask('192.0.2.2', 1)).toBeUndefined()
    expect(asked).toEqual([])
  })

  it('makes the rest of its pull wait for the check, and nobody else', async () => {
    const { promise, resolve } = Promise.withResolvers<Response>()
    const { ask } = await world(() => promise)
    ask('192.0.2.1', 1)
    const check = ask('192.0.2.1', 1)
    expect(ask('192.0.2.1', 2)).toBe(check)
    expect(ask('192.0.2.9', 2)).toBeUndefined()
    resolve(await refused())
    await check
    expect(ask('192.0.2.1', 3)).toBeUndefined()
  })
})

describe('two hundred nodes behind one address', () => {
  it('cost one check of a blob in thirty seconds, and the store nothing', async () => {
    const { runtime, asked, facts, ask } = await world(whole)
    for (let second = 0; second < 60; second++) {
      for (let node = 0; node < 200; node++) await ask('192.0.2.1', 1)
      runtime.advance(1000)
    }
    // Of each check: the beginning, the end and a place in between.
    expect(asked.length).toBe(2 * 3)
    expect(facts).not.toContain('undelivered')
  })
})

const LISTED = makeBlob('listed')
const { pointer, bytes } = makeInventory([LISTED], 1000)
/** What a store serves that was filled by `sync`. */
const FILLED = new Map([
  [`/${INVENTORY_POINTER_PATH}`, formatInventoryPointer(pointer)],
  [`/${inventoryPath(pointer.digest)}`, bytes],
  [`/containers/images/${LISTED.digest}`, LISTED.bytes],
])
const filled: Deliver = async (url, { method, headers }) => {
  const content = Buffer.from(FILLED.get(new URL(url).pathname)!)
  const [, from, to] = /=(\d+)-(\d*)$/.exec(new Headers(headers).get('range') ?? '') ?? []
  const part = content.subarray(Number(from ?? 0), to ? Number(to) + 1 : content.length)
  return new Response(method === 'HEAD' ? null : part, {
    status: from === undefined ? 200 : 206,
    headers: {
      'Content-Length': `${part.length}`,
      ...(from && { 'Content-Range': `bytes ${from}-${Number(from) + part.length - 1}/${content.length}` }),
    },
  })
}

describe('a client that comes back for the third time', () => {
  it.each([
    ['what the inventory says', filled, true, LISTED.bytes.length],
    ['16 MiB where nobody says how large it is', whole, false, 16 * 2 ** 20],
  ])('counts as moved bytes %s', async (_, deliver, inventory, moved) => {
    const { runtime, clients, paris, noteBlob } = await world(deliver, { inventory })
    await until('its inventory', () => !inventory || paris.inventory?.status === 'ok')
    for (let attempt = 0; attempt < 3; attempt++) {
      noteBlob('192.0.2.1', LISTED.digest as Digest)
      runtime.advance(5000)
    }
    expect(clients.status().stores).toMatchObject([{ store: 'paris', movedBytes: moved }])
  })

  it('is sent elsewhere, although our own checks find nothing wrong', async () => {
    const { runtime, facts, ask, note } = await world(whole)
    for (let attempt = 0; attempt < 2; attempt++) {
      await ask('192.0.2.1', 1)
      runtime.advance(10_500)
    }
    expect(note('192.0.2.1', 1)).toEqual({ kind: 'move', past: 'this' })
    expect(facts).toContain('delivered')
    expect(facts).not.toContain('undelivered')
  })

  it('is not one that goes on where its download broke off, or fetches many parts at once', async () => {
    const { runtime, note } = await world(whole)
    for (let part = 0; part < 20; part++) {
      expect(note('192.0.2.1', 1, part * 1_000_000)).toBeUndefined()
      if (part % 5 === 0) runtime.advance(10_000)
    }
  })
})
