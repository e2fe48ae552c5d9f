import { describe, expect, it } from 'vitest'
import type { Fetch } from '../runtime.ts'
import { withRedirectGuard } from './redirect-guard.ts'

/** Redirects from each address to the next; the last one answers well. */
function chain(...locations: readonly string[]) {
  const asked: { url: string; headers: Record<string, string> }[] = []
  const fetch: Fetch = async (url, init) => {
    asked.push({ url, headers: Object.fromEntries(new Headers(init.headers)) })
    const location = locations[asked.length - 1]
    return location === undefined
      ? new Response('well')
      : new Response(null, { status: 307, headers: { Location: location } })
  }
  return { fetch: withRedirectGuard()(fetch), asked }
}

describe('redirects', () => {
  it.each([
    ['http://a.test/', ['/b', 'c?d=e'], 'http://a.test/c?d=e'],
    ['http://a.test/', ['https://b.test/'], 'https://b.test/'],
    ['http://a.test/', ['http://b.test:5000/'], 'http://b.test:5000/'],
  ])('from %s over %j end at %s', async (from, locations, end) => {
    const { fetch, asked } = chain(...locations)
    expect(await (await fetch(from, {})).text()).toBe('well')
    expect(asked.at(-1)?.url).toBe(end)
  })

  it.each([
    ['from https to http', ['http://a.test/x?secret=1'], 'from https to http://a.test/x, which'],
    ['to a file', ['file:///etc/passwd'], 'file:, which is neither'],
    ['to nowhere', ['http://'], '(307) that leads nowhere'],
    ['with a password', ['https://u:p@b.test/'], 'a user name or password'],
    ['in a loop', ['/b', 'https://a.test/'], 'leads back to https://a.test/'],
    ['without an end', ['/1', '/2', '/3', '/4', '/5', '/6'], 'more than 5 redirects'],
  ])('%s are an error', async (_, locations, message) => {
    const answer = chain(...locations).fetch('https://a.test/', {})
    await expect(answer).rejects.toThrow(message)
    await expect(answer).rejects.not.toThrow('secret')
  })

  it('take the headers along, but no credential to another origin, nor back again', async () => {
    const { fetch, asked } = chain('/b', 'https://b.test/', 'https://a.test/c')
    await fetch('https://a.test/', { headers: { Authorization: 'Basic x', Range: 'bytes=1-' } })
    expect(asked.map(({ headers }) => headers)).toEqual([
      { authorization: 'Basic x', range: 'bytes=1-' },
      { authorization: 'Basic x', range: 'bytes=1-' },
      { range: 'bytes=1-' },
      { range: 'bytes=1-' },
    ])
  })
})
