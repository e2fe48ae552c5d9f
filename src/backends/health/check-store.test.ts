import { describe, expect, it } from 'vitest'
import { blobOf, makeBlob, storeContent, type TestBlob } from '../../../test/support/content.ts'
import { FAULTS, type Fault, startMisbehaving } from '../../../test/support/misbehaving.ts'
import { CELLAR } from '../../../test/support/places.ts'
import { probeFetch } from '../../../test/support/probe-fetch.ts'
import { storeAt } from '../../../test/support/view.ts'
import { parseDigest } from '../../oci/digest.ts'
import { compileDigestPath } from '../../routing/backend.ts'
import { checkStore, OBJECT_MAX_BYTES } from './check-store.ts'

const CANARY = makeBlob('canary')
const blobPath = compileDigestPath('containers/images/{digest}')

async function admit(canary: TestBlob | undefined, held: readonly TestBlob[], fault?: Fault) {
  await using server = await startMisbehaving({ content: storeContent(held), fault })
  const store = storeAt('store', CELLAR, { url: server.origin, blobPath })
  return await checkStore(store, canary && parseDigest(canary.digest), probeFetch())
}

const SOFT: readonly Fault[] = [
  '403',
  '404',
  '500',
  '503 with Retry-After',
  'hang before headers',
  'stall in the body',
  'cut in the body',
  'slow drip',
  'redirect loop',
  'refused connection',
]
/** Needs a server with certificates; the cases of the whole door have it. */
const ELSEWHERE: readonly Fault[] = ['expired certificate']

describe('the admission of a store', () => {
  it('passes in full what gives its canary whole and in parts', async () => {
    expect(await admit(CANARY, [CANARY])).toEqual({ kind: 'passed', proof: 'full' })
  })

  it.each([0, 1, 2, 3])('passes a canary of %i bytes', async (size) => {
    const canary = makeBlob('tiny', size)
    expect(await admit(canary, [canary])).toEqual({ kind: 'passed', proof: 'full' })
  })

  it.each(FAULTS.filter((fault) => !ELSEWHERE.includes(fault)))('fails on %s', async (fault) => {
    expect(await admit(CANARY, [CANARY], fault)).toMatchObject({
      kind: 'failed',
      hard: !SOFT.includes(fault),
      why: expect.any(String),
    })
  })

  it('fails hard on a name that does not resolve', async () => {
    const store = storeAt('store', CELLAR, { url: 'http://store.invalid', blobPath })
    expect(await checkStore(store, parseDigest(CANARY.digest), probeFetch(10_000))).toMatchObject({
      hard: true,
      why: expect.stringContaining('ENOTFOUND'),
    })
  })

  it('refuses a canary that is too large to be fetched at every probe', async () => {
    const large = blobOf(Buffer.alloc(OBJECT_MAX_BYTES + 1))
    expect(await admit(large, [large])).toMatchObject({ hard: true, why: expect.stringContaining('larger') })
  })

  it.each<[Fault | undefined, string]>([
    [undefined, 'passed'],
    ['403', 'passed'],
    ['404', 'passed'],
    ['500', 'failed'],
    ['hang before headers', 'failed'],
    ['refused connection', 'failed'],
  ])('takes any answer below 500 for life when there is no canary: %s', async (fault, kind) => {
    expect(await admit(undefined, [], fault)).toMatchObject(
      kind === 'passed' ? { kind, proof: 'provisional' } : { kind, hard: false },
    )
  })
})
