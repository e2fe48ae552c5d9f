import { afterEach, beforeEach, expect, it } from 'vitest'
import { makeBlob } from '../../test/support/content.ts'
import { makeInventory, type TestInventory } from '../../test/support/inventory.ts'
import {
  type ListServer,
  list,
  stalled,
  startListServer,
  status,
  truncated,
} from '../../test/support/list-server.ts'
import { PARIS, VIRGINIA } from '../../test/support/places.ts'
import { createTestClock, type TestClock } from '../../test/support/test-clock.ts'
import { until } from '../../test/support/until.ts'
import { storeAt } from '../../test/support/view.ts'
import { INVENTORY_POINTER_PATH, inventoryPath } from '../inventory/paths.ts'
import { formatInventoryPointer } from '../inventory/pointer.ts'
import type { Digest } from '../oci/digest.ts'
import { parseName } from '../oci/name.ts'
import type { Store } from '../routing/backend.ts'
import { createInventoryKeeper, type InventoryKeeper } from './inventory-keeper.ts'

const MINUTE = 60_000
const OLD = makeInventory([makeBlob('a')], 1000)
const NEW = makeInventory([makeBlob('a'), makeBlob('b')], 2000)

let made: AsyncDisposableStack
let server: ListServer
let clock: TestClock
let ours: boolean
let attempts: string[]
let keeper: InventoryKeeper
let paris: Store
let virginia: Store

beforeEach(async () => {
  made = new AsyncDisposableStack()
  server = made.use(await startListServer())
  clock = createTestClock()
  ours = true
  attempts = []
  keeper = createInventoryKeeper({
    fetch: () => (url, init) => fetch(url, init),
    download: () => (url, init) => fetch(url, init),
    clock,
    random: () => 0.5,
    isOurs: () => ours,
    onAttempt: ({ id }, { kind }, before) =>
      attempts.push(`${id} ${kind}${before === undefined ? '' : ' after a problem'}`),
  })
  made.defer(() => keeper.stop())
  paris = storeAt('paris', PARIS, { url: `${server.origin}/paris` })
  virginia = storeAt('virginia', VIRGINIA, { url: `${server.origin}/virginia` })
})
afterEach(() => made.disposeAsync())

function lay(store: string, { pointer, bytes }: TestInventory, etag?: string): void {
  const text = new TextDecoder().decode(formatInventoryPointer(pointer))
  server.replies.set(`/${store}/${INVENTORY_POINTER_PATH}`, list(text, etag))
  server.replies.set(`/${store}/${inventoryPath(pointer.digest)}`, (_, response) => response.end(bytes))
}

const attempted = (count: number) => until(`${count} attempts`, () => attempts.length >= count)
const downloads = () => server.requests.filter((request) => request.endsWith('.bin'))
const pointers = () => server.requests.length - downloads().length
const verdict = (label: string, store = paris) =>
  keeper.verdict(store, { kind: 'blob', name: parseName('app')!, digest: makeBlob(label).digest as Digest })

it('looks every minute, and fetches only what has changed', async () => {
  lay('paris', OLD, '"1"')
  keeper.use([paris])
  await attempted(1)
  expect([verdict('a'), verdict('b')]).toEqual(['present', 'absent'])
  clock.advance(MINUTE)
  await attempted(2)
  expect([pointers(), downloads().length]).toEqual([2, 1])
  lay('paris', NEW, '"2"')
  clock.advance(MINUTE)
  await attempted(3)
  expect([verdict('a'), verdict('b')]).toEqual(['present', 'present'])
  expect(attempts).toEqual(['paris loaded', 'paris unchanged', 'paris loaded'])
  expect(keeper.status(paris)).toEqual({
    status: 'ok',
    digest: NEW.pointer.digest,
    at: 2000,
    count: 2,
    believed: true,
  })
})

it('does not fetch the same inventory again where the store knows no ETag', async () => {
  lay('paris', OLD)
  keeper.use([paris])
  await attempted(1)
  clock.advance(MINUTE)
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
  keeper.use([paris])
  await attempted(1)
  lay('paris', NEW)
  spoil()
  clock.advance(MINUTE)
  await attempted(2)
  expect([verdict('a'), verdict('b')]).toEqual(['present', 'absent'])
  expect(keeper.status(paris)).toMatchObject({ status: 'kept', count: 1, problem: expect.any(String) })
  lay('paris', NEW)
  clock.advance(MINUTE)
  await attempted(3)
  expect(verdict('b')).toBe('present')
  expect(attempts).toEqual(['paris loaded', 'paris failed', 'paris loaded after a problem'])
})

it('asks anew with no ETag for what it could not take', async () => {
  lay('paris', OLD, '"1"')
  server.replies.delete(`/paris/${inventoryPath(OLD.pointer.digest)}`)
  keeper.use([paris])
  await attempted(1)
  lay('paris', OLD, '"1"')
  clock.advance(MINUTE)
  await attempted(2)
  expect(attempts).toEqual(['paris failed', 'paris loaded after a problem'])
})

it('waits a minute for a file, and no longer', async () => {
  lay('paris', OLD)
  server.replies.set(`/paris/${inventoryPath(OLD.pointer.digest)}`, stalled('PORTOINV'))
  keeper.use([paris])
  await until('the download to begin', () => downloads().length === 1)
  clock.advance(MINUTE)
  await attempted(1)
  expect(keeper.status(paris)).toMatchObject({
    status: 'missing',
    problem: expect.stringMatching(/does not come: no complete answer within 60 s$/),
  })
})

it('has one inventory in memory for all stores that have the same', async () => {
  lay('paris', OLD)
  lay('virginia', OLD)
  keeper.use([paris, virginia])
  await attempted(2)
  expect([verdict('a', paris), verdict('a', virginia)]).toEqual(['present', 'present'])
  expect(downloads()).toHaveLength(1)
})

it('takes the file of another store when one does not have it', async () => {
  lay('paris', OLD)
  lay('virginia', OLD)
  server.replies.delete(`/paris/${inventoryPath(OLD.pointer.digest)}`)
  keeper.use([paris, virginia])
  await attempted(2)
  expect(verdict('a', virginia)).toBe('present')
})

it('keeps the inventories of stores that stay, and forgets those that go', async () => {
  lay('paris', OLD)
  lay('virginia', NEW)
  keeper.use([paris])
  await attempted(1)
  keeper.use([paris, virginia])
  expect(verdict('a')).toBe('present')
  await attempted(3)
  expect(downloads()).toHaveLength(2)
  expect(verdict('b')).toBeUndefined()
  keeper.use([paris])
  expect(verdict('a', virginia)).toBeUndefined()
  expect(keeper.status(virginia)).toBeUndefined()
  expect(verdict('b')).toBe('absent')
})

it('asks no store that is not known to be ours, and forgets what one said that is not any more', async () => {
  lay('paris', OLD)
  ours = false
  keeper.use([paris])
  expect(keeper.status(paris)).toEqual({ status: 'pending' })
  expect(server.requests).toEqual([])
  ours = true
  keeper.refresh(paris)
  await attempted(1)
  expect(verdict('a')).toBe('present')
  ours = false
  keeper.forget(paris)
  expect(verdict('a')).toBeUndefined()
  clock.advance(2 * MINUTE)
  expect(pointers()).toBe(1)
})
