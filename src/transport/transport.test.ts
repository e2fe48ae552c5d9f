import { describe, expect, it } from 'vitest'
import { makeBlob } from '../../test/support/content.ts'
import { type Fault, startMisbehaving } from '../../test/support/misbehaving.ts'
import { probeFetch } from '../../test/support/probe-fetch.ts'
import { createTestClock } from '../../test/support/test-clock.ts'
import type { Fetch } from '../runtime.ts'
import { type Layer, layered } from './fetch.ts'
import { readBody } from './read-body.ts'
import { TimeoutError, withTimeout } from './timeout.ts'
import { withUserAgent } from './user-agent.ts'

const answering: Fetch = async () => new Response(null, { status: 200 })

describe('layers', () => {
  it('wrap a fetch in the order in which they are named, the first outermost', async () => {
    const order: string[] = []
    const layer =
      (name: string): Layer =>
      (next) =>
      (url, init) => {
        order.push(name)
        return next(url, init)
      }
    await layered(answering, layer('first'), layer('second'))('http://a.test', {})
    expect(order).toEqual(['first', 'second'])
  })
})

describe('the user agent', () => {
  it('is set whatever other headers there are', async () => {
    let sent: Headers | undefined
    const fetch = withUserAgent('portolan/1')(async (_, init) => {
      sent = new Headers(init.headers)
      return new Response()
    })
    await fetch('http://a.test', { headers: { Range: 'bytes=0-1' } })
    expect([...sent!]).toEqual([
      ['range', 'bytes=0-1'],
      ['user-agent', 'portolan/1'],
    ])
  })
})

describe('a time limit', () => {
  it.each<Fault>(['hang before headers', 'stall in the body', 'slow drip'])('ends %s', async (fault) => {
    const content = () => makeBlob('blob')
    await using server = await startMisbehaving({ content, fault })
    const read = async () => readBody(await probeFetch(200)(server.origin, {}), 10_000)
    await expect(read()).rejects.toThrow(new TimeoutError(200))
  })

  it.each<[what: string, reply: () => Response, use: (reply: Response) => unknown]>([
    ['when there is nothing more to come', () => new Response(null, { status: 204 }), () => {}],
    ['when the body is read', () => new Response('body'), (reply) => reply.text()],
    ['when the body is given up', () => new Response('body'), (reply) => reply.body!.cancel()],
  ])('is called off %s', async (_, reply, use) => {
    const clock = createTestClock()
    let signal: AbortSignal | null | undefined
    const fetch = withTimeout(
      100,
      clock,
    )(async (_, init) => {
      signal = init.signal
      return reply()
    })
    await use(await fetch('http://a.test', {}))
    clock.advance(1000)
    expect(signal?.aborted).toBe(false)
  })

  it('leaves the signal of the caller in force', async () => {
    const abort = new AbortController()
    const fetch = withTimeout(
      100,
      createTestClock(),
    )(
      (_, init) =>
        new Promise((_, reject) => init.signal?.addEventListener('abort', () => reject(init.signal?.reason))),
    )
    const answer = fetch('http://a.test', { signal: abort.signal })
    abort.abort(new Error('enough'))
    await expect(answer).rejects.toThrow('enough')
  })
})

describe('a body', () => {
  it.each([
    [0, 0],
    [10, 10],
    [11, undefined],
    [5_000_000, undefined],
  ])('of %i bytes is read up to ten', async (size, length) => {
    expect((await readBody(new Response(new Uint8Array(size)), 10))?.length).toBe(length)
  })

  it('that is absent is empty', async () => {
    expect(await readBody(new Response(null), 10)).toEqual(new Uint8Array())
  })
})
