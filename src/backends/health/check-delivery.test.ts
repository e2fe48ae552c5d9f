import { describe, expect, it } from 'vitest'
import { blobOf, makeBlob, storeContent, type TestBlob } from '../../../test/support/content.ts'
import { FAULTS, type Fault, startMisbehaving } from '../../../test/support/misbehaving.ts'
import { CELLAR } from '../../../test/support/places.ts'
import { probeFetch } from '../../../test/support/probe-fetch.ts'
import { storeAt } from '../../../test/support/view.ts'
import { parseDigest } from '../../oci/digest.ts'
import { compileDigestPath } from '../../routing/backend.ts'
import { deliversBlob } from './check-delivery.ts'

const SMALL = makeBlob('small')
const LARGE = blobOf(Buffer.alloc(3 * 1024 * 1024, 'large'))
const HUGE = blobOf(Buffer.alloc(9 * 1024 * 1024, 'huge'))
const EMPTY = blobOf(new Uint8Array())

async function delivers(blob: TestBlob, fault?: Fault): Promise<boolean> {
  await using server = await startMisbehaving({ content: storeContent([blob]), fault })
  const blobPath = compileDigestPath('containers/images/{digest}')
  const store = storeAt('store', CELLAR, { url: server.origin, blobPath })
  return await deliversBlob(store, parseDigest(blob.digest)!, probeFetch(1000), { random: () => 0.5 })
}

describe('the verification of a blob', () => {
  it.each([
    ['a small one', SMALL],
    ['one that is longer than the sample', LARGE],
    ['one that is too long to be fetched whole', HUGE],
    ['an empty one', EMPTY],
  ])('believes a store that delivers %s', async (_, blob) => {
    expect(await delivers(blob)).toBe(true)
  })

  it('believes a store that ignores the range of an empty blob, as nginx does', async () => {
    expect(await delivers(EMPTY, 'Range ignored')).toBe(true)
  })

  it('notices that a store takes a blob for an empty one', async () => {
    const blobPath = compileDigestPath('containers/images/{digest}')
    const store = storeAt('store', CELLAR, { url: 'http://store.test', blobPath })
    for (const reply of [{ status: 416 }, { status: 200, headers: { 'Content-Length': '0' } }]) {
      const fetch = async () => new Response(null, reply)
      const delivered = deliversBlob(store, parseDigest(SMALL.digest)!, fetch, { random: () => 0.5 })
      expect(await delivered).toBe(false)
    }
  })

  it.each(FAULTS.filter((fault) => fault !== 'expired certificate'))('notices %s', async (fault) => {
    expect(await delivers(SMALL, fault)).toBe(false)
  })

  it.each<Fault>(['stall in the body', 'cut in the body'])('notices %s of a large blob', async (fault) => {
    expect(await delivers(LARGE, fault)).toBe(false)
  })

  it('notices wrong bytes anywhere in a blob of some megabytes', async () => {
    const bytes = Buffer.from(LARGE.bytes)
    bytes[2_500_000]! ^= 1
    await using server = await startMisbehaving({ content: storeContent([{ ...LARGE, bytes }]) })
    const blobPath = compileDigestPath('containers/images/{digest}')
    const store = storeAt('store', CELLAR, { url: server.origin, blobPath })
    const delivered = deliversBlob(store, parseDigest(LARGE.digest)!, probeFetch(1000), { random: () => 0.5 })
    expect(await delivered).toBe(false)
  })
})
