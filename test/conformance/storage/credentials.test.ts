import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openAccess } from '../../../src/storage/azure-blob/azure-credential.ts'
import { openStore } from '../../../src/storage/open-store.ts'
import { startAzurite } from '../../support/azurite.ts'
import { json, startServer } from '../../support/scripted-registry.ts'
import { makeTempFolder, type TempFolder } from '../../support/temp.ts'
import { lend } from './lent.ts'

const TYPE = { contentType: 'text/plain' }
let temp: TempFolder
beforeEach(async () => {
  temp = await makeTempFolder()
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await temp[Symbol.asyncDispose]()
})

const AZURE = { account: 'acc', endpoint: 'https://acc.blob.core.windows.net' }
const SCOPE = 'https://storage.azure.com/.default'

/** The token that a credential of Azure's gives. */
async function tokenOf(credential: object): Promise<string | undefined> {
  if (!('getToken' in credential) || typeof credential.getToken !== 'function') return undefined
  return (await credential.getToken(SCOPE))?.token
}

test('an account of Azure by a key in a file, though the environment has another', async () => {
  await using azurite = await startAzurite()
  const { endpoint, container, environment } = azurite
  await writeFile(join(temp.path, 'key'), `${environment.AZURE_STORAGE_KEY}\n`)
  const store = await openStore(
    {
      ...{ kind: 'azureBlob', endpoint, container, prefix: '' },
      credentials: { sharedKey: { file: join(temp.path, 'key') } },
    },
    lend({ AZURE_STORAGE_KEY: 'd3Jvbmc=' }),
  )
  await store.put('a', Buffer.from('x'), TYPE)
  expect((await store.stat('a'))?.size).toBe(1)
})

test('an account of Azure by the identity of the machine, or by another one that it has', async () => {
  await using identity = await startServer(({ headers }) =>
    json(
      headers['x-identity-header'] === 'of this app'
        ? {
            access_token: 'token',
            expires_on: String(Math.floor(Date.now() / 1000) + 3600),
            token_type: 'Bearer',
          }
        : {},
    ),
  )
  // The library looks once in a process for which service there is.
  vi.stubEnv('IDENTITY_ENDPOINT', `${identity.origin}/token`)
  vi.stubEnv('IDENTITY_HEADER', 'of this app')
  const other = '8d5ab1c2-0000-4000-8000-000000000001'
  for (const managedIdentity of ['system', other]) {
    const { credential, query } = await openAccess({ managedIdentity }, { ...AZURE, environment: {} })
    expect(await tokenOf(credential)).toBe('token')
    expect(query).toBe('')
  }
  const asked = identity.requests.map(({ path }) => new URL(path, identity.origin).searchParams)
  expect(asked.map((query) => query.get('resource'))).toEqual(asked.map(() => 'https://storage.azure.com'))
  expect(asked.map((query) => query.get('client_id'))).toEqual([null, other])
})

test('a workload identity that the cluster has not given is told, with what to look at', async () => {
  await expect(openAccess({ workloadIdentity: true }, { ...AZURE, environment: {} })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(/AZURE_FEDERATED_TOKEN_FILE are not all set; is the pod labelled/),
  })
})

test('the token of an identity goes to no http endpoint', async () => {
  const options = { account: 'acc', endpoint: 'http://127.0.0.1:1/acc', environment: {} }
  await expect(openAccess({ managedIdentity: 'system' }, options)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(/must not go to http:\/\/127\.0\.0\.1:1\/acc in the clear/),
  })
})

test('an account of Azure by a signature in a variable of any name', async () => {
  const options = { ...AZURE, environment: { WEST: '?sv=1&sig=s', AZURE_STORAGE_SAS_TOKEN: 'sv=2' } }
  expect((await openAccess({ sas: { variable: 'WEST' } }, options)).query).toBe('?sv=1&sig=s')
})

test('a bucket of Cloud Storage by a key of its own, at an http endpoint too', async () => {
  await using google = await startServer(({ path, headers }) =>
    path.startsWith('/token')
      ? json({ access_token: 'token', expires_in: 3600, token_type: 'Bearer' })
      : json(headers.authorization === 'Bearer token' ? { kind: 'storage#objects' } : {}),
  )
  await writeFile(join(temp.path, 'subject'), 'a token of the cluster')
  const key = {
    type: 'external_account',
    audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/p',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: `${google.origin}/token`,
    credential_source: { file: join(temp.path, 'subject') },
  }
  const fill = { kind: 'gcs', bucket: 'images', prefix: '', endpoint: google.origin } as const
  const store = await openStore(
    { ...fill, credentials: { key: { variable: 'GCS_KEY' } } },
    lend({ GCS_KEY: JSON.stringify(key) }),
  )
  for await (const _ of store.list('')) expect.unreachable('it is empty')
  expect(google.requests.map(({ headers }) => headers.authorization)).toContain('Bearer token')
})

test.each(['not json', '{}', '[]', 'null', '{"type":"service_account"}', '{"type":"odd"}'])(
  'a key for Cloud Storage that is none is refused unseen: %s',
  async (key) => {
    const fill = {
      kind: 'gcs',
      bucket: 'images',
      prefix: '',
      credentials: { key: { variable: 'GCS_KEY' } },
    } as const
    const refused = openStore(fill, lend({ GCS_KEY: key }))
    await expect(refused).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message:
        'the key for Cloud Storage cannot be read: expected the JSON that Google gives, of the type service_account, authorized_user, external_account',
    })
  },
)
