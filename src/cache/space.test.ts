import { describe, expect, it } from 'vitest'
import { noiseOf, sha256Of } from '../../test/support/blob-sources.ts'
import type { Digest } from '../oci/digest.ts'
import { Contents } from './contents.ts'
import { Space } from './space.ts'

const BLOCK = 4096
const digestOf = (seed: number) => sha256Of(noiseOf(8, seed))

/** A space of so many blocks, with contents of one block each, the first of which was used first. */
function make(blocks: number, count: number, { needed = [] as number[], failing = false } = {}) {
  const contents = new Contents()
  const removed: number[] = []
  const seedOf = (digest: Digest) => [...Array(100).keys()].find((seed) => digestOf(seed) === digest)!
  const remove = async (digest: Digest) => {
    await Promise.resolve()
    if (failing) throw new Error('read-only')
    removed.push(seedOf(digest))
  }
  const space = new Space(blocks * BLOCK, {
    contents,
    isNeeded: (digest) => needed.includes(seedOf(digest)),
    remove: ({ digest }) => remove(digest),
    removePartial: remove,
    evicted: () => {},
  })
  for (let seed = 0; seed < count; seed++) contents.add(digestOf(seed), BLOCK, seed)
  const content = (seed: number) => contents.get(digestOf(seed))!
  return { space, contents, removed, content }
}

describe('place for what comes', () => {
  it('is taken at once where there is some', () => {
    const { space, removed } = make(4, 2)
    expect(space.begin().take(2 * BLOCK)).toBe(true)
    expect(space.used).toBe(4 * BLOCK)
    expect(removed).toEqual([])
  })

  it('is made by those that were not used for the longest time', async () => {
    const { space, contents, content, removed } = make(4, 4)
    contents.use(content(0), 10)
    expect(await space.begin().take(2 * BLOCK)).toBe(true)
    expect(removed).toEqual([1, 2])
    expect(space.used).toBe(4 * BLOCK)
  })

  it('is made by left downloads first, the oldest first', async () => {
    const { space, removed } = make(4, 2)
    space.replaceIdle([
      { digest: digestOf(11), length: 100, changed: 2 },
      { digest: digestOf(10), length: BLOCK, changed: 1 },
    ])
    expect(space.used).toBe(4 * BLOCK)
    expect(await space.begin().take(BLOCK)).toBe(true)
    expect(removed).toEqual([10])
    expect(space.idle.map(({ digest }) => digest)).toEqual([digestOf(11)])
  })

  it('is never made by what is open, or pinned', async () => {
    const { space, contents, content, removed } = make(4, 4)
    const release = contents.hold(content(0))
    contents.setPinned(new Set([digestOf(1), digestOf(50)]))
    const lot = space.begin()
    expect(await lot.take(2 * BLOCK)).toBe(true)
    expect(removed).toEqual([2, 3])
    expect(await lot.take(BLOCK)).toBe(false)
    release()
    expect(await lot.take(BLOCK)).toBe(true)
    expect(removed).toEqual([2, 3, 0])
    contents.setPinned(new Set())
    expect(await lot.take(BLOCK)).toBe(true)
  })

  it('is made by what names lead to only where that takes more than its part', async () => {
    const { space, removed } = make(8, 8, { needed: [0, 1, 2] })
    const lot = space.begin()
    expect(await lot.take(5 * BLOCK)).toBe(true)
    expect(removed).toEqual([3, 4, 5, 6, 7])
    // Three of eight blocks are more than a quarter; two are not.
    expect(await lot.take(BLOCK)).toBe(true)
    expect(removed.slice(5)).toEqual([0])
    expect(await lot.take(BLOCK)).toBe(false)
  })

  it('is not made twice for two who come at once', async () => {
    const { space, removed } = make(4, 4)
    const lots = [space.begin(), space.begin()]
    expect(await Promise.all(lots.map((lot) => lot.take(BLOCK)))).toEqual([true, true])
    expect(removed).toEqual([0, 1])
    expect(space.used).toBe(4 * BLOCK)
  })

  it('is not promised beyond what can go', () => {
    const { space, contents, content } = make(4, 4)
    contents.hold(content(0))
    const [one, other] = [space.begin(), space.begin()]
    expect([one.expect(4 * BLOCK), one.expect(2 * BLOCK), one.expect(2 * BLOCK)]).toEqual([false, true, true])
    expect([other.expect(2 * BLOCK), other.expect(BLOCK)]).toEqual([false, true])
    one.end()
    expect(other.expect(3 * BLOCK)).toBe(true)
  })

  it('is given back once by what ends, and not by what began before the disk was taken anew', async () => {
    const { space } = make(4, 0)
    const lot = space.begin()
    lot.take(BLOCK)
    lot.end({ digest: digestOf(1), length: BLOCK, changed: 0 })
    lot.end()
    expect(space.used).toBe(BLOCK)
    const old = space.begin()
    old.take(BLOCK)
    space.replaceIdle([])
    old.take(BLOCK)
    old.end()
    expect(space.used).toBe(0)
  })

  it('stays taken when nothing can be removed', async () => {
    const { space, contents } = make(4, 4, { failing: true })
    await expect(space.begin().take(BLOCK)).rejects.toThrow('read-only')
    expect([space.used, contents.count]).toEqual([4 * BLOCK, 4])
  })
})

it('what a removal has not settled yet is not written over', async () => {
  const { space, content, removed } = make(4, 4)
  const drop = space.drop(content(2))
  await space.settled(digestOf(2))
  expect(removed).toEqual([2])
  await drop
})
