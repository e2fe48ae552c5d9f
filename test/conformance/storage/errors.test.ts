import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import type { FillConfig } from '../../../src/config/config.ts'
import type { PortolanError } from '../../../src/errors.ts'
import type { ObjectStore } from '../../../src/storage/object-store.ts'
import { openStore } from '../../../src/storage/open-store.ts'
import { makePrivateAuthority, noPrivateAuthority } from '../../support/private-authority.ts'
import { lend } from './lent.ts'
import { collect } from './suite.ts'

type Kind = 's3' | 'azureBlob' | 'gcs'
const KINDS: readonly Kind[] = ['s3', 'azureBlob', 'gcs']

const ENVIRONMENT = {
  ...{ AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' },
  AZURE_STORAGE_KEY: 'c2VjcmV0',
}

function fillAt(kind: Kind, endpoint: string): FillConfig {
  if (kind === 'azureBlob') return { kind, endpoint: `${endpoint}/account`, container: 'images', prefix: '' }
  return { kind, endpoint, bucket: 'images', prefix: '' }
}

/** A place that gives one answer to everything. */
async function startPlace(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer((request, response) => {
    request.resume()
    request.on('end', () => answer(request, response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The ways to ask, by the name of the action in messages. */
const WAYS = {
  'look up': (store: ObjectStore) => store.stat('key'),
  read: (store: ObjectStore) => store.get('key'),
  write: (store: ObjectStore) => store.put('key', Buffer.from('x'), { contentType: 'text/plain' }),
  list: (store: ObjectStore) => collect(store.list('')),
}
type Way = keyof typeof WAYS

async function failureOf(kind: Kind, endpoint: string, way: Way, attempts = 1): Promise<PortolanError> {
  const store = await openStore(fillAt(kind, endpoint), lend(ENVIRONMENT, attempts))
  try {
    return await WAYS[way](store).then(
      () => expect.unreachable('it was answered'),
      (error: PortolanError) => error,
    )
  } finally {
    await store.close()
  }
}

interface Said {
  readonly status: number
  readonly code: string
  readonly message: string
}

/** An error in the words of each service. */
function sayAs(kind: Kind, { status, code, message }: Said, response: ServerResponse): void {
  if (kind === 'gcs') {
    response.writeHead(status, { 'Content-Type': 'application/json' })
    response.end(JSON.stringify({ error: { code: status, message, errors: [{ reason: code, message }] } }))
    return
  }
  response.writeHead(status, { 'Content-Type': 'application/xml', 'x-ms-error-code': code })
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`)
}

test.each<[kind: Kind, said: Said, code: PortolanError['code'], message: RegExp]>([
  // radosgw, versitygw
  [
    's3',
    { status: 403, code: 'QuotaExceeded', message: 'Your request was denied due to quota exceeded.' },
    'STORE_REFUSED',
    /QuotaExceeded, 403, "Your request was denied due to quota exceeded\."; that is its quota, not a missing permission/,
  ],
  // Backblaze B2
  [
    's3',
    { status: 403, code: 'AccessDenied', message: 'Cannot upload files, storage cap exceeded.' },
    'STORE_REFUSED',
    /that is its quota, not a missing permission/,
  ],
  // MinIO
  [
    's3',
    {
      status: 507,
      code: 'XMinioStorageFull',
      message: 'Storage backend has reached its minimum free drive.',
    },
    'STORE_REFUSED',
    /that is its quota, not a missing permission/,
  ],
  [
    's3',
    { status: 403, code: 'AccessDenied', message: 'Access Denied' },
    'STORE_REFUSED',
    /need s3:PutObject/,
  ],
  [
    's3',
    {
      status: 400,
      code: 'InvalidRequest',
      message:
        'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters',
    },
    'STORE_REFUSED',
    /InvalidRequest, 400, "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object/,
  ],
  [
    's3',
    {
      status: 400,
      code: 'BadDigest',
      message: 'The SHA256 you specified did not match the calculated checksum.',
    },
    'UNREACHABLE',
    /was altered on the way/,
  ],
  [
    's3',
    {
      status: 400,
      code: 'AuthorizationHeaderMalformed',
      message: "the region 'us-east-1' is wrong; expecting 'eu-west-3'",
    },
    'STORE_REFUSED',
    /expecting 'eu-west-3'"; set the region of the bucket/,
  ],
  [
    's3',
    { status: 500, code: 'InternalError', message: 'We failed.' },
    'UNREACHABLE',
    /InternalError, 500, "We failed\."/,
  ],
  [
    's3',
    {
      status: 400,
      code: 'Odd',
      message: `see https://x.test/?a=b&X-Amz-Signature=abc and ${'k'.repeat(40)} or\nwait ${'word '.repeat(100)}`,
    },
    'STORE_REFUSED',
    /"see \S*… and … or wait (?:word )+\S*…"$/,
  ],
  [
    'gcs',
    { status: 403, code: 'quotaExceeded', message: 'The project exceeded its quota.' },
    'STORE_REFUSED',
    /quotaExceeded, 403, "The project exceeded its quota\."; that is its quota/,
  ],
  [
    'gcs',
    { status: 403, code: 'userRateLimitExceeded', message: 'Too many.' },
    'UNREACHABLE',
    /userRateLimitExceeded, 403, "Too many\."$/,
  ],
  [
    'gcs',
    { status: 403, code: 'forbidden', message: 'No.' },
    'STORE_REFUSED',
    /need storage\.objects\.create/,
  ],
  [
    'gcs',
    { status: 403, code: 'retentionPolicyNotMet', message: 'Object is under a policy.' },
    'STORE_REFUSED',
    /a retention policy keeps it/,
  ],
  [
    'azureBlob',
    {
      status: 409,
      code: 'BlobImmutableDueToPolicy',
      message: 'This operation is not permitted as the blob is immutable.',
    },
    'STORE_REFUSED',
    /"This operation is not permitted as the blob is immutable\."; a policy keeps it/,
  ],
  [
    'azureBlob',
    {
      status: 403,
      code: 'AuthorizationPermissionMismatch',
      message: 'This request is not authorized.\nRequestId:1',
    },
    'STORE_REFUSED',
    /, 403, "This request is not authorized\."; a SAS needs the permission to create/,
  ],
  [
    'azureBlob',
    {
      status: 403,
      code: 'KeyBasedAuthenticationNotPermitted',
      message: 'Key based authentication is not permitted.',
    },
    'STORE_REFUSED',
    /use fill\.azureBlob\.credentials with an identity/,
  ],
])('%s says %j: %s', async (kind, said, code, message) => {
  await using place = await startPlace((_, response) => sayAs(kind, said, response))
  const error = await failureOf(kind, place.origin, 'write')
  expect(error.code).toBe(code)
  expect(error.message).toMatch(message)
  expect(error.message).not.toContain('\n')
})

const PAGE = '<!DOCTYPE html><html><body><form>Log in</form></body></html>'

for (const kind of KINDS) {
  test.each<[status: number, withLength: boolean, way: Way, code: PortolanError['code']]>([
    [200, false, 'look up', 'CONTENT_INVALID'],
    [200, false, 'read', 'CONTENT_INVALID'],
    [200, false, 'list', 'CONTENT_INVALID'],
    [200, true, 'list', 'CONTENT_INVALID'],
    [403, false, 'write', 'STORE_REFUSED'],
    [403, true, 'list', 'STORE_REFUSED'],
    [502, true, 'list', 'UNREACHABLE'],
  ])(
    `a page of HTML in place of ${kind} is told: %i, its length said %s, at %s`,
    async (status, withLength, way, code) => {
      await using place = await startPlace((_, response) => {
        response.writeHead(status, {
          'Content-Type': 'text/html; charset=utf-8',
          'Last-Modified': 'Thu, 01 Jan 2026 00:00:00 GMT',
          ...(withLength && { 'Content-Length': PAGE.length }),
        })
        if (!withLength) response.flushHeaders()
        response.end(PAGE)
      })
      const error = await failureOf(kind, place.origin, way)
      expect(error.code).toBe(code)
      expect(error.message).toMatch(/page of HTML/)
    },
  )

  test.skipIf(noPrivateAuthority !== undefined)(
    `what is wrong with a certificate of ${kind} is told`,
    async () => {
      await using authority = await makePrivateAuthority(['127.0.0.1'])
      const server = createTlsServer({ key: authority.key, cert: authority.certificate }, (_, response) =>
        response.end(),
      )
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      try {
        const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
        const error = await failureOf(kind === 'gcs' ? 's3' : kind, origin, 'look up')
        expect(error.code).toBe('UNREACHABLE')
        expect(error.message).toMatch(
          /UNABLE_TO_\w+; nobody that is trusted here .* in ca of the config, in --ca or in NODE_EXTRA_CA_CERTS/,
        )
      } finally {
        server.closeAllConnections()
        server.close()
      }
    },
  )
}

test('a bucket that is elsewhere says where', async () => {
  await using place = await startPlace((_, response) => {
    response.writeHead(301, { 'x-amz-bucket-region': 'eu-west-3' }).end()
  })
  const error = await failureOf('s3', place.origin, 'look up')
  expect(error.message).toMatch(/301; the bucket is in eu-west-3: set the region/)
})
