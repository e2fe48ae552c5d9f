import { expect, it } from 'vitest'
import type { Digest } from '../oci/digest.ts'
import type { Tag } from '../oci/name.ts'
import { type KnownRepository, RepositoryMemory } from './repository-memory.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const IMAGE = `sha256:${'1'.repeat(64)}` as Digest
const SIGNATURE = `sha256:${'2'.repeat(64)}` as Digest

const empty = (): KnownRepository => ({ walked: 0, tags: new Map(), referrers: new Map() })
const at = (now: number, known: KnownRepository, recheck = DAY) =>
  new RepositoryMemory({ now, recheck }, known)

it('an image is asked for its referrers each time as much time has passed again as it was known, and at last once a day', () => {
  const known = empty()
  const asked: number[] = []
  for (let hour = 0; hour <= 96; hour++) {
    const memory = at(hour * HOUR, known)
    if (memory.referrers(IMAGE) !== undefined) continue
    asked.push(hour)
    memory.noteReferrers(IMAGE, [SIGNATURE])
  }
  expect(asked).toEqual([0, 1, 2, 4, 8, 16, 32, 56, 80])
})

it('whatever it is signed by is found within as much time again as it was known by then, and within a day', () => {
  for (const signedAt of [0.5, 1.5, 3, 7, 20, 50, 77]) {
    const known = empty()
    let found: number | undefined
    for (let hour = 0; found === undefined; hour += 0.25) {
      const memory = at(hour * HOUR, known)
      if (memory.referrers(IMAGE) === undefined) {
        memory.noteReferrers(IMAGE, hour >= signedAt ? [SIGNATURE] : [])
      }
      if (memory.referrers(IMAGE)?.length === 1) found = hour
      if (known.referrers.get(IMAGE)?.digests.length === 1) found = hour
    }
    expect(found - signedAt).toBeLessThanOrEqual(Math.min(signedAt, 24) + 0.25)
  }
})

it.each([
  ['never asked', undefined, undefined],
  ['asked when it was new', { since: 0, asked: 0 }, undefined],
  ['asked a while ago', { since: 0, asked: 99 * HOUR }, [SIGNATURE]],
  ['asked a day ago', { since: 0, asked: 76 * HOUR }, undefined],
  ['asked at a time that is yet to come', { since: 0, asked: 101 * HOUR }, undefined],
])('what is known of an image that was %s', (_, questioned, expected) => {
  const known = empty()
  if (questioned !== undefined) known.referrers.set(IMAGE, { ...questioned, digests: [SIGNATURE] })
  expect(at(100 * HOUR, known).referrers(IMAGE)).toEqual(expected)
})

it('a recheck of 0 asks each time', () => {
  const known = empty()
  known.referrers.set(IMAGE, { since: 0, asked: 99 * HOUR, digests: [] })
  expect(at(100 * HOUR, known, 0).referrers(IMAGE)).toBeUndefined()
})

it('a repository without lists of referrers is asked as seldom, until it has them', () => {
  const known = empty()
  at(0, known).noteWithoutReferrers()
  expect(at(0, known).referrers(IMAGE)).toBeUndefined()
  at(HOUR, known).noteWithoutReferrers()
  expect(at(1.5 * HOUR, known).referrers(IMAGE)).toEqual([])
  expect(at(2 * HOUR, known).referrers(IMAGE)).toBeUndefined()
  at(2 * HOUR, known).noteReferrers(IMAGE, [SIGNATURE])
  expect(at(2.5 * HOUR, known).referrers(SIGNATURE)).toBeUndefined()
})

it('of tags it knows the last digest of those that are listed', () => {
  const known = empty()
  const [old, kept] = ['old', 'kept'] as Tag[]
  const memory = at(0, known)
  memory.noteTag(old!, IMAGE)
  memory.noteTag(kept!, IMAGE)
  memory.begin([kept!])
  expect([memory.tag(old!), memory.tag(kept!)]).toEqual([undefined, IMAGE])
})

it('is changed by what is new, and by the hour', () => {
  const known = { ...empty(), tags: new Map([['v1' as Tag, IMAGE]]) }
  const memory = at(HOUR / 2, known)
  memory.begin(['v1' as Tag])
  memory.noteTag('v1' as Tag, IMAGE)
  expect(memory.isChanged).toBe(false)
  memory.noteTag('v1' as Tag, SIGNATURE)
  expect(memory.isChanged).toBe(true)
  const later = at(HOUR, known)
  later.begin(['v1' as Tag])
  expect([later.isChanged, known.walked]).toEqual([true, HOUR])
})
