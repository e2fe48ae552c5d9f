import { expect, it } from 'vitest'
import { configOf } from '../../test/support/config.ts'
import { makeBlob } from '../../test/support/content.ts'
import { createTestRuntime } from '../../test/support/test-runtime.ts'
import { createObservers } from '../internal/observers.ts'
import type { Digest } from '../oci/digest.ts'
import { parseName } from '../oci/name.ts'
import type { OciRequest } from '../oci/path.ts'
import type { Presence } from '../routing/decide.ts'
import { type Backends, noBackends, reconcile } from './backends.ts'
import { failed, failedHard, PASSED } from './health/check-result.ts'
import type { SharedFindings } from './shared-findings.ts'

const CONFIG = configOf({
  upstreams: [{ id: 'iowa', url: 'https://iowa.test', at: 'gcp/us-central1' }],
  stores: [{ id: 'paris', url: 'https://paris.test', at: 'aws/eu-west-3' }],
})
const REQUEST: OciRequest = {
  kind: 'blob',
  name: parseName('app')!,
  digest: makeBlob('blob').digest as Digest,
}

/** Backends that all hold everything but what nobody can have, beside other doors that found something. */
async function doorBeside(shared: SharedFindings) {
  const requests: string[] = []
  const works: Promise<unknown>[] = []
  const runtime = createTestRuntime({
    async fetch(url, { method = 'GET' }) {
      requests.push(`${method} ${url}`)
      return new Response(method === 'HEAD' ? null : '{}', { status: url.includes('00c0ffee') ? 404 : 200 })
    },
    background: (work) => works.push(work),
  })
  const backends = reconcile(noBackends(runtime, createObservers(), { shared }), CONFIG, undefined)
  await Promise.all(backends.all.map(({ tried }) => tried))
  const settled = async () => {
    for (let before = -1; before < works.length; ) {
      before = works.length
      await Promise.all(works)
    }
  }
  return { backends, requests, runtime, settled, paris: backends.stores[0]! }
}

function presence(found: Presence | undefined) {
  const kept: [finding: Presence, milliseconds: number][] = []
  const asked: number[] = []
  const shared: SharedFindings = {
    presence: {
      async find(_, __, since) {
        asked.push(since)
        return found
      },
      async keep(_, __, finding, milliseconds) {
        kept.push([finding, milliseconds])
      },
    },
  }
  return { kept, asked, shared }
}

const usable = (backends: Backends) => backends.all.filter((live) => live.isUsable).map(({ id }) => id)

it('what another door has checked nobody checks again, and it goes by what was found', async () => {
  const results = [PASSED, failedHard('it has wrong bytes')]
  let at = 0
  const { backends, requests, runtime, settled } = await doorBeside({
    checks: { latest: async () => ({ report: { result: results.shift() ?? PASSED }, at: at++ }) },
  })
  expect([requests, usable(backends)]).toEqual([[], ['iowa']])
  await settled()
  runtime.advance(60_000)
  await settled()
  expect([requests, usable(backends)]).toEqual([[], ['iowa', 'paris']])
})

it('what another door has found long ago does not outweigh what clients see here now', async () => {
  const failure = { presence: 'unknown', failure: failed('HEAD answered 503') } as const
  const { paris, runtime, settled } = await doorBeside({
    checks: { latest: async () => ({ report: { result: PASSED }, at: 1 }) },
  })
  for (let n = 0; n < 3; n++) {
    await settled()
    paris.record({
      kind: 'probed',
      request: REQUEST,
      finding: failure,
      milliseconds: 1,
      expectation: 'possible',
    })
    runtime.advance(15_000)
  }
  expect(paris.isUsable).toBe(false)
})

it('what it has taken out of traffic itself it checks itself, to take it in again', async () => {
  let at = 0
  const { paris, requests, runtime, settled } = await doorBeside({
    checks: { latest: async () => ({ report: { result: PASSED }, at: at++ }) },
  })
  paris.record({ kind: 'checked', report: { result: failedHard('it has wrong bytes') }, milliseconds: 1 })
  const seen: [usable: boolean, asked: number][] = []
  for (let n = 0; n < 3; n++) {
    await settled()
    seen.push([paris.isUsable, requests.length])
    runtime.advance(15_000)
  }
  expect(seen).toEqual([
    [false, 0],
    [false, 1],
    [true, 2],
  ])
})

it('is asked itself when a client could not get what it has', async () => {
  const { paris, requests } = await doorBeside({
    checks: { latest: async () => ({ report: { result: PASSED }, at: 1 }) },
  })
  await paris.check()
  expect(requests.length).toBeGreaterThan(0)
})

it('what no other door has checked it checks itself', async () => {
  const { backends, requests } = await doorBeside({ checks: { latest: async () => undefined } })
  expect(requests.length).toBeGreaterThan(0)
  expect(usable(backends)).toEqual(['iowa', 'paris'])
})

it('what another door has found nobody asks for again', async () => {
  const { shared } = presence('absent')
  const { requests, paris } = await doorBeside(shared)
  requests.length = 0
  expect(await paris.has(REQUEST)).toBe('absent')
  expect(paris.known(REQUEST)).toBe('absent')
  expect(requests).toEqual([])
})

it('tells the other doors what it has found, for as long as it believes that itself', async () => {
  const { shared, kept } = presence(undefined)
  const { paris, settled } = await doorBeside(shared)
  expect(await paris.has(REQUEST)).toBe('present')
  await settled()
  expect(kept).toEqual([['present', CONFIG.presence.ttl]])
})

it('tells nobody of a blob that a client could not get', async () => {
  const { shared, kept } = presence(undefined)
  const { paris, settled } = await doorBeside(shared)
  const answer = paris.has(REQUEST)
  paris.bar(REQUEST, 60_000)
  await answer
  await settled()
  expect(kept).toEqual([])
})

it('believes nothing that others found before its store was seen to have lost what it had', async () => {
  const { shared, asked } = presence(undefined)
  const { paris, runtime } = await doorBeside(shared)
  runtime.advance(1000)
  paris.record({ kind: 'checked', report: { result: failedHard('it has wrong bytes') }, milliseconds: 1 })
  await paris.has(REQUEST)
  expect(asked).toEqual([runtime.date().getTime()])
})
