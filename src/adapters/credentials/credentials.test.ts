import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeTempFolder, type TempFolder } from '../../../test/support/temp.ts'
import { createTestClock } from '../../../test/support/test-clock.ts'
import { createCredentials } from './credentials.ts'

let home: TempFolder
beforeEach(async () => {
  home = await makeTempFolder()
})
afterEach(() => home[Symbol.asyncDispose]())

const base64 = (text: string) => Buffer.from(text).toString('base64')
const password = (username: string, password: string) => ({ kind: 'password', username, password })

async function write(path: string, content: unknown): Promise<void> {
  const file = join(home.path, path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content))
}

/** A helper that notes what it was asked and does what a shell script says. */
async function writeHelper(name: string, script: string): Promise<void> {
  const path = `bin/docker-credential-${name}`
  await write(path, `#!/bin/sh\nread -r server\n${script}\n`)
  await chmod(join(home.path, path), 0o755)
}

function find(host: string, options: { timeout?: number; environment?: Record<string, string> } = {}) {
  const { timeout = 10_000, environment } = options
  return createCredentials({
    home: home.path,
    environment: { PATH: `${join(home.path, 'bin')}:/usr/bin:/bin`, ...environment },
    helperTimeout: timeout,
    clock: createTestClock(),
  })(host)
}

describe('the credential in a file', () => {
  it.each([
    ['registry.test', { auth: base64('jo:se:cret') }, 'registry.test', password('jo', 'se:cret')],
    ['registry.test', { auth: base64('jo:ä\0\0') }, 'registry.test', password('jo', 'ä')],
    ['https://registry.test:5000/v2/', { auth: base64('jo:x') }, 'registry.test:5000', password('jo', 'x')],
    ['http://Registry.test', { auth: base64('jo:x') }, 'registry.TEST', password('jo', 'x')],
    ['registry.test', { username: 'jo', password: 'x' }, 'registry.test', password('jo', 'x')],
    [
      'registry.test',
      { auth: base64('00000000-0000-0000-0000-000000000000:'), identitytoken: 't' },
      'registry.test',
      { kind: 'identityToken', token: 't' },
    ],
    ['https://index.docker.io/v1/', { auth: base64('jo:x') }, 'registry-1.docker.io', password('jo', 'x')],
    ['docker.io', { auth: base64('jo:x') }, 'index.docker.io', password('jo', 'x')],
    ['registry.test', {}, 'registry.test', undefined],
    ['registry.test', { auth: '' }, 'registry.test', undefined],
    ['registry.test', { auth: base64('jo:x') }, 'other.test', undefined],
    ['registry.test', { auth: base64('jo:x') }, 'registry.test:5000', undefined],
    ['registry.test/team', { auth: base64('jo:x') }, 'registry.test', undefined],
  ])('under %s, %j, is for %s: %j', async (key, login, host, expected) => {
    await write('.docker/config.json', { auths: { [key]: login }, HttpHeaders: {}, currentContext: 'x' })
    expect(await find(host)).toEqual(expected)
  })

  it('is looked for where DOCKER_CONFIG says, then where podman keeps it', async () => {
    const login = (name: string) => ({ auths: { [`${name}.test`]: { auth: base64(`${name}:x`) } } })
    await write('.docker/config.json', login('home'))
    await write('elsewhere/config.json', login('docker'))
    await write('run/containers/auth.json', login('podman'))
    const environment = {
      DOCKER_CONFIG: join(home.path, 'elsewhere'),
      XDG_RUNTIME_DIR: join(home.path, 'run'),
    }
    expect(await find('docker.test', { environment })).toEqual(password('docker', 'x'))
    expect(await find('podman.test', { environment })).toEqual(password('podman', 'x'))
    expect(await find('home.test', { environment })).toBeUndefined()
    expect(await find('home.test')).toEqual(password('home', 'x'))
  })

  it('is none where there is no file', async () => {
    expect(await find('registry.test')).toBeUndefined()
  })

  it.each([
    ['{ "auths": secret', 'is not JSON'],
    ['[]', 'the whole'],
    ['{"auths":{"registry.test":"secret"}}', 'auths.registry.test'],
    ['{"auths":{"registry.test":{"auth":5}}}', 'auths.registry.test.auth'],
    [
      `{"auths":{"registry.test":{"auth":"${base64('secret')}"}}}`,
      'auths.registry.test holds no USER:PASSWORD',
    ],
    ['{"credHelpers":{"registry.test":"../../bin/secret"}}', 'credHelpers.registry.test'],
    ['{"credsStore":"a b"}', 'credsStore'],
  ])('that is garbled (%s) is an error without it', async (content, message) => {
    await write('.docker/config.json', content)
    const found = find('registry.test')
    await expect(found).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(message),
    })
    await expect(found).rejects.not.toThrow(/secret|c2VjcmV0/)
  })

  it('that cannot be read, or is far too long, is an error', async () => {
    await mkdir(join(home.path, '.docker/config.json'), { recursive: true })
    await expect(find('registry.test')).rejects.toMatchObject({ code: 'FILE_UNREADABLE' })
    await write('big/config.json', ' '.repeat(2_000_000))
    const environment = { DOCKER_CONFIG: join(home.path, 'big') }
    await expect(find('registry.test', { environment })).rejects.toThrow('longer than 1048576 bytes')
  })
})

describe('a helper', () => {
  const answering = (username: string, secret: string) =>
    `printf '{"ServerURL":"%s","Username":"${username}","Secret":"${secret} for %s"}' "$server" "$server"`

  it('of its own for a host comes first, then the file, then the one for all', async () => {
    await writeHelper('own', answering('own', 'x'))
    await writeHelper('all', answering('all', 'x'))
    await write('.docker/config.json', {
      auths: {
        'own.test': { auth: base64('file:x') },
        'file.test': { auth: base64('file:x') },
        'empty.test': {},
      },
      credHelpers: { 'own.test': 'own' },
      credsStore: 'all',
    })
    expect(await find('own.test')).toEqual(password('own', 'x for own.test'))
    expect(await find('file.test')).toEqual(password('file', 'x'))
    expect(await find('empty.test')).toEqual(password('all', 'x for empty.test'))
  })

  it('is asked for Docker Hub by its odd name', async () => {
    await writeHelper('all', answering('jo', 'x'))
    await write('.docker/config.json', { credsStore: 'all' })
    expect(await find('registry-1.docker.io')).toEqual(password('jo', 'x for https://index.docker.io/v1/'))
  })

  it('may give an identity token', async () => {
    await writeHelper('all', answering('<token>', 'x'))
    await write('.docker/config.json', { credsStore: 'all' })
    expect(await find('a.test')).toEqual({ kind: 'identityToken', token: 'x for a.test' })
  })

  it('may know nothing', async () => {
    await writeHelper('all', 'echo "credentials not found in native keychain"; exit 1')
    await write('.docker/config.json', { credsStore: 'all' })
    expect(await find('a.test')).toBeUndefined()
  })

  it.each([
    ['fails', 'echo secret; echo secret >&2; exit 3', 'exit code 3'],
    ['prints no JSON', 'echo secret', 'no credential'],
    ['prints JSON without a secret', `echo '{"Username":"secret"}'`, 'no credential'],
    ['prints without end', 'while :; do echo secret; done', 'printed far too much'],
    ['hangs', 'exec sleep 60', 'did not end within 0.3 s'],
    ['does not read', 'exec <&-; exit 4', 'exit code 4'],
  ])('that %s is an error without what it printed', async (_, script, message) => {
    await writeHelper('all', script)
    await write('.docker/config.json', { credsStore: 'all' })
    const found = find('a.test', { timeout: script.startsWith('exec sleep') ? 300 : 10_000 })
    await expect(found).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringContaining(message),
    })
    await expect(found).rejects.not.toThrow('secret')
  })

  it('that is not there is an error', async () => {
    await write('.docker/config.json', { credHelpers: { 'a.test': 'nowhere' } })
    await expect(find('a.test')).rejects.toThrow(
      'docker-credential-nowhere gives no credential for a.test: it is not on PATH',
    )
    expect(await find('b.test')).toBeUndefined()
  })

  it('is asked once for many, and again after a while', async () => {
    await writeHelper(
      'all',
      `echo x >> "$HOME/asked"; printf '{"Username":"jo","Secret":"%s"}' "$(grep -c x "$HOME/asked")"`,
    )
    await write('.docker/config.json', { credsStore: 'all' })
    const clock = createTestClock()
    const environment = { PATH: `${join(home.path, 'bin')}:/usr/bin:/bin`, HOME: home.path }
    const credentials = createCredentials({ home: home.path, environment, clock })
    const all = await Promise.all([1, 2, 3].map(() => credentials('a.test')))
    expect(all).toEqual([password('jo', '1'), password('jo', '1'), password('jo', '1')])
    clock.advance(300_000)
    expect(await credentials('a.test')).toEqual(password('jo', '2'))
  })
})
