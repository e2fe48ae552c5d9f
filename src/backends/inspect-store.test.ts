import { beforeEach, expect, it } from 'vitest'
import { makeBlob, type TestBlob } from '../../test/support/content.ts'
import { CELLAR } from '../../test/support/places.ts'
import { createTestRuntime } from '../../test/support/test-runtime.ts'
import { storeAt } from '../../test/support/view.ts'
import type { StoreConfig } from '../config/config.ts'
import type { Digest } from '../oci/digest.ts'
import { type BackendState, initialState, reduce } from './backend-state.ts'
import { inspectStore } from './inspect-store.ts'

const BLOBS = Array.from({ length: 5 }, (_, n) => makeBlob(`blob ${n}`, 100 + n))
const CONFIG: StoreConfig = {
  id: 'store',
  url: 'https://store.test',
  blobs: '{digest}',
  at: 'x/y',
  inventory: false,
}
const store = storeAt('store', CELLAR)

/** Blobs whose HEAD is right and whose GET is not: archived, spoilt, held back. */
let refused: Map<string, () => Response>
let state: BackendState
let yes: boolean

beforeEach(() => {
  refused = new Map()
  state = initialState(0)
  yes = false
})

const runtime = createTestRuntime({
  async fetch(url, { method = 'GET', headers }) {
    const digest = url.split('/').at(-1)!
    const blob = BLOBS.find((one) => one.digest === digest)
    if (blob === undefined) return new Response(null, { status: yes ? 200 : 404 })
    const { bytes } = blob
    if (method === 'HEAD') return new Response(null, { headers: { 'Content-Length': String(bytes.length) } })
    const refusal = refused.get(digest)
    if (refusal !== undefined) return refusal()
    const range = /^bytes=(\d+)-(\d*)$/.exec(new Headers(headers).get('range') ?? '')
    if (range === null) return new Response(Uint8Array.from(bytes))
    const [start, end] = [Number(range[1]), range[2] === '' ? bytes.length : Number(range[2]) + 1]
    return new Response(Uint8Array.from(bytes.subarray(start, end)), {
      status: 206,
      headers: { 'Content-Range': `bytes ${start}-${end - 1}/${bytes.length}` },
    })
  },
})

const context = {
  policy: { failures: 3, successes: 2, ejectionTime: 1000 },
  holdsAnything: true,
  hasInventory: false,
  now: 0,
}

/** A client asked for it, and the store said that it has it. */
function learn({ digest, bytes }: TestBlob): void {
  const request = { kind: 'blob', name: 'app', digest } as never
  const finding = { presence: 'present', size: bytes.length } as const
  state = reduce(
    state,
    { kind: 'probed', request, finding, milliseconds: 1, expectation: 'possible' },
    context,
  )
}

async function check(): Promise<string> {
  const parts = { config: CONFIG, store, claim: undefined, fetch: runtime.fetch, runtime }
  const report = await inspectStore(parts, state, undefined)
  state = reduce(state, { kind: 'checked', report, milliseconds: 1 }, context)
  return state.health.status
}

const archived = () => new Response(null, { status: 403 })
const spoilt = () => new Response('other bytes')

it.each([
  ['archived', archived],
  ['spoilt', spoilt],
])('one object that is %s does not take a store out, however often it is tried', async (_, refusal) => {
  learn(BLOBS[0]!)
  expect(await check()).toBe('healthy')
  refused.set(BLOBS[0]!.digest, refusal)
  for (let n = 0; n < 20; n++) {
    expect(await check()).toBe('healthy')
    learn(BLOBS[0]!)
  }
})

it('is replaced by another, by which the store is tried from then on', async () => {
  refused.set(BLOBS[0]!.digest, archived)
  for (const blob of BLOBS.slice(0, 2)) learn(blob)
  expect(await check()).toBe('healthy')
  expect(state.learned.map(({ digest }) => digest)).toEqual([BLOBS[1]!.digest as Digest])
  expect(state.failedObjects).toEqual([])
})

it('several different ones do, whether they fail at once or one after the other', async () => {
  learn(BLOBS[0]!)
  expect(await check()).toBe('healthy')
  for (const { digest } of BLOBS) refused.set(digest, spoilt)
  expect(await check()).toBe('healthy')
  learn(BLOBS[1]!)
  expect(await check()).toBe('healthy')
  learn(BLOBS[2]!)
  expect(await check()).toBe('ejected')
})

it('a store that says it has anything is out at once', async () => {
  learn(BLOBS[0]!)
  expect(await check()).toBe('healthy')
  refused.set(BLOBS[0]!.digest, spoilt)
  yes = true
  expect(await check()).toBe('ejected')
})
