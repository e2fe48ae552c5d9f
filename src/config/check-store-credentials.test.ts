import { expect, test } from 'vitest'
import { checkStoreCredentials } from './check-store-credentials.ts'
import type { DraftFill } from './draft.ts'
import { formatConfigPath } from './fault.ts'

const SECRET = { variable: 'X' }
const S3_WAYS = 'must be profile, or accessKeyId and secretAccessKey (and sessionToken)'

test.each<[fill: DraftFill, line: string | undefined]>([
  [{ s3: { credentials: { profile: 'a' } } }, undefined],
  [{ s3: { credentials: { accessKeyId: SECRET, secretAccessKey: SECRET } } }, undefined],
  [
    { s3: { credentials: { accessKeyId: SECRET, secretAccessKey: SECRET, sessionToken: SECRET } } },
    undefined,
  ],
  [{ s3: { credentials: {} } }, `s3.credentials: ${S3_WAYS}`],
  [{ s3: { credentials: { accessKeyId: SECRET } } }, `s3.credentials: ${S3_WAYS}`],
  [{ s3: { credentials: { profile: 'a', accessKeyId: SECRET } } }, `s3.credentials: ${S3_WAYS}`],
  [
    { s3: { credentials: { accessKeyId: {}, secretAccessKey: SECRET } } },
    's3.credentials.accessKeyId: needs one of variable and file',
  ],
  [
    { gcs: { credentials: { key: { variable: 'X', file: 'x' } } } },
    'gcs.credentials.key: needs one of variable and file',
  ],
  [{ gcs: { credentials: {} } }, 'gcs.credentials: must be key'],
  [
    { azureBlob: { credentials: { sas: SECRET, managedIdentity: 'system' } } },
    'azureBlob.credentials: must be sharedKey, or sas, or managedIdentity, or workloadIdentity',
  ],
])('credentials of %j: %s', (fill, line) => {
  const lines = [...checkStoreCredentials([], fill)].map(
    ({ path, message }) => `${formatConfigPath(path)}: ${message}`,
  )
  expect(lines).toEqual(line === undefined ? [] : [line])
})
