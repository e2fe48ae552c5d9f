import { chmod, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeTempFolder, type TempFolder } from '../../../test/support/temp.ts'
import { createTestRuntime } from '../../../test/support/test-runtime.ts'
import type { CredentialsConfig } from '../../config/config.ts'
import { silentLog } from '../../telemetry/log.ts'
import type { Credential } from '../../transport/credential.ts'
import { openUpstreamCredentials } from './upstream-credentials.ts'

let folder: TempFolder
beforeEach(async () => {
  folder = await makeTempFolder()
})
afterEach(() => folder[Symbol.asyncDispose]())

const at = (name: string) => join(folder.path, name)
const login = (username: string, password: string): Credential => ({ kind: 'password', username, password })

function open(config: CredentialsConfig, environment: Record<string, string> = {}) {
  const lines: string[] = []
  const error = (facts: object) => void lines.push(JSON.stringify(facts))
  const runtime = createTestRuntime({ log: { ...silentLog, error } })
  const path = { PATH: `${at('bin')}:/usr/bin:/bin` }
  const find = openUpstreamCredentials(config, { environment: { ...path, ...environment }, runtime })
  return { runtime, lines, get: (refused?: Credential) => find('registry.test', refused) }
}

test('a user and a password come from their places, without a line break at the end', async () => {
  await writeFile(at('user'), 'jo\n')
  await writeFile(at('password'), 'pä:ss word \r\n')
  const { get } = open({ kind: 'login', usernameFile: at('user'), passwordFile: at('password') })
  expect(await get()).toEqual(login('jo', 'pä:ss word '))
  const { get: fromVariable } = open({ kind: 'login', username: 'jo', passwordVariable: 'P' }, { P: 'x' })
  expect(await fromVariable()).toEqual(login('jo', 'x'))
})

test('a file is read again when it changes, also by the swap of a link above it, as Kubernetes does', async () => {
  await mkdir(at('1'))
  await mkdir(at('2'))
  await writeFile(at('1/password'), 'one')
  await writeFile(at('2/password'), 'two')
  await symlink('1', at('current'))
  const { get } = open({ kind: 'login', username: 'jo', passwordFile: at('current/password') })
  expect(await get()).toEqual(login('jo', 'one'))
  await symlink('2', at('next'))
  await rename(at('next'), at('current'))
  expect(await get()).toEqual(login('jo', 'two'))
})

test('a file that is gone or empty for a moment leaves what was read before', async () => {
  await writeFile(at('password'), 'one')
  const { get } = open({ kind: 'login', username: 'jo', passwordFile: at('password') })
  await get()
  await rm(at('password'))
  expect(await get(login('jo', 'one'))).toEqual(login('jo', 'one'))
  await writeFile(at('password'), '\n')
  expect(await get()).toEqual(login('jo', 'one'))
  await writeFile(at('password'), 'two')
  expect(await get()).toEqual(login('jo', 'two'))
})

test.each([
  [
    'a file that is not there',
    { kind: 'login', username: 'jo', passwordFile: 'none' },
    'FILE_UNREADABLE',
    'ENOENT',
  ],
  [
    'an empty file',
    { kind: 'login', username: 'jo', passwordFile: 'empty' },
    'CONFIG_INVALID',
    'holds nothing',
  ],
  ['a folder', { kind: 'login', username: 'jo', passwordFile: '.' }, 'FILE_UNREADABLE', 'not a regular file'],
  [
    'what is no text',
    { kind: 'login', username: 'jo', passwordFile: 'binary' },
    'FILE_UNREADABLE',
    'no UTF-8',
  ],
  [
    'a variable that is not set',
    { kind: 'login', username: 'jo', passwordVariable: 'X' },
    'CONFIG_INVALID',
    'X is not set',
  ],
  [
    'a login file without this host',
    { kind: 'dockerConfig', file: 'config.json' },
    'ACCESS_DENIED',
    'no login for registry.test',
  ],
  [
    'a login file that is not there',
    { kind: 'dockerConfig', file: 'none' },
    'ACCESS_DENIED',
    'no login for registry.test',
  ],
  ['a helper that is not there', { kind: 'helper', name: 'nowhere' }, 'ACCESS_DENIED', 'not on PATH'],
] as const)('%s is an error, and nobody is asked anonymously', async (_, config, code, message) => {
  await writeFile(at('empty'), '\n')
  await writeFile(at('binary'), Buffer.from([0xff, 0xfe, 0xfd]))
  await writeFile(at('config.json'), '{"auths":{"other.test":{"auth":"am86eA=="}}}')
  const absolute: CredentialsConfig =
    'passwordFile' in config
      ? { ...config, passwordFile: at(config.passwordFile) }
      : 'file' in config
        ? { ...config, file: at(config.file) }
        : config
  const { get, lines } = open(absolute)
  const asked = get()
  await expect(asked).rejects.toMatchObject({ code: 'ACCESS_DENIED', cause: { code } })
  await expect(asked).rejects.toThrow('there is no login to registry.test at the moment')
  await expect(get()).rejects.toThrow()
  expect(lines).toEqual([expect.stringContaining(message)])
})

test('a login file is that of docker login, and read again after a refusal', async () => {
  const write = (password: string) => {
    const auth = Buffer.from(`jo:${password}`).toString('base64')
    return writeFile(at('config.json'), JSON.stringify({ auths: { 'registry.test': { auth } } }))
  }
  await write('one')
  const { get, runtime } = open({ kind: 'dockerConfig', file: at('config.json') })
  expect(await get()).toEqual(login('jo', 'one'))
  await write('two')
  runtime.advance(10_000)
  expect(await get()).toEqual(login('jo', 'one'))
  expect(await Promise.all([get(login('jo', 'one')), get(login('jo', 'one'))])).toEqual([
    login('jo', 'two'),
    login('jo', 'two'),
  ])
})

test('a helper is asked once for many, and again after a refusal', async () => {
  await mkdir(at('bin'))
  const script = `#!/bin/sh\nread -r server\necho x >> ${at('asked')}\nprintf '{"Username":"%s","Secret":"%s"}' "$server" "$(grep -c x ${at('asked')})"`
  await writeFile(at('bin/docker-credential-mine'), script)
  await chmod(at('bin/docker-credential-mine'), 0o755)
  const { get, runtime } = open({ kind: 'helper', name: 'mine' })
  const first = login('registry.test', '1')
  expect(await Promise.all([get(), get()])).toEqual([first, first])
  runtime.advance(61_000)
  expect(await get(first)).toEqual(login('registry.test', '2'))
})
