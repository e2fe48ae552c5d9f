import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { list, stalled, startListServer, status, truncated } from '../../../test/support/list-server.ts'
import { at, listOf } from '../../../test/support/test-ranges.ts'
import { systemClock } from '../../adapters/clock.ts'
import { cloudflare } from '../providers/cloudflare.ts'
import { type FetchedList, fetchList } from './list.ts'

const server = await startListServer()
const provider = at(cloudflare, `${server.origin}/list`)
const text = listOf('cloudflare')
const runtime = { ...systemClock, fetch: (url: string, init: RequestInit) => fetch(url, init) }

beforeEach(() => server.replies.clear())
afterAll(() => server[Symbol.asyncDispose]())

function textOf(fetched: FetchedList | 'unchanged'): string {
  return fetched === 'unchanged' ? fetched : new TextDecoder().decode(fetched.bytes)
}

test('a list comes whole, from where it was asked for', async () => {
  server.replies.set('/list', list(text))
  const fetched = await fetchList(runtime, provider)
  expect(fetched).toMatchObject({ url: provider.url })
  expect(textOf(fetched)).toBe(text)
})

test.each([
  ['an entity tag', 'ETag', '"7"', 'if-none-match'],
  ['a date', 'Last-Modified', 'Wed, 29 Jul 2026 08:27:05 GMT', 'if-modified-since'],
])('a list that is known by %s does not come again', async (_, header, value, condition) => {
  server.replies.set('/list', (request, response) => {
    if (request.headers[condition] === value) response.writeHead(304).end()
    else response.writeHead(200, { [header]: value }).end(text)
  })
  const first = await fetchList(runtime, provider)
  const { validators } = first as FetchedList
  expect(await fetchList(runtime, provider, {}, validators)).toBe('unchanged')
  // What is known of another address says nothing about this one.
  expect(
    textOf(await fetchList(runtime, provider, {}, { ...validators, url: `${server.origin}/other` })),
  ).toBe(text)
})

test('redirects are followed', async () => {
  server.replies.set('/list', status(302, { Location: '/moved' }))
  server.replies.set('/moved', status(308, { Location: `${server.origin}/again` }))
  server.replies.set('/again', list(text))
  expect(textOf(await fetchList(runtime, provider))).toBe(text)
})

test('a list whose address changes is found through its page', async () => {
  server.replies.set('/list', list('<a href="/of-today">'))
  server.replies.set('/of-today', list(text, '"1"'))
  const moving = {
    ...provider,
    locate: (html: string) => `${server.origin}${/"(.*)"/.exec(html)![1]}`,
  }
  const fetched = (await fetchList(runtime, moving)) as FetchedList
  expect(fetched.url).toBe(`${server.origin}/of-today`)
  expect(await fetchList(runtime, moving, {}, fetched.validators)).toBe('unchanged')
})

describe('a list that does not come is an error that names provider and address', () => {
  const away = 'http://127.0.0.1:1/list?token=secret'
  test.each<[string, () => void, string]>([
    ['an error', () => server.replies.set('/list', status(500)), 'it answered 500'],
    ['nothing there', () => {}, 'it answered 404'],
    ['no condition was sent', () => server.replies.set('/list', status(304)), 'it answered 304'],
    ['a part of a list', () => server.replies.set('/list', truncated(text)), ''],
    [
      'the start of a list',
      () => server.replies.set('/list', stalled(text)),
      'no complete answer within 0.2 s',
    ],
    ['no answer', () => server.replies.set('/list', () => {}), 'no complete answer within 0.2 s'],
    [
      'a redirect in a circle',
      () => server.replies.set('/list', status(307, { Location: '/list' })),
      'a redirect that leads back to ',
    ],
    [
      'a redirect to nowhere',
      () => server.replies.set('/list', status(301)),
      'a redirect (301) that leads nowhere',
    ],
    [
      'a redirect to a file',
      () => server.replies.set('/list', status(302, { Location: 'file:///etc/passwd' })),
      'a redirect to file:, which is neither http nor https',
    ],
  ])('%s', async (_, arrange, why) => {
    arrange()
    await expect(fetchList(runtime, provider, { timeout: 200 })).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringContaining(`cannot fetch the list of Cloudflare from ${provider.url}: ${why}`),
      facts: { provider: 'cloudflare' },
    })
  })

  test('no server, and what is secret in the address stays so', async () => {
    await expect(fetchList(runtime, at(cloudflare, away))).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringMatching(/from http:\/\/127\.0\.0\.1:1\/list: ./),
    })
  })

  test('a redirect from https to http', async () => {
    const asked: string[] = []
    const fetch = async (url: string) => {
      asked.push(url)
      return new Response(null, { status: 302, headers: { Location: 'http://lists.example/list' } })
    }
    await expect(
      fetchList({ ...runtime, fetch }, at(cloudflare, 'https://lists.example/')),
    ).rejects.toMatchObject({
      message: expect.stringContaining('a redirect from https to http://lists.example/list, which anyone'),
    })
    expect(asked).toEqual(['https://lists.example/'])
  })
})

test('a list that is too large is refused before the rest of it comes', async () => {
  let closed = false
  server.replies.set('/list', (_, response) => {
    const write = () => {
      while (!closed && response.write('x'.repeat(100_000)));
    }
    response.on('drain', write).on('close', () => {
      closed = true
    })
    write()
  })
  await expect(fetchList(runtime, provider)).rejects.toMatchObject({
    code: 'CONTENT_INVALID',
    message: `the list of Cloudflare from ${provider.url} is refused: it is larger than the 20000 bytes allowed`,
  })
  await expect.poll(() => closed).toBe(true)
})
