import { expect, test } from 'vitest'
import { createTestRuntime, type TestRuntime } from '../../test/support/test-runtime.ts'
import { withAuth } from './auth.ts'
import type { Credential, Credentials } from './credential.ts'

const REGISTRY = 'https://registry.example.com'
const login = (password: string): Credential => ({ kind: 'password', username: 'jo', password })
const basic = (password: string) => `Basic ${btoa(`jo:${password}`)}`

/** A registry and its token server, by whose word everything goes. */
class Scripted {
  /** What the token server is asked with. */
  readonly asked: (string | null)[] = []
  /** Passwords that are taken; all where it is absent. */
  passwords: readonly string[] | undefined = ['right']
  /** Whether tokens are taken, for all there is. */
  takesTokens = true
  takesBasic = false
  /** A repository that is not for this login. */
  closed = ''
  /** What the registry was shown. */
  readonly shown: (string | null)[] = []
  /** What is answered to a wrong password. */
  wrongPassword = 401
  lifetime = 1000
  retryAfter: string | undefined
  status = 401
  #good = 0
  readonly runtime: TestRuntime
  readonly fetch: (repository: string) => Promise<number>

  constructor(credentials: Credentials) {
    this.runtime = createTestRuntime()
    const layer = withAuth(this.runtime, { url: REGISTRY, credentials })
    const fetching = layer(async (to, init) => this.#answer(new URL(to), new Headers(init.headers)))
    this.fetch = async (repository) => (await fetching(`${REGISTRY}/v2/${repository}/tags/list`, {})).status
  }

  /** No token is good any more. */
  revoke(): void {
    this.#good++
  }

  #answer({ pathname, search }: URL, headers: Headers): Response {
    const shown = headers.get('Authorization')
    if (pathname === '/token') return this.#token(shown)
    this.shown.push(shown)
    if (this.takesBasic) {
      const isOpen = this.closed === '' || !pathname.includes(this.closed)
      const isGood = isOpen && this.passwords!.some((password) => basic(password) === shown)
      if (isGood) return new Response('well')
      const wanted = { 'WWW-Authenticate': 'Basic realm="x"' }
      return shown === null || this.wrongPassword === 401
        ? new Response(null, { status: 401, headers: wanted })
        : new Response(null, { status: this.wrongPassword })
    }
    if (this.takesTokens && shown?.startsWith(`Bearer ${this.#good}.`)) return new Response('well')
    const wanted = `Bearer realm="${REGISTRY}/token",service="x",scope="${pathname}${search}"`
    return new Response(null, { status: 401, headers: { 'WWW-Authenticate': wanted } })
  }

  #token(shown: string | null): Response {
    this.asked.push(shown)
    const isGood = this.passwords?.some((password) => basic(password) === shown) ?? true
    if (isGood && this.status !== 429)
      return Response.json({ token: `${this.#good}.${this.asked.length}`, expires_in: this.lifetime })
    const headers = this.retryAfter === undefined ? {} : { 'Retry-After': this.retryAfter }
    return new Response(null, { status: this.status, headers })
  }
}

test('a token is fetched anew after four fifths of its time, and nobody waits for it', async () => {
  const scripted = new Scripted(async () => login('right'))
  await scripted.fetch('app')
  scripted.runtime.advance(799_000)
  await scripted.fetch('app')
  expect(scripted.asked.length).toBe(1)
  scripted.runtime.advance(2_000)
  for (const _ of [1, 2, 3]) expect(await scripted.fetch('app')).toBe(200)
  await expect.poll(() => scripted.asked.length).toBe(2)
  scripted.runtime.advance(700_000)
  expect(await scripted.fetch('app')).toBe(200)
  expect(scripted.asked.length).toBe(2)
})

test('a token that cannot be fetched anew is used until its end, and asked for now and then', async () => {
  let password = 'right'
  const scripted = new Scripted(async () => login(password))
  await scripted.fetch('app')
  password = 'wrong'
  scripted.runtime.advance(810_000)
  for (const _ of [1, 2, 3]) expect(await scripted.fetch('app')).toBe(200)
  expect(scripted.asked.length).toBe(2)
  scripted.runtime.advance(70_000)
  expect(await scripted.fetch('app')).toBe(200)
  expect(scripted.asked.length).toBe(3)
  scripted.runtime.advance(30_000)
  await expect(scripted.fetch('app')).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
})

test('a login that is refused is tried again after a minute, then after two', async () => {
  const scripted = new Scripted(async () => login('wrong'))
  const ask = () => expect(scripted.fetch('app')).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
  const tries: number[] = []
  for (const seconds of [0, 1, 58, 2, 60, 58, 3, 200, 50]) {
    scripted.runtime.advance(seconds * 1000)
    await ask()
    tries.push(scripted.asked.length)
  }
  expect(tries).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 4])
})

test('a login that never worked is not tried for each repository', async () => {
  const scripted = new Scripted(async () => login('wrong'))
  for (const name of ['a', 'b', 'c', 'd']) await expect(scripted.fetch(name)).rejects.toThrow('wrong')
  expect(scripted.asked.length).toBe(1)
})

test('a login that worked is not held wrong because it may not read one repository', async () => {
  const scripted = new Scripted(async () => login('right'))
  expect(await scripted.fetch('a')).toBe(200)
  scripted.passwords = []
  await expect(scripted.fetch('b')).rejects.toThrow()
  await expect(scripted.fetch('b')).rejects.toThrow()
  scripted.passwords = ['right']
  expect(await scripted.fetch('c')).toBe(200)
  expect(scripted.asked.length).toBe(3)
})

test('a login that does not work any more is found out by three', async () => {
  const scripted = new Scripted(async () => login('right'))
  await scripted.fetch('a')
  scripted.passwords = []
  for (const name of ['b', 'c', 'd', 'e', 'f']) await expect(scripted.fetch(name)).rejects.toThrow()
  expect(scripted.asked.length).toBe(4)
})

test.each([
  ['with a token', false, 401, [basic('old'), basic('old'), basic('new')]],
  ['at each request', true, 401, []],
  ['at each request, and 403 as Amazon ECR says of an old one', true, 403, []],
])(
  'a login that was replaced is taken by the request that finds out: %s',
  async (_, takesBasic, code, asked) => {
    let password = 'old'
    let refusedOnce = 0
    const scripted = new Scripted(async (_host, refused) => {
      if (refused !== undefined) {
        refusedOnce++
        password = 'new'
      }
      return login(password)
    })
    scripted.takesBasic = takesBasic
    scripted.passwords = ['old']
    expect(await scripted.fetch('app')).toBe(200)
    scripted.passwords = ['new']
    scripted.wrongPassword = code
    scripted.revoke()
    expect(await Promise.all([scripted.fetch('app'), scripted.fetch('app')])).toEqual([200, 200])
    expect(scripted.asked).toEqual(asked)
    expect(refusedOnce).toBeGreaterThan(0)
  },
)

test('a login that was refused is tried at once when it is another', async () => {
  let password = 'wrong'
  const scripted = new Scripted(async () => login(password))
  await expect(scripted.fetch('app')).rejects.toThrow('wrong')
  password = 'right'
  expect(await scripted.fetch('app')).toBe(200)
})

test('a registry that turns down good tokens is not given one after the other', async () => {
  const scripted = new Scripted(async () => login('right'))
  scripted.takesTokens = false
  for (const _ of [1, 2, 3, 4]) expect(await scripted.fetch('app')).toBe(401)
  expect(scripted.asked.length).toBe(1)
  scripted.runtime.advance(61_000)
  expect(await scripted.fetch('app')).toBe(401)
  expect(scripted.asked.length).toBe(2)
  scripted.runtime.advance(61_000)
  scripted.takesTokens = true
  expect(await scripted.fetch('app')).toBe(200)
})

test('a token server that wants to be left alone is', async () => {
  const scripted = new Scripted(async () => login('right'))
  scripted.status = 429
  scripted.retryAfter = '90'
  for (const name of ['a', 'b']) {
    await expect(scripted.fetch(name)).rejects.toMatchObject({ code: 'UNREACHABLE' })
  }
  scripted.status = 200
  scripted.runtime.advance(89_000)
  await expect(scripted.fetch('a')).rejects.toMatchObject({ code: 'UNREACHABLE' })
  expect(scripted.asked.length).toBe(1)
  scripted.runtime.advance(1_001)
  expect(await scripted.fetch('a')).toBe(200)
})

test('credentials that cannot be had end the request, and no token server is asked without', async () => {
  const scripted = new Scripted(async () => {
    throw new Error('the helper is not there')
  })
  await expect(scripted.fetch('app')).rejects.toThrow('the helper is not there')
  expect(scripted.asked).toEqual([])
})

/** How many of so many requests to a registry without a token server have a password with them. */
async function countShown(scripted: Scripted, repositories: readonly string[]): Promise<number> {
  scripted.shown.length = 0
  for (const repository of repositories) await scripted.fetch(repository)
  return scripted.shown.filter((header) => header !== null).length
}

test('a wrong password is not shown to a registry again and again', async () => {
  let password = 'wrong'
  const scripted = new Scripted(async () => login(password))
  scripted.takesBasic = true
  expect(await countShown(scripted, ['a', 'a', 'a', 'b', 'c'])).toBe(1)
  scripted.runtime.advance(59_000)
  expect(await countShown(scripted, ['a', 'b'])).toBe(0)
  scripted.runtime.advance(2_000)
  expect(await countShown(scripted, ['a', 'b'])).toBe(1)
  password = 'right'
  expect(await scripted.fetch('a')).toBe(200)
})

test('a password that is right is shown to all repositories, though one of them is not for it', async () => {
  const scripted = new Scripted(async () => login('right'))
  scripted.takesBasic = true
  scripted.closed = 'secret'
  expect(await scripted.fetch('a')).toBe(200)
  expect(await countShown(scripted, ['secret', 'secret', 'secret', 'secret'])).toBe(1)
  expect(await scripted.fetch('b')).toBe(200)
  scripted.runtime.advance(61_000)
  expect(await countShown(scripted, ['secret', 'secret'])).toBe(1)
})
