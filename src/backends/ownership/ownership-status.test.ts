import { beforeAll, beforeEach, expect, it } from 'vitest'
import { layFirstProof, layProof, makeKey } from '../../../test/support/inventory.ts'
import type { Served } from '../../../test/support/misbehaving.ts'
import { createTestRuntime, type TestRuntime } from '../../../test/support/test-runtime.ts'
import { OWNERSHIP_PATH } from '../../inventory/paths.ts'
import type { Digest } from '../../oci/digest.ts'
import type { CheckResult } from '../health/check-result.ts'
import { importPublicKey } from './ownership-key.ts'
import { examineOwnership, type OwnershipClaim, type OwnershipStatus, UNCHECKED } from './ownership-status.ts'

const MINUTE = 60_000
const DAY = 86_400_000
const KEY = makeKey()

let claim: OwnershipClaim
let runtime: TestRuntime
let served: Map<string, Served>
let answer: (() => Promise<Response>) | undefined
let asked: string[]
let status: OwnershipStatus

beforeAll(async () => {
  const publicKey = await importPublicKey(KEY.publicKey)
  const url = 'https://paris.test/images'
  claim = { url, store: 'paris', storeUrl: url, publicKey, maxAge: 30 * DAY }
})
beforeEach(async () => {
  runtime = createTestRuntime({
    async fetch(url) {
      asked.push(url)
      const proof = served.get(`/${OWNERSHIP_PATH}`)
      return (
        answer?.() ??
        new Response(proof?.bytes as Uint8Array<ArrayBuffer>, { status: proof === undefined ? 404 : 200 })
      )
    },
  })
  served = new Map()
  answer = undefined
  asked = []
  status = UNCHECKED
  await lay()
})

const lay = (key = KEY) => layFirstProof(served, key, 'paris', runtime.date().getTime())
const hard = expect.objectContaining({ kind: 'failed', hard: true })

async function examine(by = claim): Promise<CheckResult | undefined> {
  const report = await examineOwnership(by, status, runtime.fetch, runtime)
  status = report.status
  return report.failure
}

it('asks once in a few minutes for a proof that holds', async () => {
  expect(await examine()).toBeUndefined()
  expect(asked).toEqual([`https://paris.test/images/${OWNERSHIP_PATH}`])
  expect(status).toMatchObject({ status: 'proven', issued: runtime.date().getTime() })
  runtime.advance(4 * MINUTE)
  expect(await examine()).toBeUndefined()
  expect(asked).toHaveLength(1)
  runtime.advance(2 * MINUTE)
  expect(await examine()).toBeUndefined()
  expect(asked).toHaveLength(2)
})

it('asks each time for one that does not hold', async () => {
  await lay(makeKey())
  for (let check = 0; check < 3; check++) expect(await examine()).toEqual(hard)
  expect(asked).toHaveLength(3)
  expect(status).toMatchObject({ status: 'refused', because: 'bad-signature' })
  await lay()
  expect(await examine()).toBeUndefined()
  expect(status.status).toBe('proven')
})

it('notices that a proof grew too old without asking for it before', async () => {
  const brief = { ...claim, maxAge: 2 * MINUTE }
  expect(await examine(brief)).toBeUndefined()
  runtime.advance(2 * MINUTE + 1)
  expect(await examine(brief)).toEqual(hard)
  expect(status).toMatchObject({ status: 'refused', because: 'too-old' })
})

it('asks anew when told to, as after a reload', async () => {
  await examine()
  status = { ...status, recheckAt: 0 }
  await examine()
  expect(asked).toHaveLength(2)
})

it.each<[string, () => Promise<Response>]>([
  ['does not answer', () => Promise.reject(new Error('no answer within 2000 ms'))],
  ['answers 503', async () => new Response(null, { status: 503 })],
  ['answers 429', async () => new Response(null, { status: 429 })],
])('takes it for a weakness that may pass when the store %s', async (_, misbehave) => {
  await examine()
  runtime.advance(10 * MINUTE)
  answer = misbehave
  expect(await examine()).toMatchObject({ kind: 'failed', hard: false })
  expect(status.status).toBe('proven')
})

it.each([301, 307, 401, 403, 404, 410])('takes %i for a proof that is missing', async (code) => {
  answer = async () => new Response(null, { status: code })
  expect(await examine()).toMatchObject({
    hard: true,
    why: `no proof of ownership: ${OWNERSHIP_PATH} answered ${code}`,
  })
  expect(status).toMatchObject({ status: 'refused', because: 'missing' })
})

it('goes by the newest that was seen: a copy of an older one neither undoes it nor sets its inventory free', async () => {
  const inventory = `sha256:${'ab'.repeat(32)}` as Digest
  const issued = runtime.date().getTime()
  const stated = { store: 'paris', url: claim.storeUrl, issued, inventory }
  await layProof(served, KEY, stated)
  await examine()
  expect(status).toMatchObject({ status: 'proven', issued, inventory })
  for (const older of [
    () => layFirstProof(served, KEY, 'paris', issued - DAY),
    () => layProof(served, KEY, { ...stated, issued: issued - 1, inventory: 'none' }),
  ]) {
    await older()
    runtime.advance(10 * MINUTE)
    expect(await examine()).toBeUndefined()
    expect(status).toMatchObject({ status: 'proven', issued, expires: issued + 30 * DAY, inventory })
  }
  await layProof(served, KEY, { ...stated, issued: issued + 1, inventory: 'none' })
  runtime.advance(10 * MINUTE)
  await examine()
  expect(status).toMatchObject({ issued: issued + 1, inventory: 'none' })
})
