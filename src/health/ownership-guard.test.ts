import { beforeAll, beforeEach, expect, it } from 'vitest'
import { layProof, makeKey } from '../../test/support/inventory.ts'
import type { Served } from '../../test/support/misbehaving.ts'
import { createTestClock, type TestClock } from '../../test/support/test-clock.ts'
import { OWNERSHIP_PATH } from '../inventory/paths.ts'
import { failed } from './evidence.ts'
import { createOwnershipGuard, type OwnershipGuard, type OwnershipPolicy } from './ownership-guard.ts'
import { importPublicKey } from './ownership-key.ts'

const STORE = { id: 'paris', url: 'https://paris.test/images', proof: 'paris' }
const MINUTE = 60_000
const DAY = 86_400_000
const KEY = makeKey()

let policy: OwnershipPolicy
let clock: TestClock
let served: Map<string, Served>
let answer: (() => Promise<Response>) | undefined
let asked: string[]
let changes: string[]
let guard: OwnershipGuard

beforeAll(async () => {
  policy = { publicKey: await importPublicKey(KEY.publicKey), maxAge: 30 * DAY }
})
beforeEach(async () => {
  clock = createTestClock()
  served = new Map()
  answer = undefined
  asked = []
  changes = []
  guard = createOwnershipGuard({
    fetch: () => async (url) => {
      asked.push(url)
      const proof = served.get(`/${OWNERSHIP_PATH}`)
      return (
        answer?.() ??
        new Response(proof?.bytes as Uint8Array<ArrayBuffer>, { status: proof === undefined ? 404 : 200 })
      )
    },
    clock,
    random: () => 0.5,
    onChange: (id, { status, because }) => changes.push([id, status, because].filter(Boolean).join(' ')),
  })
  guard.use(policy, [STORE.id])
  await lay()
})

const lay = (key = KEY) => layProof(served, key, 'paris', clock.date().getTime())
const hard = expect.objectContaining({ kind: 'failed', hard: true })

it('asks once in a few minutes for a proof that holds', async () => {
  expect(await guard.examine(STORE)).toBeUndefined()
  expect(asked).toEqual([`https://paris.test/images/${OWNERSHIP_PATH}`])
  clock.advance(4 * MINUTE)
  expect(await guard.examine(STORE)).toBeUndefined()
  expect(asked).toHaveLength(1)
  clock.advance(2 * MINUTE)
  expect(await guard.examine(STORE)).toBeUndefined()
  expect(asked).toHaveLength(2)
  expect(changes).toEqual(['paris proven'])
})

it('asks each time for one that does not hold, and says it once', async () => {
  await lay(makeKey())
  for (let probe = 0; probe < 3; probe++) expect(await guard.examine(STORE)).toEqual(hard)
  expect(asked).toHaveLength(3)
  await lay()
  expect(await guard.examine(STORE)).toBeUndefined()
  expect(changes).toEqual(['paris refused bad-signature', 'paris proven'])
})

it('notices that a proof grew too old without asking for it before', async () => {
  guard.use({ ...policy, maxAge: 2 * MINUTE }, [STORE.id])
  expect(await guard.examine(STORE)).toBeUndefined()
  clock.advance(2 * MINUTE + 1)
  expect(await guard.examine(STORE)).toEqual(hard)
  expect(changes).toEqual(['paris proven', 'paris refused too-old'])
})

it('asks anew after a reload, and believes what held by the same key until then', async () => {
  await guard.examine(STORE)
  guard.use(policy, [STORE.id])
  expect(guard.status('paris')).toMatchObject({ status: 'proven' })
  await guard.examine(STORE)
  expect(asked).toHaveLength(2)
  guard.use({ ...policy }, [STORE.id])
  expect(guard.status('paris')).toEqual({ status: 'unchecked' })
})

it.each<[string, () => Promise<Response>]>([
  ['does not answer', () => Promise.reject(new Error('no answer within 2000 ms'))],
  ['answers 503', async () => new Response(null, { status: 503 })],
  ['answers 429', async () => new Response(null, { status: 429 })],
])('takes it for a weakness that may pass when the store %s', async (_, misbehave) => {
  await guard.examine(STORE)
  clock.advance(10 * MINUTE)
  answer = misbehave
  expect(await guard.examine(STORE)).toMatchObject({ kind: 'failed', hard: false })
  expect(guard.status('paris')).toMatchObject({ status: 'proven' })
  expect(changes).toEqual(['paris proven'])
})

it.each([301, 307, 401, 403, 404, 410])('takes %i for a proof that is missing', async (status) => {
  answer = async () => new Response(null, { status })
  expect(await guard.examine(STORE)).toMatchObject({
    hard: true,
    why: `no proof of ownership: ${OWNERSHIP_PATH} answered ${status}`,
  })
  expect(changes).toEqual(['paris refused missing'])
})

it('does not believe an answer by rules that a reload has changed', async () => {
  const examined = guard.examine(STORE)
  guard.use({ ...policy }, [STORE.id])
  expect(await examined).toEqual(failed('its proof of ownership is asked for anew'))
  expect(guard.status('paris')).toEqual({ status: 'unchecked' })
})

it('asks nobody where the config does not', async () => {
  guard.use(undefined, [])
  expect(await guard.examine(STORE)).toBeUndefined()
  expect(asked).toEqual([])
})
