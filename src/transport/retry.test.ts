import { describe, expect, it } from 'vitest'
import type { Clock, Fetch } from '../runtime.ts'
import { type RequestedWait, withRetry } from './retry.ts'

const DATE = new Date('2026-01-01T00:00:00Z')

/** Time passes as soon as somebody waits; remembers for how long. */
function createEagerClock() {
  const waits: number[] = []
  let now = 0
  const clock: Clock = {
    now: () => now,
    date: () => new Date(DATE.getTime() + now),
    after(milliseconds, callback) {
      waits.push(milliseconds)
      now += milliseconds
      queueMicrotask(callback)
      return () => {}
    },
  }
  return { clock, waits }
}

/** Fails or answers as it is told, and then well. */
function scripted(...script: readonly (Error | Response)[]) {
  const left = [...script]
  let asked = 0
  const fetch: Fetch = async () => {
    asked++
    const next = left.shift() ?? new Response('well')
    if (next instanceof Error) throw next
    return next
  }
  return { fetch, asked: () => asked }
}

const answer = (status: number, retryAfter?: string) =>
  new Response(null, { status, headers: retryAfter === undefined ? {} : { 'Retry-After': retryAfter } })

describe('trying again', () => {
  it.each<[what: string, script: (Error | Response)[], waits: number[]]>([
    ['a network error', [new Error('reset'), new Error('reset')], [250, 500]],
    ['503', [answer(503)], [250]],
    ['429 with seconds to wait', [answer(429, '7')], [7250]],
    ['429 with a date', [answer(429, 'Thu, 01 Jan 2026 00:00:09 GMT')], [9250]],
    ['a date that has passed', [answer(503, 'Wed, 31 Dec 2025 00:00:00 GMT')], [250]],
    ['408', [answer(408)], [250]],
    ['500', [answer(500)], [250]],
    ['520, as Cloudflare says it of what is behind it', [answer(520)], [250]],
    ['the longest wait', [answer(429, '60')], [60_250]],
    ['a wait that is none', [answer(429, 'soon')], [250]],
    ['a wait of a negative number', [answer(429, '-5')], [250]],
  ])('after %s goes well', async (_, script, waits) => {
    const { clock, waits: waited } = createEagerClock()
    const fetch = withRetry({ ...clock, random: () => 0 })(scripted(...script).fetch)
    expect(await (await fetch('http://a.test', {})).text()).toBe('well')
    expect(waited).toEqual(waits)
  })

  it.each([200, 206, 301, 401, 403, 404, 416, 501, 505, 511])('is not done after %i', async (status) => {
    const { clock, waits } = createEagerClock()
    const fetch = withRetry({ ...clock, random: () => 0 })(scripted(answer(status)).fetch)
    expect((await fetch('http://a.test', {})).status).toBe(status)
    expect(waits).toEqual([])
  })

  it('is not done for POST', async () => {
    const { fetch, asked } = scripted(answer(503))
    const retrying = withRetry({ ...createEagerClock().clock, random: () => 0 })(fetch)
    expect((await retrying('http://a.test', { method: 'POST' })).status).toBe(503)
    expect(asked()).toBe(1)
  })

  it('ends after so many attempts with the last answer', async () => {
    const { fetch, asked } = scripted(...Array.from({ length: 10 }, () => answer(503)))
    const retrying = withRetry({ ...createEagerClock().clock, random: () => 0 }, { attempts: 3 })(fetch)
    expect((await retrying('http://a.test', {})).status).toBe(503)
    expect(asked()).toBe(3)
  })

  it('ends after so many attempts with the last error', async () => {
    const { fetch } = scripted(new Error('first'), new Error('second'))
    const retrying = withRetry({ ...createEagerClock().clock, random: () => 0 }, { attempts: 2 })(fetch)
    await expect(retrying('http://a.test', {})).rejects.toThrow('second')
  })

  it('ends with the reason of a caller who gives up while an answer that will pass is cancelled', async () => {
    const abort = new AbortController()
    const body = new ReadableStream({ cancel: () => abort.abort(new Error('enough')) })
    const fetch = withRetry({ ...createEagerClock().clock, random: () => 0 })(
      scripted(new Response(body, { status: 503 })).fetch,
    )
    await expect(fetch('http://a.test', { signal: abort.signal })).rejects.toThrow('enough')
  })

  it('ends when the caller gives up, also in the middle of a wait', async () => {
    const abort = new AbortController()
    const clock: Clock = { ...createEagerClock().clock, after: () => () => {} }
    const { fetch, asked } = scripted(answer(503))
    const answered = withRetry({ ...clock, random: () => 0 })(fetch)('http://a.test', {
      signal: abort.signal,
    })
    setImmediate(() => abort.abort(new Error('enough')))
    await expect(answered).rejects.toThrow('enough')
    expect(asked()).toBe(1)
  })
})

describe('a server that wants to be left alone', () => {
  const policy = (told: RequestedWait[]) => ({
    maxWait: 900_000,
    onWait: (asked: RequestedWait) => told.push(asked),
  })
  const until = (seconds: number) => DATE.getTime() + 1000 * seconds

  it('is left alone by all who ask it, and they are told once', async () => {
    const { clock, waits } = createEagerClock()
    const told: RequestedWait[] = []
    const { fetch, asked } = scripted(answer(429, '600'), answer(503, '599'))
    const retrying = withRetry({ ...clock, random: () => 0 }, policy(told))(fetch)
    const asking = ['one', 'two'].map((path) => retrying(`http://a.test/${path}`, {}))
    expect(told).toEqual([])
    for (const response of await Promise.all(asking)) expect(response.status).toBe(200)
    expect(told).toEqual([{ host: 'a.test', status: 429, until: until(600), obeyed: true }])
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(599_000)
    expect(asked()).toBe(4)
  })

  it('for longer than is waited is given up at once, and asked nothing more until then', async () => {
    const { clock, waits } = createEagerClock()
    const told: RequestedWait[] = []
    const { fetch, asked } = scripted(answer(429, '3600'))
    const retrying = withRetry({ ...clock, random: () => 0 }, policy(told))(fetch)
    expect((await retrying('http://a.test', {})).status).toBe(429)
    expect((await retrying('http://a.test', {})).headers.get('Retry-After')).toBe('3600')
    expect([asked(), waits]).toEqual([1, []])
    expect(told).toEqual([{ host: 'a.test', status: 429, until: until(3600), obeyed: false }])
    expect((await retrying('http://b.test', {})).status).toBe(200)
    clock.after(3_600_000, () => {})
    expect((await retrying('http://a.test', {})).status).toBe(200)
  })

  it('for a moment is not worth a word', async () => {
    const told: RequestedWait[] = []
    const retrying = withRetry({ ...createEagerClock().clock, random: () => 0 }, policy(told))
    await retrying(scripted(answer(503, '2')).fetch)('http://a.test', {})
    expect(told).toEqual([])
  })
})
