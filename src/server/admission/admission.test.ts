import { expect, test } from 'vitest'
import { createTestRuntime } from '../../../test/support/test-runtime.ts'
import { parseAddress } from '../../net/address.ts'
import { Admission } from './admission.ts'

const hashOf = (name: string) => `$2y$05$${name.replaceAll('-', '/').padEnd(53, '.')}`
const basic = (user: string, password: string) => `Basic ${btoa(`${user}:${password}`)}`
const PRIVATE = [{ public: false }]

/** Users whose passwords are their hashes' first letters; `hold` keeps all checks waiting until it is called. */
async function open(text = `jo:${hashOf('jo-pass')}\n`) {
  const file = { text, print: 1, fails: false }
  const logged: string[] = []
  const verified: string[] = []
  let gate: Promise<void> | undefined
  const log = (_: object, message: string) => void logged.push(message)
  const runtime = {
    ...createTestRuntime({ log: { debug() {}, info: log, warn: log, error: log } }),
    passwords: {
      read: async () => {
        if (file.fails) throw new Error('EIO')
        return file.text
      },
      print: async () => `${file.print}`,
      verify: async (password: string, hash: string) => {
        verified.push(password)
        await gate
        return hash === hashOf(password)
      },
      secret: new Uint8Array([1, 2, 3]),
    },
  }
  const admission = await Admission.open({ clients: { ...CLIENTS, htpasswd: '/users' } }, runtime)
  return {
    file,
    logged,
    verified,
    runtime,
    admission,
    change(next: string) {
      file.text = next
      file.print++
      runtime.advance(5_000)
    },
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>()
      gate = promise
      return resolve
    },
    async ask(authorization: string | undefined, { registries = PRIVATE, from = '192.0.2.1' } = {}) {
      const request = { peer: from, header: () => authorization }
      const reply = await admission.refuse({ request, address: parseAddress(from), registries })
      return reply?.status ?? 200
    },
  }
}

const CLIENTS = { trustedProxies: [], header: 'x-forwarded-for' }

test.each([
  ['the right password', basic('jo', 'jo-pass'), 200],
  ['a wrong one', basic('jo', 'pass'), 401],
  ['that of another user', basic('ann', 'jo-pass'), 401],
  ['no login', undefined, 401],
  ['a token of elsewhere', 'Bearer abc', 401],
  ['what podman sends without a login', basic('', ''), 401],
  ['more than anybody types', basic('jo', 'x'.repeat(1025)), 401],
])('who comes with %s', async (_, authorization, status) => {
  expect(await (await open()).ask(authorization)).toBe(status)
})

test('whoever is not let in is told how to log in', async () => {
  const { admission } = await open()
  const request = { peer: '', header: () => undefined }
  expect(await admission.refuse({ request, address: undefined, registries: PRIVATE })).toMatchObject({
    status: 401,
    headers: { 'WWW-Authenticate': 'Basic realm="portolan"', 'Cache-Control': 'no-store' },
    body: expect.stringContaining('"UNAUTHORIZED"'),
  })
})

test.each([
  ['all that it may mean is public', [{ public: true }, { public: true }], 200],
  ['one of them is not', [{ public: true }, { public: false }], 401],
])('nobody needs a login where %s', async (_, registries, status) => {
  const { ask, verified } = await open()
  for (const authorization of [undefined, basic('jo', 'wrong')]) {
    expect(await ask(authorization, { registries })).toBe(status)
  }
  expect(verified.length).toBe(status === 200 ? 0 : 1)
})

test('without a file, nobody is asked for anything', async () => {
  const admission = await Admission.open({ clients: CLIENTS }, createTestRuntime())
  const request = { peer: '', header: () => basic('jo', 'wrong') }
  expect(admission.refuse({ request, address: undefined, registries: PRIVATE })).toBeUndefined()
})

test('a password is checked once, whether right or wrong, and then answered without waiting', async () => {
  const { ask, verified, admission } = await open()
  for (const password of ['jo-pass', 'wrong']) {
    const authorization = basic('jo', password)
    await Promise.all([ask(authorization), ask(authorization), ask(authorization)])
    const request = { peer: '', header: () => authorization }
    expect(admission.refuse({ request, address: undefined, registries: PRIVATE })).not.toBeInstanceOf(Promise)
  }
  expect(await ask(basic('jo', 'jo-pass'))).toBe(200)
  expect(verified).toEqual(['jo-pass', 'wrong'])
})

test('a file that has changed counts for who comes after it was looked at', async () => {
  const { ask, change, file, runtime } = await open()
  expect(await ask(basic('jo', 'jo-pass'))).toBe(200)
  change(`jo:${hashOf('new')}\n`)
  expect(await ask(basic('jo', 'jo-pass'))).toBe(401)
  expect(await ask(basic('jo', 'new'))).toBe(200)
  change(`ann:${hashOf('ann')}\n`)
  expect(await ask(basic('jo', 'new'))).toBe(401)
  expect(await ask(basic('ann', 'ann'))).toBe(200)
  // A login that was wrong may be right by another file.
  change(`jo:${hashOf('jo-pass')}\n`)
  expect(await ask(basic('jo', 'jo-pass'))).toBe(200)
  file.print++
  file.text = ''
  expect(await ask(basic('jo', 'jo-pass'))).toBe(200)
  runtime.advance(4_999)
  expect(await ask(basic('jo', 'jo-pass'))).toBe(200)
})

test.each([
  ['empty', { text: '' }],
  ['garbled', { text: 'jo:secret' }],
  ['not readable', { fails: true }],
])('a file that becomes %s leaves the users from before, and is told once', async (_, spoilt) => {
  const { ask, file, logged, runtime } = await open()
  Object.assign(file, spoilt)
  file.print++
  for (const _ of [1, 2, 3]) {
    runtime.advance(5_000)
    expect(await ask(basic('jo', 'jo-pass'))).toBe(200)
  }
  expect(logged).toEqual(['the users were not replaced: those from before stay'])
})

test('a disk that hangs keeps nobody waiting for long', async () => {
  const { ask, runtime } = await open()
  runtime.passwords.print = () => new Promise(() => {})
  await ask(basic('jo', 'jo-pass'))
  runtime.advance(5_000)
  const asked = ask(basic('jo', 'jo-pass'))
  expect(await ask(basic('jo', 'jo-pass'))).toBe(200)
  runtime.advance(1_000)
  expect(await asked).toBe(200)
})

test('whoever floods with wrong passwords has no more than some checked, and others come in meanwhile', async () => {
  const { ask, hold, verified } = await open(`jo:${hashOf('jo-pass')}\nann:${hashOf('ann')}\n`)
  expect(await ask(basic('jo', 'jo-pass'))).toBe(200)
  const release = hold()
  const flood = Array.from({ length: 100 }, (_, index) => ask(basic('jo', `guess-${index}`)))
  expect(await Promise.race(flood)).toBe(503)
  // Who was let in before is not checked again, and who is new and of another network has a place.
  expect(await ask(basic('jo', 'jo-pass'))).toBe(200)
  const other = ask(basic('ann', 'ann'), { from: '198.51.100.7' })
  release()
  expect(await other).toBe(200)
  const statuses = await Promise.all(flood)
  expect(statuses.filter((status) => status === 401).length).toBe(16)
  expect(statuses.filter((status) => status === 503).length).toBe(84)
  expect(verified.length).toBe(18)
})

test('a flood out of one /64, or out of many networks, is bounded all the same', async () => {
  const { ask, hold, verified } = await open()
  const release = hold()
  const near = Array.from({ length: 40 }, (_, index) =>
    ask(basic('jo', `a${index}`), { from: `2001:db8::${index.toString(16)}` }),
  )
  const far = Array.from({ length: 200 }, (_, index) =>
    ask(basic('jo', `b${index}`), { from: `198.51.100.${index}` }),
  )
  expect(verified.length).toBe(64)
  release()
  await Promise.all([...near, ...far])
  expect(verified.filter((password) => password.startsWith('a')).length).toBe(16)
})

test('a thread that cannot be had is no wrong password', async () => {
  const { ask, runtime } = await open()
  runtime.passwords.verify = async () => {
    throw new Error('no thread')
  }
  expect(await ask(basic('jo', 'jo-pass'))).toBe(503)
})
