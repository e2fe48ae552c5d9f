import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { json, startServer } from '../../../test/support/scripted-registry.ts'
import { makeTempFolder } from '../../../test/support/temp.ts'
import { PortolanError } from '../../errors.ts'
import type { Fetch } from '../../runtime.ts'
import { defaultCredentials, givenCredentials } from './gcs-credential.ts'
import { readKey } from './gcs-key.ts'

const REFUSED = new PortolanError('STORE_REFUSED', 'no credentials')
const URL = 'https://storage.googleapis.com/storage/v1/b/images/o'

afterEach(() => vi.unstubAllEnvs())

test('gives a token for objects by workload identity, and asks for it once', async () => {
  await using folder = await makeTempFolder()
  await using server = await startServer(() =>
    json({ access_token: 'token-1', issued_token_type: 'x', token_type: 'Bearer', expires_in: 3600 }),
  )
  const [subject, key] = [join(folder.path, 'subject'), join(folder.path, 'key.json')]
  await writeFile(subject, 'a token of the cluster')
  await writeFile(
    key,
    JSON.stringify({
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/p',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${server.origin}/token`,
      credential_source: { file: subject },
    }),
  )
  vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', key)
  const authorize = defaultCredentials(fetch, () => REFUSED)
  expect(await authorize(URL)).toMatchObject({ authorization: 'Bearer token-1' })
  await authorize(URL)
  expect(server.requests).toHaveLength(1)
  const form = new URLSearchParams(server.requests[0]!.body)
  expect(form.get('subject_token')).toBe('a token of the cluster')
  expect(form.get('scope')).toBe('https://www.googleapis.com/auth/devstorage.read_write')
})

test('asks through the runtime’s own fetch, which knows the proxies', async () => {
  await using folder = await makeTempFolder()
  const key = join(folder.path, 'key.json')
  const account = { type: 'authorized_user', client_id: 'i', client_secret: 's', refresh_token: 'r' }
  await writeFile(key, JSON.stringify(account))
  vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', key)
  const asked: string[] = []
  const recorded: Fetch = async (url) => {
    asked.push(url)
    return Response.json({ access_token: 'token-2', expires_in: 3600, token_type: 'Bearer' })
  }
  const authorize = defaultCredentials(recorded, () => REFUSED)
  expect(await authorize(URL)).toMatchObject({ authorization: 'Bearer token-2' })
  expect(asked).toEqual(['https://oauth2.googleapis.com/token'])
})

test.each([
  ['service_account', () => ({ client_email: 'sync@p.iam.gserviceaccount.com', private_key: rsaKey() })],
  ['authorized_user', () => ({ client_id: 'i', client_secret: 's', refresh_token: 'r' })],
])('a key that is given is used, whatever the environment says: %s', async (type, rest) => {
  vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', '/nowhere/key.json')
  const asked: string[] = []
  const recorded: Fetch = async (url) => {
    asked.push(url)
    return Response.json({ access_token: 'token-3', expires_in: 3600, token_type: 'Bearer' })
  }
  const authorize = givenCredentials(
    recorded,
    () => REFUSED,
    readKey(JSON.stringify({ type, ...rest(), more: 1 })),
  )
  expect(await authorize(URL)).toMatchObject({ authorization: 'Bearer token-3' })
  expect(asked).toEqual([expect.stringMatching(/googleapis\.com\/(?:oauth2\/v4\/)?token$/)])
})

function rsaKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

test('says that there are none, without the words of the library', async () => {
  vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', '/nowhere/key.json')
  await expect(defaultCredentials(fetch, () => REFUSED)(URL)).rejects.toBe(REFUSED)
})
