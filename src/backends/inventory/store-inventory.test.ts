import { afterEach, beforeEach, expect, it } from 'vitest'
import { makeBlob } from '../../../test/support/content.ts'
import { makeInventory, type TestInventory } from '../../../test/support/inventory.ts'
import {
  type ListServer,
  list,
  stalled,
  startListServer,
  status,
  truncated,
} from '../../../test/support/list-server.ts'
import { createTestRuntime, type TestRuntime } from '../../../test/support/test-runtime.ts'
import { until } from '../../../test/support/until.ts'
import { INVENTORY_POINTER_PATH, inventoryPath } from '../../inventory/paths.ts'
import { formatInventoryPointer } from '../../inventory/pointer.ts'
import type { Digest } from '../../oci/digest.ts'
import { parseName, parseTag } from '../../oci/name.ts'
import { createInventories, type Inventories } from './inventories.ts'
import { StoreInventory, type StoreInventoryParts } from './store-inventory.ts'

const MINUTE = 60_000
const OLD = makeInventory([makeBlob('a')], 1000)
const NEW = makeInventory([makeBlob('a'), makeBlob('b')], 2000)

let made: AsyncDisposableStack
let server: ListServer
let runtime: TestRuntime
let attempts: string[]
let inventories: Inventories
let paris: StoreInventory
let virginia: StoreInventory

beforeEach(async () => {
  made = new AsyncDisposableStack()
  server = made.use(await startListServer())
  runtime = createTestRuntime()
  attempts = []
  inventories = createInventories()
  paris = inventoryOf('paris')
  virginia = inventoryOf('virginia')
})
afterEach(() => made.disposeAsync())

function inventoryOf(id: string, parts: Partial<StoreInventoryParts> = {}): StoreInventory {
  const inventory = new StoreInventory({
    url: `${server.origin}/${id}`,
    fetch: (url, init) => fetch(url, init),
    download: (url, init) => fetch(url, init),
    runtime,
    inventories,
    ...parts,
    report: ({ kind }, before) =>
      attempts.push(`${id} ${kind}${before === undefined ? '' : ' after a problem'}`),
  })
  made.defer(() => inventory.stop())
  return inventory
}

function lay(store: string, { pointer, bytes }: TestInventory, etag?: string): void {
  const text = new TextDecoder().decode(formatInventoryPointer(pointer))
  server.replies.set(`/${store}/${INVENTORY_POINTER_PATH}`, list(text, etag))
  server.replies.set(`/${store}/${inventoryPath(pointer.digest)}`, (_, response) => response.end(bytes))
}

const attempted = (count: number) => until(`${count} attempts`, () => attempts.length >= count)
const downloads = () => server.requests.filter((request) => request.endsWith('.bin'))
const pointers = () => server.requests.length - downloads().length
const presence = (label: string, store = paris) =>
  store.presence({ kind: 'blob', name: parseName('app')!, digest: makeBlob(label).digest as Digest })

it('looks every minute, and fetches only what has changed', async () => {
  lay('paris', OLD, '"1"')
  paris.refresh()
  await attempted(1)
  expect([presence('a'), presence('b')]).toEqual(['present', 'absent'])
  runtime.advance(MINUTE)
  await attempted(2)
  expect([pointers(), downloads().length]).toEqual([2, 1])
  lay('paris', NEW, '"2"')
  runtime.advance(MINUTE)
  await attempted(3)
  expect([presence('a'), presence('b')]).toEqual(['present', 'present'])
  expect(attempts).toEqual(['paris loaded', 'paris unchanged', 'paris loaded'])
  expect(paris.status).toEqual({
    status: 'ok',
    digest: NEW.pointer.digest,
    at: 2000,
    count: 2,
  })
})

it('until it is there, what no other store lists is absent, and what one lists has to be asked for', async () => {
  expect(presence('a')).toBeUndefined()
  lay('virginia', OLD)
  virginia.refresh()
  await attempted(1)
  expect([presence('a'), presence('b')]).toEqual([undefined, 'absent'])
})

it('does not fetch the same inventory again where the store knows no ETag', async () => {
  lay('paris', OLD)
  paris.refresh()
  await attempted(1)
  runtime.advance(MINUTE)
  await attempted(2)
  expect([pointers(), downloads().length]).toEqual([2, 1])
})

it.each<[string, () => void]>([
  ['its pointer is gone', () => server.replies.delete(`/paris/${INVENTORY_POINTER_PATH}`)],
  ['its file is gone', () => server.replies.delete(`/paris/${inventoryPath(NEW.pointer.digest)}`)],
  ['its pointer is a page', () => server.replies.set(`/paris/${INVENTORY_POINTER_PATH}`, list('<html>'))],
  [
    'its file breaks off',
    () => server.replies.set(`/paris/${inventoryPath(NEW.pointer.digest)}`, truncated('x')),
  ],
  [
    'its pointer leads elsewhere',
    () => server.replies.set(`/paris/${INVENTORY_POINTER_PATH}`, status(307, { Location: '/virginia/x' })),
  ],
  [
    'it says that nothing changed though nobody asked',
    () => server.replies.set(`/paris/${INVENTORY_POINTER_PATH}`, status(304)),
  ],
])('keeps the inventory in use when %s, and takes the new one when that is over', async (_, spoil) => {
  lay('paris', OLD)
  paris.refresh()
  await attempted(1)
  lay('paris', NEW)
  spoil()
  runtime.advance(MINUTE)
  await attempted(2)
  expect([presence('a'), presence('b')]).toEqual(['present', 'absent'])
  expect(paris.status).toMatchObject({ status: 'kept', count: 1, problem: expect.any(String) })
  lay('paris', NEW)
  runtime.advance(MINUTE)
  await attempted(3)
  expect(presence('b')).toBe('present')
  expect(attempts).toEqual(['paris loaded', 'paris failed', 'paris loaded after a problem'])
})

it('asks anew with no ETag for what it could not take', async () => {
  lay('paris', OLD, '"1"')
  server.replies.delete(`/paris/${inventoryPath(OLD.pointer.digest)}`)
  paris.refresh()
  await attempted(1)
  lay('paris', OLD, '"1"')
  runtime.advance(MINUTE)
  await attempted(2)
  expect(attempts).toEqual(['paris failed', 'paris loaded after a problem'])
})

it('waits a minute for a file, and no longer', async () => {
  lay('paris', OLD)
  server.replies.set(`/paris/${inventoryPath(OLD.pointer.digest)}`, stalled('PORTOINV'))
  paris.refresh()
  await until('the download to begin', () => downloads().length === 1)
  runtime.advance(MINUTE)
  await attempted(1)
  expect(paris.status).toMatchObject({
    status: 'missing',
    problem: expect.stringMatching(/does not come: no complete answer within 60 s$/),
  })
})

it('has one inventory in memory for all stores that have the same', async () => {
  lay('paris', OLD)
  lay('virginia', OLD)
  paris.refresh()
  virginia.refresh()
  await attempted(2)
  expect([presence('a', paris), presence('a', virginia)]).toEqual(['present', 'present'])
  expect(downloads()).toHaveLength(1)
})

it('takes the file of another store when one does not have it', async () => {
  lay('paris', OLD)
  lay('virginia', OLD)
  server.replies.delete(`/paris/${inventoryPath(OLD.pointer.digest)}`)
  paris.refresh()
  virginia.refresh()
  await attempted(2)
  expect(presence('a', virginia)).toBe('present')
})

it('says what is present and absent, with what it is, and does not know what a newer one of another store lists', async () => {
  lay('paris', OLD)
  lay('virginia', NEW)
  paris.refresh()
  await attempted(1)
  expect([presence('a'), presence('b')]).toEqual(['present', 'absent'])
  virginia.refresh()
  await attempted(2)
  expect(presence('b')).toBeUndefined()
  virginia.stop()
  expect(presence('b')).toBe('absent')
  const { digest } = makeBlob('a')
  const name = parseName('app')!
  expect(paris.listed({ kind: 'blob', name, digest: digest as Digest })).toEqual({ size: 2048 })
  const tag = parseTag('v1')!
  expect(paris.presence({ kind: 'manifest', name, byDigest: false, reference: tag })).toBeUndefined()
})

it('asks for nothing before it is told to, and forgets what one said that is not ours any more', async () => {
  lay('paris', OLD)
  expect(paris.status).toEqual({ status: 'pending' })
  expect(server.requests).toEqual([])
  paris.refresh()
  await attempted(1)
  expect(presence('a')).toBe('present')
  paris.forget()
  expect(presence('a')).toBeUndefined()
  runtime.advance(2 * MINUTE)
  expect(pointers()).toBe(1)
  expect(paris.status).toEqual({ status: 'pending' })
})

it('looks once more when it is told to while it looks, since a new one may have come after it asked', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const pointer = new TextDecoder().decode(formatInventoryPointer(OLD.pointer))
  lay('paris', OLD)
  server.replies.set(`/paris/${INVENTORY_POINTER_PATH}`, (_, response) =>
    promise.then(() => response.end(pointer)),
  )
  paris.refresh()
  await until('the question', () => pointers() === 1)
  paris.refresh()
  paris.refresh()
  lay('paris', NEW)
  server.replies.set(`/paris/${inventoryPath(OLD.pointer.digest)}`, (_, response) => response.end(OLD.bytes))
  resolve()
  await attempted(1)
  runtime.advance(1)
  await attempted(2)
  expect(presence('b')).toBe('present')
  runtime.advance(1)
  expect(pointers()).toBe(2)
})

it('takes nothing in that it was asked for before it was told to forget', async () => {
  lay('paris', OLD)
  paris.refresh()
  paris.forget()
  paris.refresh()
  await attempted(1)
  expect(attempts).toEqual(['paris loaded'])
})

it('a pointer whose signature is wrong is refused, and one without any once there was one', async () => {
  let fault: string | undefined
  const berlin = inventoryOf('berlin', { pointerFault: async () => fault })
  const proof = { store: 'berlin', issued: 0, signature: btoa('x'.repeat(64)) }
  const signedOld = { ...OLD, pointer: { ...OLD.pointer, proof } }
  lay('berlin', signedOld)
  berlin.refresh()
  await attempted(1)
  expect(berlin.status).toMatchObject({ status: 'ok', digest: OLD.pointer.digest })

  lay('berlin', NEW)
  runtime.advance(MINUTE)
  await attempted(2)
  expect(berlin.status).toMatchObject({
    status: 'kept',
    digest: OLD.pointer.digest,
    problem: 'the pointer is refused: it is not signed, and the one before was',
  })

  fault = 'its signature is wrong'
  lay('berlin', { ...NEW, pointer: { ...NEW.pointer, proof } })
  runtime.advance(MINUTE)
  await attempted(3)
  expect(berlin.status.problem).toBe('the pointer is refused: its signature is wrong')

  fault = undefined
  runtime.advance(MINUTE)
  await attempted(4)
  expect(berlin.status).toMatchObject({ status: 'ok', digest: NEW.pointer.digest })
})

it('goes by no pointer but the one that the proof of ownership goes with; for a while, a cache may have kept one of the two', async () => {
  let named = OLD.pointer.digest
  const berlin = inventoryOf('berlin', {
    faultBesideProof: async ({ digest }) => (digest === named ? undefined : `it names ${digest}`),
  })
  lay('berlin', NEW)
  berlin.refresh()
  await attempted(1)
  expect(berlin.status).toMatchObject({
    status: 'missing',
    problem: `the pointer is refused: it names ${NEW.pointer.digest}`,
  })

  lay('berlin', OLD, '"old"')
  runtime.advance(MINUTE)
  await attempted(2)
  expect(berlin.status).toMatchObject({ status: 'ok', digest: OLD.pointer.digest })

  // The proof is renewed, and the pointer stays: at first it may be a cache's.
  named = NEW.pointer.digest
  for (let minute = 0; minute < 10; minute++) {
    runtime.advance(MINUTE)
    await attempted(3 + minute)
  }
  expect(attempts.slice(2)).toEqual(Array(10).fill('berlin unchanged'))
  expect(berlin.status.status).toBe('ok')
  runtime.advance(2 * MINUTE)
  await attempted(13)
  expect(berlin.status).toMatchObject({
    status: 'kept',
    digest: OLD.pointer.digest,
    problem: `the pointer is refused: it names ${OLD.pointer.digest}`,
  })

  lay('berlin', NEW)
  runtime.advance(MINUTE)
  await attempted(14)
  expect(berlin.status).toMatchObject({ status: 'ok', digest: NEW.pointer.digest })
})
