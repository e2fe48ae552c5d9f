import { describe, expect, it } from 'vitest'
import { createTestClock } from '../../test/support/test-clock.ts'
import type { Fetch } from '../runtime.ts'
import { withLimits } from './limits.ts'

/** Answers with a body that does not end, and notes who asked. */
function createServer() {
  const asked: string[] = []
  const fetch: Fetch = async (url, { method }) => {
    asked.push(url)
    if (url.includes('fail')) throw new Error('reset')
    return new Response(
      method === 'HEAD' ? null : new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(8)) }),
    )
  }
  return { asked, fetch }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('a host', () => {
  it('has so many requests at once, in their order, other hosts notwithstanding', async () => {
    const { asked, fetch } = createServer()
    const limited = withLimits({ concurrency: 1, requestsPerSecond: 100 }, createTestClock())(fetch)
    const first = await limited('http://a.test/1', {})
    const others = ['2', '3'].map((path) => limited(`http://a.test/${path}`, {}))
    await limited('http://b.test/', {})
    await settled()
    expect(asked).toEqual(['http://a.test/1', 'http://b.test/'])
    await first.body!.cancel()
    await (await others[0]!).body!.cancel()
    await (await others[1]!).body!.cancel()
    expect(asked.slice(2)).toEqual(['http://a.test/2', 'http://a.test/3'])
  })

  it('lets nobody wait for bodies that take long', async () => {
    const { asked, fetch } = createServer()
    const long = { concurrency: 1, includes: (url: URL) => url.pathname.startsWith('/long') }
    const limited = withLimits({ concurrency: 1, requestsPerSecond: 100, long }, createTestClock())(fetch)
    const first = await limited('http://a.test/long/1', {})
    const second = limited('http://a.test/long/2', {})
    await limited('http://a.test/short', {})
    await settled()
    expect(asked).toEqual(['http://a.test/long/1', 'http://a.test/short'])
    await first.body!.cancel()
    await second
    expect(asked).toHaveLength(3)
  })

  it('has so many requests a second', async () => {
    const { asked, fetch } = createServer()
    const clock = createTestClock()
    const limited = withLimits({ concurrency: 10, requestsPerSecond: 2 }, clock)(fetch)
    const answers = [1, 2, 3, 4].map((path) => limited(`http://a.test/${path}`, { method: 'HEAD' }))
    await settled()
    expect(asked.length).toBe(2)
    clock.advance(500)
    await settled()
    expect(asked.length).toBe(3)
    clock.advance(500)
    await Promise.all(answers)
  })

  it.each<[string, (fetch: Fetch) => Promise<unknown>]>([
    ['has no body', (fetch) => fetch('http://a.test/', { method: 'HEAD' })],
    ['fails', (fetch) => fetch('http://a.test/fail', {}).catch(() => {})],
    [
      'is aborted and left unread',
      async (fetch) => {
        const abort = new AbortController()
        await fetch('http://a.test/', { signal: abort.signal })
        abort.abort()
      },
    ],
    [
      'is aborted in the queue',
      async (fetch) => {
        const { body } = await fetch('http://a.test/', {})
        const abort = new AbortController()
        const waiting = fetch('http://a.test/', { signal: abort.signal })
        abort.abort()
        await expect(waiting).rejects.toThrow('aborted')
        await body!.cancel()
      },
    ],
  ])('is free again after a request that %s', async (_, ask) => {
    const limited = withLimits(
      { concurrency: 1, requestsPerSecond: 100 },
      createTestClock(),
    )(createServer().fetch)
    await ask(limited)
    expect((await limited('http://a.test/', { method: 'HEAD' })).status).toBe(200)
  })
})
