import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { S3Credentials } from '../../../src/config/config.ts'
import type { ObjectStore } from '../../../src/storage/object-store.ts'
import { openStore } from '../../../src/storage/open-store.ts'
import { type ListReply, status } from '../../support/list-server.ts'
import { type ScriptedS3, startScriptedS3 } from '../../support/s3-server-scripted.ts'
import { json, startServer } from '../../support/scripted-registry.ts'
import { makeTempFolder, type TempFolder } from '../../support/temp.ts'
import { lend } from './lent.ts'

const TYPE = { contentType: 'text/plain' }
let temp: TempFolder
let server: ScriptedS3
/** Who asked, and with what token: the server knows `key` alone. */
let asked: Set<string>

beforeEach(async () => {
  temp = await makeTempFolder()
  server = await startScriptedS3()
  asked = new Set()
  server.onRequest = ({ headers }) => {
    const [, id, region] = /Credential=([^/]+)\/\d+\/([^/]+)\//.exec(headers.authorization ?? '') ?? []
    const token = headers['x-amz-security-token']
    asked.add([id, region, ...(token === undefined ? [] : [token])].join(' '))
  }
  for (const name of ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE']) vi.stubEnv(name, file('none'))
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await server[Symbol.asyncDispose]()
  await temp[Symbol.asyncDispose]()
})

const file = (name: string) => join(temp.path, name)

function open(
  credentials?: S3Credentials,
  { environment = {}, region }: { environment?: Record<string, string>; region?: string } = {},
): Promise<ObjectStore> {
  return openStore(
    {
      ...{ kind: 's3', bucket: server.bucket, endpoint: server.origin, prefix: '' },
      ...(credentials && { credentials }),
      ...(region !== undefined && { region }),
    },
    lend(environment),
  )
}

async function expectAsked(store: ObjectStore, who: string): Promise<void> {
  await store.put('a', Buffer.from('x'), TYPE)
  await store.close()
  expect([...asked]).toEqual([who])
}

test('by variables of its own names, and by files as secrets are mounted', async () => {
  await writeFile(file('secret'), 'secret\n')
  const credentials: S3Credentials = {
    accessKeyId: { variable: 'R2_ID' },
    secretAccessKey: { file: file('secret') },
    sessionToken: { variable: 'R2_SESSION' },
  }
  const environment = {
    R2_ID: 'key',
    R2_SESSION: 'session',
    AWS_ACCESS_KEY_ID: 'other',
    AWS_SECRET_ACCESS_KEY: 'x',
  }
  await expectAsked(await open(credentials, { environment, region: 'auto' }), 'key auto session')
})

test.each<[what: string, secret: S3Credentials, message: RegExp]>([
  [
    'a variable that is not set',
    { accessKeyId: { variable: 'NOT_SET' }, secretAccessKey: { variable: 'EMPTY' } },
    /^no credentials: the variable NOT_SET is not set$/,
  ],
  [
    'a variable that is empty',
    { accessKeyId: { variable: 'ID' }, secretAccessKey: { variable: 'EMPTY' } },
    /^no credentials: the variable EMPTY is empty$/,
  ],
  [
    'a file that is not there',
    { accessKeyId: { variable: 'ID' }, secretAccessKey: { file: '/nowhere/secret' } },
    /^no credentials: \/nowhere\/secret cannot be read: ENOENT$/,
  ],
])('%s is named', async (_, credentials, message) => {
  const store = await open(credentials, { environment: { ID: 'key', EMPTY: '' } })
  await expect(store.stat('a')).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(message),
  })
})

test('by a profile, which goes before keys in the environment and says the region', async () => {
  await writeFile(file('config'), '[profile paris]\nregion = eu-west-3\n')
  await writeFile(file('credentials'), '[paris]\naws_access_key_id = key\naws_secret_access_key = x\n')
  vi.stubEnv('AWS_CONFIG_FILE', file('config'))
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', file('credentials'))
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'other')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'x')
  const warned = vi.spyOn(console, 'warn')
  const environment = { AWS_ACCESS_KEY_ID: 'other', AWS_SECRET_ACCESS_KEY: 'x' }
  await expectAsked(await open({ profile: 'paris' }, { environment }), 'key eu-west-3')
  expect(warned).not.toHaveBeenCalled()
})

test('a profile that is not there is named', async () => {
  const store = await open({ profile: 'nobody' }, { region: 'eu-west-3' })
  await expect(store.stat('a')).rejects.toMatchObject({
    code: 'STORE_REFUSED',
    message: expect.stringMatching(/profile nobody/),
  })
})

const STS = `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>key</AccessKeyId><SecretAccessKey>x</SecretAccessKey>
  <SessionToken>of-the-role</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials>
  </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`

test.each([
  ['by variables', undefined],
  ['by a profile', { profile: 'pod' }],
])('by a web identity, %s', async (_, credentials) => {
  await using sts = await startServer(({ body }) => {
    const form = new URLSearchParams(body)
    return form.get('WebIdentityToken') === 'a token of the cluster' &&
      form.get('RoleArn') === 'arn:aws:iam::1:role/r'
      ? text(STS)
      : status(403)
  })
  await writeFile(file('token'), 'a token of the cluster')
  vi.stubEnv('AWS_ENDPOINT_URL_STS', sts.origin)
  vi.stubEnv('AWS_REGION', 'eu-west-3')
  if (credentials === undefined) {
    vi.stubEnv('AWS_WEB_IDENTITY_TOKEN_FILE', file('token'))
    vi.stubEnv('AWS_ROLE_ARN', 'arn:aws:iam::1:role/r')
  } else {
    const profile = `[profile pod]\nrole_arn = arn:aws:iam::1:role/r\nweb_identity_token_file = ${file('token')}\n`
    await writeFile(file('config'), profile)
    vi.stubEnv('AWS_CONFIG_FILE', file('config'))
  }
  await expectAsked(await open(credentials, { region: 'eu-west-3' }), 'key eu-west-3 of-the-role')
})

const GIVEN = {
  AccessKeyId: 'key',
  SecretAccessKey: 'x',
  Token: 'of-the-task',
  Expiration: '2999-01-01T00:00:00Z',
}

test('by the service of a container', async () => {
  await using container = await startServer(({ headers }) =>
    headers.authorization === 'of the pod' ? json(GIVEN) : status(401),
  )
  vi.stubEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI', `${container.origin}/credentials`)
  vi.stubEnv('AWS_CONTAINER_AUTHORIZATION_TOKEN', 'of the pod')
  await expectAsked(await open(), 'key us-east-1 of-the-task')
})

test('by the service of an instance', async () => {
  await using instance = await startServer(({ method, path }) => {
    if (method === 'PUT') return text('a-token')
    return path.endsWith('/security-credentials/')
      ? text('the-role')
      : json({ ...GIVEN, Code: 'Success', Type: 'AWS-HMAC', LastUpdated: '2026-01-01T00:00:00Z' })
  })
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'false')
  vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', instance.origin)
  await expectAsked(await open(), 'key us-east-1 of-the-task')
})

test.each<
  ['path' | 'virtualHost' | undefined, string | undefined, string | undefined, string, string, string?]
>([
  ['path', 'http://minio.test:9000', undefined, 'minio.test:9000', '/images/a'],
  ['virtualHost', 'http://minio.test:9000', undefined, 'images.minio.test:9000', '/a'],
  [undefined, 'http://minio.test:9000', undefined, 'minio.test:9000', '/images/a'],
  [undefined, undefined, 'eu-west-3', 'images.s3.eu-west-3.amazonaws.com', '/a'],
  ['path', undefined, 'eu-west-3', 's3.eu-west-3.amazonaws.com', '/images/a'],
  // Nobody has a certificate for a host below two names.
  [undefined, undefined, 'eu-west-3', 's3.eu-west-3.amazonaws.com', '/my.images/a', 'my.images'],
] as const)(
  'addressing %s at %s in %s asks %s for %s',
  async (addressing, endpoint, region, host, path, bucket = 'images') => {
    const { asked: seen, s3Handler } = recordingHandler()
    const store = await openStore(
      {
        ...{ kind: 's3', bucket, prefix: '' },
        ...(endpoint !== undefined && { endpoint }),
        ...(addressing !== undefined && { addressing }),
        ...(region !== undefined && { region }),
      },
      { ...lend({ AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'x' }), s3Handler },
    )
    await store.put('a', Buffer.from('x'), TYPE)
    expect(seen).toEqual([`${host} ${path}`])
  },
)

test('the region auto asks Amazon, and then goes where the bucket is', async () => {
  const { asked: seen, s3Handler } = recordingHandler('eu-west-3')
  const fill = { kind: 's3', bucket: 'images', prefix: '', region: 'auto' } as const
  const environment = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'x' }
  const store = await openStore(fill, { ...lend(environment), s3Handler })
  await store.put('a', Buffer.from('x'), TYPE)
  await store.put('b', Buffer.from('x'), TYPE)
  expect(seen.at(0)).toBe('images.s3.us-east-1.amazonaws.com /a')
  expect(seen.at(-1)).toBe('images.s3.eu-west-3.amazonaws.com /b')
})

test('no region at all is said so, with what to do', async () => {
  const fill = { kind: 's3', bucket: 'images', prefix: '' } as const
  const store = await openStore(fill, lend({ AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'x' }))
  await expect(store.stat('a')).rejects.toMatchObject({
    code: 'STORE_REFUSED',
    message: expect.stringMatching(/RegionMissing; set the region of the bucket/),
  })
})

function text(body: string): ListReply {
  return (_, response) => response.end(body)
}

/** What would go to hosts that are not ours; those in another region than the bucket's say where it is. */
function recordingHandler(home?: string) {
  const asked: string[] = []
  return {
    asked,
    s3Handler: {
      async handle({ hostname, port, path }: { hostname: string; port?: number; path: string }) {
        asked.push(`${hostname}${port === undefined ? '' : `:${port}`} ${path}`)
        const elsewhere = home !== undefined && !hostname.includes(home)
        const headers = elsewhere ? { 'x-amz-bucket-region': home } : {}
        const text = '<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message></Error>'
        const body = new Blob(elsewhere ? [text] : []).stream()
        return { response: { statusCode: elsewhere ? 301 : 200, headers, body } }
      },
      updateHttpClientConfig() {},
      httpHandlerConfigs: () => ({}),
    },
  }
}
