import { describe, expect, it } from 'vitest'
import { createTestClock } from '../../../test/support/test-clock.ts'
import type { Presence } from '../../routing/decide.ts'
import { createPresenceCache } from './presence.ts'

const digest = (n: number) => `sha256:${n.toString(16).padStart(64, '0')}`

/** A store whose answers the test gives by hand. */
function scriptedStore(options: { maxEntries?: number } = {}) {
  const clock = createTestClock()
  const asked: { key: string; answer: (verdict: Presence) => void }[] = []
  const backend = createPresenceCache(
    { ttl: 60_000, negativeTtl: 1000, timeout: 300, maxEntries: options.maxEntries ?? 100 },
    clock,
  )
  const presence = {
    ...backend,
    has: (key: string) => backend.has(key, () => new Promise((answer) => asked.push({ key, answer }))),
  }
  return { clock, asked, presence }
}

describe('presence', () => {
  it.each<Presence>(['present', 'absent', 'unknown'])(
    'gives a hundred concurrent callers one probe and its verdict: %s',
    async (verdict) => {
      const { asked, presence } = scriptedStore()
      const answers = Array.from({ length: 100 }, () => presence.has(digest(1)))
      expect(asked.length).toBe(1)
      asked[0]!.answer(verdict)
      expect(new Set(await Promise.all(answers))).toEqual(new Set([verdict]))
      expect(presence.has(digest(1))).toBe(verdict)
      expect(asked.length).toBe(1)
    },
  )

  it('believes present for its TTL, and absent and unknown for the shorter one', async () => {
    const { clock, asked, presence } = scriptedStore()
    const verdicts: Presence[] = ['present', 'absent', 'unknown']
    const answers = verdicts.map((_, n) => presence.has(digest(n)))
    verdicts.forEach((verdict, n) => {
      asked[n]!.answer(verdict)
    })
    await Promise.all(answers)
    clock.advance(999)
    expect(verdicts.map((_, n) => presence.known(digest(n)))).toEqual(verdicts)
    clock.advance(1)
    expect(verdicts.map((_, n) => presence.known(digest(n)))).toEqual(['present', undefined, undefined])
    clock.advance(59_000)
    expect(presence.known(digest(0))).toBeUndefined()
  })

  it('says unknown when the budget is over, to those who joined as well, and lets nobody wait again', async () => {
    const { clock, asked, presence } = scriptedStore()
    const first = presence.has(digest(1))
    clock.advance(200)
    const joined = presence.has(digest(1))
    clock.advance(100)
    expect(await first).toBe('unknown')
    expect(await joined).toBe('unknown')
    expect(presence.has(digest(1))).toBe('unknown')
    expect(asked.length).toBe(1)
  })

  it('keeps a late answer for the next client', async () => {
    const { clock, asked, presence } = scriptedStore()
    const early = presence.has(digest(1))
    clock.advance(300)
    expect(await early).toBe('unknown')
    asked[0]!.answer('present')
    await Promise.resolve()
    await Promise.resolve()
    expect(presence.has(digest(1))).toBe('present')
  })

  it('does not start a second probe while a silent one still runs', async () => {
    const { clock, asked, presence } = scriptedStore()
    const first = presence.has(digest(1))
    clock.advance(5000)
    await first
    expect(await presence.has(digest(1))).toBe('unknown')
    expect(asked.length).toBe(1)
  })

  it('asks no more than 256 questions at once, and says unknown to the rest straight away', () => {
    const { asked, presence } = scriptedStore()
    const answers = Array.from({ length: 300 }, (_, n) => presence.has(digest(n)))
    expect(asked.length).toBe(256)
    expect(answers.slice(256)).toEqual(Array(44).fill('unknown'))
    expect(presence.known(digest(299))).toBeUndefined()
  })

  it('asks nothing more after 256 questions that found nothing, and goes on with time', async () => {
    const { asked, clock, presence } = scriptedStore()
    const answers = Array.from({ length: 256 }, (_, n) => presence.has(digest(n)))
    for (const { answer } of asked) answer('absent')
    await Promise.all(answers)
    expect(presence.has(digest(300))).toBe('unknown')
    expect(presence.known(digest(300))).toBeUndefined()
    expect(asked.length).toBe(256)
    clock.advance(100)
    presence.has(digest(300))
    expect(asked.length).toBe(257)
  })

  it('counts nothing against a store that holds what it is asked for', async () => {
    const { asked, presence } = scriptedStore()
    for (let n = 0; n < 300; n++) {
      const answer = presence.has(digest(n))
      asked[n]!.answer('present')
      expect(await answer).toBe('present')
    }
  })

  it('never lets digests that are absent push out those that are present', async () => {
    const { asked, clock, presence } = scriptedStore({ maxEntries: 10 })
    const first = presence.has(digest(0))
    asked[0]!.answer('present')
    await first
    for (let n = 1; n <= 1000; n++) {
      const answer = presence.has(digest(n))
      asked[n]!.answer('absent')
      await answer
      clock.advance(5)
    }
    expect(presence.known(digest(0))).toBe('present')
    expect(presence.known(digest(1))).toBeUndefined()
  })

  it('believes no probe about a content that it is barred, until that is over', async () => {
    const { clock, asked, presence } = scriptedStore()
    const first = presence.has(digest(1))
    presence.bar(digest(1), 5000)
    asked[0]!.answer('present')
    await first
    expect(presence.known(digest(1))).toBe('unknown')
    expect([presence.isBarred(digest(1)), presence.isBarred(digest(2))]).toEqual([true, false])
    clock.advance(5000)
    expect(presence.known(digest(1))).toBeUndefined()
    expect(presence.isBarred(digest(1))).toBe(false)
  })

  it('asks anew about everything that was present once it is cleared', async () => {
    const { asked, presence } = scriptedStore()
    const first = presence.has(digest(1))
    asked[0]!.answer('present')
    await first
    presence.clear()
    expect(presence.known(digest(1))).toBeUndefined()
  })
})
