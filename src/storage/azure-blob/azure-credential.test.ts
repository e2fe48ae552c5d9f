import { AnonymousCredential, StorageSharedKeyCredential } from '@azure/storage-blob'
import { expect, test } from 'vitest'
import { findAccess } from './azure-credential.ts'

const KEY = 'a2V5'
const CONNECTION = `DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=${KEY};EndpointSuffix=core.windows.net`

test.each([
  ['a key', { AZURE_STORAGE_KEY: KEY }],
  ['a key of this account', { AZURE_STORAGE_KEY: 'not for us', AZURE_STORAGE_KEY_ACC: KEY }],
  ['a connection string', { AZURE_STORAGE_CONNECTION_STRING: CONNECTION }],
])('%s is a shared key', (_, environment) => {
  const { credential, query } = findAccess('acc', environment)
  expect(credential).toBeInstanceOf(StorageSharedKeyCredential)
  expect((credential as StorageSharedKeyCredential).accountName).toBe('acc')
  expect(query).toBe('')
})

test.each([
  ['a signature', { AZURE_STORAGE_SAS_TOKEN: 'sv=1&sig=s' }, '?sv=1&sig=s'],
  ['a signature with its question mark', { AZURE_STORAGE_SAS_TOKEN: '?sv=1&sig=s' }, '?sv=1&sig=s'],
  ['a signature of this account', { AZURE_STORAGE_SAS_TOKEN_ACC: 'sv=2' }, '?sv=2'],
  [
    'a connection string with a signature',
    { AZURE_STORAGE_CONNECTION_STRING: 'BlobEndpoint=https://acc.test/;SharedAccessSignature=sv=3&sig=s%3D' },
    '?sv=3&sig=s%3D',
  ],
  ['the connection string of another account', { AZURE_STORAGE_CONNECTION_STRING: CONNECTION }, '', 'other'],
  ['a key of another account', { AZURE_STORAGE_KEY_OTHER: KEY }, ''],
  ['nothing', {}, ''],
])('%s goes without a key', (_, environment, query, account = 'acc') => {
  const access = findAccess(account, environment)
  expect(access.credential).toBeInstanceOf(AnonymousCredential)
  expect(access.query).toBe(query)
})

test.each([
  [{ AZURE_STORAGE_KEY: 'secret?!' }, /the key of the Azure account acc is not in base64/],
  [{ AZURE_STORAGE_CONNECTION_STRING: 'just-a-secret' }, /AZURE_STORAGE_CONNECTION_STRING cannot be read/],
])('what cannot be used is refused without being shown: %j', (environment, message) => {
  expect(() => findAccess('acc', environment)).toThrow(message)
  expect(() => findAccess('acc', environment)).not.toThrow(/secret/)
})
