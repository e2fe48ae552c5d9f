import { describe, expect, it } from 'vitest'
import type { Fetch, Runtime } from '../runtime.ts'
import { withRedirectGuard } from './redirect-guard.ts'

/** Redirects from each address to the next; the last one answers well. */
function chain(...locations: readonly string[]) {
  return chainWith({}, ...locations)
}

function chainWith(parts: Pick<Runtime, 'lookup'>, ...locations: readonly string[]) {
  const asked: { url: string; headers: Record<string, string> }[] = []
  const fetch: Fetch = async (url, init) => {
    asked.push({ url, headers: Object.fromEntries(new Headers(init.headers)) })
    const location = locations[asked.length - 1]
    return location === undefined
      ? new Response('well')
      : new Response(null, { status: 307, headers: { Location: location } })
  }
  return { fetch: withRedirectGuard({ now: () => 0, ...parts })(fetch), asked }
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

/** What the name service says; of other names it knows nothing. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  'registry.test': ['93.184.215.14'],
  'storage.test': ['93.184.215.15', '2606:4700::1'],
  'inside.test': ['10.0.0.7'],
  'partly.test': ['93.184.215.16', '127.0.0.1'],
  'metadata.test': ['169.254.169.254'],
  'lab.test': ['192.168.7.7'],
}
const lookup = async (name: string): Promise<readonly string[]> => {
  const addresses = NAMES[name]
  if (addresses === undefined) throw new Error(`no address for ${name}`)
  return addresses
}

describe('a redirect', () => {
  const ALLOWED = undefined
  it.each([
    ['https://registry.test/', 'https://storage.test/', ALLOWED],
    ['https://registry.test/', 'https://unknown.test/', ALLOWED],
    ['https://registry.test/', 'https://8.8.8.8/', ALLOWED],
    [
      'http://registry.test/',
      'http://127.0.0.1/x',
      'to 127.0.0.1, a loopback address, which registry.test is not',
    ],
    ['http://registry.test/', 'http://2130706433:81/', 'to 127.0.0.1:81, a loopback address'],
    ['http://registry.test/', 'http://[::ffff:7f00:1]/', 'a loopback address'],
    ['http://registry.test/', 'http://localhost:9090/', 'to localhost:9090, a loopback address'],
    ['http://registry.test/', 'http://169.254.169.254/latest', 'to 169.254.169.254, a link-local address'],
    ['http://registry.test/', 'http://metadata.google.internal/', 'a link-local address'],
    ['http://registry.test/', 'http://192.168.1.1/', 'to 192.168.1.1, a private address'],
    ['https://registry.test/', 'https://inside.test/', 'to inside.test, a private address'],
    ['https://registry.test/', 'https://partly.test/', 'to partly.test, a loopback address'],
    ['https://registry.test/', 'https://metadata.test/', 'to metadata.test, a link-local address'],
    ['http://127.0.0.1:5000/', 'http://127.0.0.1:5001/', ALLOWED],
    ['http://localhost:5000/', 'http://127.0.0.1:9000/', ALLOWED],
    ['http://localhost:5000/', 'http://172.18.0.3:9000/', ALLOWED],
    ['http://localhost:5000/', 'http://169.254.169.254/', 'a link-local address'],
    ['http://10.0.0.1/', 'http://10.0.0.2/', ALLOWED],
    ['http://10.0.0.1/', 'http://127.0.0.1/', 'a loopback address'],
    ['https://lab.test/', 'https://inside.test/', ALLOWED],
    ['https://lab.test/', 'https://10.1.1.1/', ALLOWED],
    ['https://lab.test/', 'https://metadata.test/', 'a link-local address'],
  ])('from %s to %s: %s', async (from, to, refused) => {
    const { fetch, asked } = chainWith({ lookup }, to)
    const answer = fetch(from, {})
    if (refused === ALLOWED) expect(await (await answer).text()).toBe('well')
    else await expect(answer).rejects.toThrow(refused)
    expect(asked.length).toBe(refused === ALLOWED ? 2 : 1)
  })

  it('is judged by who was asked first, however many hops lie between', async () => {
    const { fetch, asked } = chainWith(
      { lookup },
      'http://storage.test/',
      'http://unknown.test/',
      'http://127.0.0.1/',
    )
    await expect(fetch('http://registry.test/', {})).rejects.toThrow(
      'a loopback address, which registry.test is not',
    )
    expect(asked.length).toBe(3)
  })

  it('is judged by literals and names alone where nothing is resolved', async () => {
    expect(await (await chain('http://inside.test/').fetch('http://registry.test/', {})).text()).toBe('well')
    await expect(chain('http://10.0.0.7/').fetch('http://registry.test/', {})).rejects.toThrow(
      'a private address',
    )
    await expect(chain('http://minio/').fetch('http://registry.test/', {})).rejects.toThrow(
      'a private address',
    )
  })
})
