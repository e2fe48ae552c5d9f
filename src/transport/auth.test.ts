import { describe, expect, it } from 'vitest'
import { status } from '../../test/support/list-server.ts'
import {
  json,
  type ScriptedRegistryOptions,
  type SeenRequest,
  startScriptedRegistry,
  startTokenServer,
  type TokenServer,
} from '../../test/support/scripted-registry.ts'
import { createTestRuntime } from '../../test/support/test-runtime.ts'
import type { Fetch } from '../runtime.ts'
import { withAuth } from './auth.ts'
import type { Credential } from './credential.ts'

const PASSWORD: Credential = { kind: 'password', username: 'jo', password: 'pässword:1' }
/** As it goes over the wire, in UTF-8. */
const BASIC = `Basic ${Buffer.from('jo:pässword:1').toString('base64')}`

/** A registry whose every path wants a token for its repository. */
function bearer(tokens: TokenServer): NonNullable<ScriptedRegistryOptions['challenge']> {
  return ({ path, headers }) => {
    if (tokens.accepts(headers.authorization)) return undefined
    const scope = `repository:${path.split('/')[2]}:pull`
    return `Bearer realm="${tokens.realm}",service="registry.test",scope="${scope}"`
  }
}

function createFetch(url: string, credential?: Credential, runtime = createTestRuntime()): Fetch {
  return withAuth(runtime, { url, credentials: async () => credential })((to, init) => fetch(to, init))
}

const authorizations = (requests: readonly SeenRequest[]) =>
  requests.map(({ headers }) => headers.authorization)

describe('a token', () => {
  it('is got once for all requests to a repository, by service and scope', async () => {
    await using tokens = await startTokenServer({ lifetime: 300 })
    await using registry = await startScriptedRegistry({ challenge: bearer(tokens) })
    const fetch = createFetch(registry.origin)
    const ask = async (path: string) => {
      const { status } = await fetch(registry.origin + path, {})
      expect(status).toBe(404)
    }
    await Promise.all([1, 2, 3].map((tag) => ask(`/v2/app/manifests/${tag}`)))
    await ask('/v2/app/tags/list')
    await ask('/v2/other/tags/list')
    expect(tokens.requests.map(({ path }) => path)).toEqual([
      '/token?service=registry.test&scope=repository%3Aapp%3Apull',
      '/token?service=registry.test&scope=repository%3Aother%3Apull',
    ])
    expect(authorizations(tokens.requests)).toEqual([undefined, undefined])
  })

  it('is got with the password', async () => {
    await using tokens = await startTokenServer()
    await using registry = await startScriptedRegistry({ challenge: bearer(tokens) })
    await createFetch(registry.origin, PASSWORD)(`${registry.origin}/v2/app/tags/list`, {})
    expect(authorizations(tokens.requests)).toEqual([BASIC])
    expect(authorizations(registry.requests)).toEqual([undefined, 'Bearer token-1'])
  })

  it('is got for an identity token by POST', async () => {
    await using tokens = await startTokenServer({ refreshToken: 'r&f' })
    await using registry = await startScriptedRegistry({ challenge: bearer(tokens) })
    const asking = createFetch(registry.origin, { kind: 'identityToken', token: 'r&f' })
    expect((await asking(`${registry.origin}/v2/app/tags/list`, {})).status).toBe(404)
    const [{ method, path, body } = { body: '' }] = tokens.requests as [SeenRequest]
    expect([method, path]).toEqual(['POST', '/token'])
    expect(Object.fromEntries(new URLSearchParams(body))).toEqual({
      grant_type: 'refresh_token',
      client_id: 'portolan',
      service: 'registry.test',
      scope: 'repository:app:pull',
      refresh_token: 'r&f',
    })
  })

  it.each([
    ['has expired', 300, (_: TokenServer): number => 300_000],
    ['is of the least lifetime, which has passed', undefined, (_: TokenServer): number => 60_000],
    [
      'is not accepted any more',
      300,
      (tokens: TokenServer): number => {
        tokens.revoke()
        return 0
      },
    ],
  ])('that %s is got anew', async (_, lifetime, spoil) => {
    await using tokens = await startTokenServer(lifetime === undefined ? {} : { lifetime })
    await using registry = await startScriptedRegistry({ challenge: bearer(tokens) })
    const runtime = createTestRuntime()
    const fetch = createFetch(registry.origin, undefined, runtime)
    const ask = () => fetch(`${registry.origin}/v2/app/tags/list`, {})
    await ask()
    runtime.advance(spoil(tokens))
    expect((await ask()).status).toBe(404)
    expect(tokens.requests.length).toBe(2)
  })

  it('that is refused at once leaves the 401 to be told', async () => {
    await using tokens = await startTokenServer()
    await using registry = await startScriptedRegistry()
    registry.script('/v2/', status(401, { 'WWW-Authenticate': `Bearer realm="${tokens.realm}"` }))
    expect((await createFetch(registry.origin)(`${registry.origin}/v2/`, {})).status).toBe(401)
    expect(registry.requests.length).toBe(2)
  })

  it.each([
    [{ token: '' }, 'without a token'],
    [{ token: 'a\nb' }, 'without a token'],
    [{ access_token: 5 }, 'without a token'],
    ['not an object', 'without a token'],
    [null, 'without a token'],
  ])('is not read of %j', async (answer, message) => {
    await using registry = await startScriptedRegistry()
    registry.script('/token', json(answer))
    registry.script('/v2/', status(401, { 'WWW-Authenticate': `Bearer realm="${registry.origin}/token"` }))
    const asked = createFetch(registry.origin, PASSWORD)(`${registry.origin}/v2/`, {})
    await expect(asked).rejects.toThrow(message)
    await expect(asked).rejects.toMatchObject({ code: 'CONTENT_INVALID' })
  })

  it.each([
    [401, 'ACCESS_DENIED', 'has expired'],
    [403, 'ACCESS_DENIED', 'has expired'],
    [500, 'UNREACHABLE', 'answered 500'],
    [307, 'UNREACHABLE', 'answered 307'],
  ])('server that answers %i is an error, which holds no credential', async (code, expected, message) => {
    await using registry = await startScriptedRegistry()
    registry.script('/token', status(code, { Location: '/elsewhere' }))
    registry.script('/v2/', status(401, { 'WWW-Authenticate': `Bearer realm="${registry.origin}/token"` }))
    const asked = createFetch(registry.origin, PASSWORD)(`${registry.origin}/v2/`, {})
    await expect(asked).rejects.toMatchObject({ code: expected, message: expect.stringContaining(message) })
    await expect(asked).rejects.not.toThrow(/pässword|am86/)
    expect(registry.requests.map(({ path }) => path)).toEqual(['/v2/', '/token'])
  })
})

describe('a realm', () => {
  it.each([
    ['https://registry.test', 'http://auth.test/token', 'at http://auth.test/token'],
    ['https://registry.test', 'https://u:p@auth.test/token', 'at https://auth.test/token'],
    ['https://registry.test', 'file:///token', 'expected an https address'],
    ['https://registry.test', 'token', 'no address'],
    ['http://registry.test', 'ftp://auth.test', 'expected an https address'],
  ])('asked for by %s at %s is refused', async (url, realm, message) => {
    const asked: string[] = []
    const fetch = withAuth(createTestRuntime(), { url, credentials: async () => PASSWORD })(async (to) => {
      asked.push(to)
      return new Response(null, { status: 401, headers: { 'WWW-Authenticate': `Bearer realm="${realm}"` } })
    })
    await expect(fetch(`${url}/v2/`, {})).rejects.toThrow(message)
    expect(asked).toEqual([`${url}/v2/`])
  })
})

/** Asks a registry by these names, of which no server is asked: each request is seen, and answered by `answer`. */
function askScripted(url: string, realm: string, tokenServices: readonly string[] = []) {
  const asked: { readonly host: string; readonly authorization: string | null }[] = []
  const fetch = withAuth(createTestRuntime(), { url, tokenServices, credentials: async () => PASSWORD })(
    async (to, init) => {
      const authorization = new Headers(init.headers).get('Authorization')
      asked.push({ host: new URL(to).host, authorization })
      if (to.startsWith(realm)) return Response.json({ token: 'given' })
      const wanted = `Bearer realm="${realm}",service="registry.test"`
      return authorization === 'Bearer given'
        ? new Response('well')
        : new Response(null, { status: 401, headers: { 'WWW-Authenticate': wanted } })
    },
  )
  return { fetch, asked }
}

describe('a token server', () => {
  it.each([
    ['the registry itself', 'https://registry.example.com/token', [], BASIC],
    ['in its domain', 'https://auth.example.com/token', [], BASIC],
    ['that is named for it', 'https://login.example.net/token', ['login.example.net'], BASIC],
    ['of nobody knows whom', 'https://login.example.net/token', [], null],
  ])('%s gets the password: %s', async (_, realm, named, expected) => {
    const url = 'https://registry.example.com'
    const { fetch, asked } = askScripted(url, realm, named)
    expect((await fetch(`${url}/v2/app/tags/list`, {})).status).toBe(200)
    expect(asked.map(({ authorization }) => authorization)).toEqual([null, expected, 'Bearer given'])
  })

  it('that is not known to be the registry’s, and refuses, is named with what to write', async () => {
    const url = 'https://registry.example.com'
    const fetch = withAuth(createTestRuntime(), { url, credentials: async () => PASSWORD })(async (to) =>
      to.startsWith(url)
        ? new Response(null, {
            status: 401,
            headers: { 'WWW-Authenticate': 'Bearer realm="https://login.example.net/"' },
          })
        : new Response(null, { status: 401 }),
    )
    await expect(fetch(`${url}/v2/`, {})).rejects.toThrow('name login.example.net in tokenServices')
  })

  it('gives what goes to the registry that named it, and nowhere else', async () => {
    const url = 'https://registry.example.com'
    const { fetch, asked } = askScripted(url, 'https://auth.example.com/token')
    await fetch(`${url}/v2/app/tags/list`, {})
    await fetch('https://storage.example.com/v2/app/tags/list', {})
    await fetch('http://registry.example.com/v2/app/tags/list', {})
    expect(asked.slice(3)).toEqual([
      { host: 'storage.example.com', authorization: null },
      { host: 'registry.example.com', authorization: null },
    ])
  })

  it.each([
    ['https://registry.example.com', 'https://127.0.0.1/token', 'a loopback address'],
    ['https://registry.example.com', 'https://169.254.169.254/token', 'a link-local address'],
    ['http://registry.example.com', 'http://10.0.0.1/token', 'a private address'],
    ['https://registry.example.com', 'https://inside.example.com/token', 'a private address'],
    ['http://10.0.0.1', 'http://127.0.0.1/token', 'a loopback address'],
  ])('of %s at %s is asked nothing', async (url, realm, message) => {
    const asked: string[] = []
    const lookup = async (name: string) => (name === 'inside.example.com' ? ['10.0.0.7'] : ['93.184.215.14'])
    const runtime = { ...createTestRuntime(), lookup }
    const fetch = withAuth(runtime, { url, credentials: async () => undefined })(async (to) => {
      asked.push(to)
      return new Response(null, { status: 401, headers: { 'WWW-Authenticate': `Bearer realm="${realm}"` } })
    })
    await expect(fetch(`${url}/v2/`, {})).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      message: expect.stringContaining(message),
    })
    expect(asked).toEqual([`${url}/v2/`])
  })
})

describe('a password', () => {
  const challenge = ({ headers }: SeenRequest) =>
    headers.authorization === BASIC ? undefined : 'Negotiate, Basic realm="registry"'

  it('is given to a registry that asks for it, and from then on unasked', async () => {
    await using registry = await startScriptedRegistry({ challenge })
    const fetch = createFetch(registry.origin, PASSWORD)
    for (const _ of [1, 2]) expect((await fetch(`${registry.origin}/v2/`, {})).status).toBe(200)
    expect(authorizations(registry.requests)).toEqual([undefined, BASIC, BASIC])
  })

  it('that is wrong is not given again and again', async () => {
    await using registry = await startScriptedRegistry({ challenge })
    const fetch = createFetch(registry.origin, { ...PASSWORD, password: 'wrong' })
    for (const _ of [1, 2]) expect((await fetch(`${registry.origin}/v2/`, {})).status).toBe(401)
    expect(registry.requests.length).toBe(3)
  })

  it('does not go to another origin, whatever that says', async () => {
    await using registry = await startScriptedRegistry({ challenge })
    await using storage = await startScriptedRegistry({ challenge: () => 'Basic realm="registry"' })
    const fetch = createFetch(registry.origin, PASSWORD)
    await fetch(`${registry.origin}/v2/`, {})
    const { status } = await fetch(`${storage.origin}/v2/`, { headers: { Authorization: BASIC } })
    expect(status).toBe(401)
    expect(authorizations(storage.requests)).toEqual([undefined])
  })

  it.each(['', 'Digest realm="x"', 'Basic realm="x"', 'Bearer', '"'])(
    'is not missed where there is none: %j is answered as it is',
    async (wanted) => {
      await using registry = await startScriptedRegistry({ challenge: () => wanted })
      expect((await createFetch(registry.origin)(`${registry.origin}/v2/`, {})).status).toBe(401)
      expect(registry.requests.length).toBe(1)
    },
  )
})

describe('who waits for a token that others wait for', () => {
  it('may give up, and they get theirs', async () => {
    await using tokens = await startTokenServer()
    await using registry = await startScriptedRegistry({ challenge: bearer(tokens) })
    const abort = new AbortController()
    const released = Promise.withResolvers<void>()
    const fetching: Fetch = async (url, init) => {
      if (url.startsWith(tokens.realm)) {
        abort.abort(new Error('enough'))
        await released.promise
      }
      return fetch(url, init)
    }
    const layer = withAuth(createTestRuntime(), {
      url: registry.origin,
      credentials: async () => undefined,
    })
    const guarded = layer(fetching)
    const target = `${registry.origin}/v2/app/tags/list`
    const given = guarded(target, { signal: abort.signal })
    const waiting = guarded(target, {})
    await expect(given).rejects.toThrow('enough')
    released.resolve()
    expect((await waiting).status).toBe(404)
  })
})
