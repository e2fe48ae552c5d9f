import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { status } from '../../../test/support/list-server.ts'
import {
  type Answer,
  json,
  type ScriptedServer,
  type SeenRequest,
  startServer,
} from '../../../test/support/scripted-registry.ts'
import { makeTempFolder, type TempFolder } from '../../../test/support/temp.ts'
import { createTestRuntime } from '../../../test/support/test-runtime.ts'
import { openUpstreamCredentials } from './upstream-credentials.ts'

const ECR = '123456789012.dkr.ecr.eu-west-3.amazonaws.com'
const base64 = (text: string, form: 'base64' | 'base64url' = 'base64') => Buffer.from(text).toString(form)

let folder: TempFolder
let cloud: ScriptedServer
let before = 0
const requests = () => cloud.requests.slice(before)
/** What the cloud answers; a list, once each. */
let answer: (seen: SeenRequest) => Answer

// One for all: Azure's library keeps the first address that it was told.
beforeAll(async () => {
  cloud = await startServer((seen) => answer(seen))
})
afterAll(() => cloud[Symbol.asyncDispose]())

beforeEach(async () => {
  folder = await makeTempFolder()
  before = cloud.requests.length
  // Nothing of this machine's own may count.
  for (const name of Object.keys(process.env)) {
    if (/^(?:AWS|AZURE|GOOGLE|GCE|IDENTITY|MSI|IMDS|CLOUDSDK)_/.test(name)) vi.stubEnv(name, undefined)
  }
  vi.stubEnv('HOME', folder.path)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await folder[Symbol.asyncDispose]()
})

/** A cloud's login, whose every request over the runtime's network goes to the scripted server. */
function open(name: 'aws' | 'azure' | 'gcp', host: string) {
  const runtime = createTestRuntime({
    fetch: (url, init) => fetch(cloud.origin + new URL(url).pathname, init),
  })
  const find = openUpstreamCredentials({ kind: 'cloud', cloud: name }, { environment: process.env, runtime })
  return { runtime, get: () => find(host) }
}

function useAwsKeys(): void {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret-of-mine')
  vi.stubEnv('AWS_ENDPOINT_URL_ECR', cloud.origin)
}

test('Amazon ECR gives a login for the region of the registry, and the next before it ends', async () => {
  useAwsKeys()
  let count = 0
  const { runtime, get } = open('aws', ECR)
  answer = () => {
    const authorizationToken = base64(`AWS:token-${++count}`)
    const expiresAt = runtime.date().getTime() / 1000 + 12 * 3600
    return json({ authorizationData: [{ authorizationToken, expiresAt }] })
  }
  const first = { kind: 'password', username: 'AWS', password: 'token-1' }
  expect(await Promise.all([get(), get()])).toEqual([first, first])
  const [{ headers }] = requests() as [SeenRequest]
  expect(headers['x-amz-target']).toBe('AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken')
  expect(headers.authorization).toContain('/eu-west-3/ecr/aws4_request')
  runtime.advance(10 * 3_600_000)
  expect(await get()).toEqual(first)
  await expect.poll(get).toMatchObject({ password: 'token-2' })
  expect(requests().length).toBe(2)
})

test('Amazon ECR takes the role of a Kubernetes service account', async () => {
  await writeFile(join(folder.path, 'token'), 'of-kubernetes')
  vi.stubEnv('AWS_WEB_IDENTITY_TOKEN_FILE', join(folder.path, 'token'))
  vi.stubEnv('AWS_ROLE_ARN', 'arn:aws:iam::123456789012:role/mirror')
  vi.stubEnv('AWS_REGION', 'eu-west-3')
  vi.stubEnv('AWS_ENDPOINT_URL', cloud.origin)
  answer = ({ body }) => {
    if (!body.includes('AssumeRoleWithWebIdentity'))
      return json({ authorizationData: [{ authorizationToken: base64('AWS:pass') }] })
    const xml = `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>session</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`
    return (_, response) => response.writeHead(200, { 'Content-Type': 'text/xml' }).end(xml)
  }
  expect(await open('aws', ECR).get()).toEqual({ kind: 'password', username: 'AWS', password: 'pass' })
  expect(requests().map(({ headers }) => headers.authorization ?? '')).toEqual([
    '',
    expect.stringContaining('ASIAROLE'),
  ])
})

test.each([
  [
    'refuses',
    () => json({ __type: 'AccessDeniedException', message: 'secret-of-mine' }),
    400,
    'ACCESS_DENIED',
    'AccessDeniedException',
  ],
  ['gives nothing', () => json({ authorizationData: [] }), 200, 'ACCESS_DENIED', 'gave no login'],
  [
    'gives what is no login',
    () => json({ authorizationData: [{ authorizationToken: 'xyz' }] }),
    200,
    'ACCESS_DENIED',
    'gave no login',
  ],
] as const)('Amazon ECR that %s is an error without a secret', async (_, make, code, expected, message) => {
  useAwsKeys()
  answer = () => (request, response) => {
    const writeHead = response.writeHead.bind(response)
    response.writeHead = (_status: number, headers?: unknown) =>
      writeHead(code, headers as Record<string, string>)
    make()(request, response)
  }
  const asked = open('aws', ECR).get()
  await expect(asked).rejects.toMatchObject({
    code: expected,
    cause: { message: expect.stringContaining(message) },
  })
  await expect(asked).rejects.not.toThrow('secret-of-mine')
})

test('Google gives an access token of the machine’s service account', async () => {
  vi.stubEnv('GCE_METADATA_HOST', cloud.host)
  vi.stubEnv('METADATA_SERVER_DETECTION', 'assume-present')
  answer = ({ path }) =>
    path.startsWith('/computeMetadata/v1/instance/service-accounts/default/token')
      ? json(
          { access_token: 'ya29.machine', expires_in: 3600, token_type: 'Bearer' },
          { 'Metadata-Flavor': 'Google' },
        )
      : json('googleapis.com', { 'Metadata-Flavor': 'Google' })
  const { get } = open('gcp', 'europe-docker.pkg.dev')
  const login = { kind: 'password', username: 'oauth2accesstoken', password: 'ya29.machine' }
  expect(await get()).toEqual(login)
  const asked = requests().length
  expect(await get()).toEqual(login)
  expect(requests().length).toBe(asked)
})

test('Google gives an access token for the credentials in a file', async () => {
  const file = join(folder.path, 'adc.json')
  const user = { type: 'authorized_user', client_id: 'i', client_secret: 's', refresh_token: 'r' }
  await writeFile(file, JSON.stringify(user))
  vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', file)
  answer = ({ path }) =>
    path === '/token' ? json({ access_token: 'ya29.user', expires_in: 3600 }) : status(404)
  expect(await open('gcp', 'gcr.io').get()).toMatchObject({ password: 'ya29.user' })
})

test('Google that gives nothing is an error without a secret', async () => {
  const file = join(folder.path, 'adc.json')
  const user = { type: 'authorized_user', client_id: 'i', client_secret: 's', refresh_token: 'very-secret' }
  await writeFile(file, JSON.stringify(user))
  vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', file)
  answer = () => (_, response) =>
    response
      .writeHead(400, { 'Content-Type': 'application/json' })
      .end('{"error":"invalid_grant","error_description":"very-secret"}')
  const asked = open('gcp', 'gcr.io').get()
  await expect(asked).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
  await expect(asked).rejects.not.toThrow('very-secret')
})

/** What Azure gives a machine, and what its registries make of that. */
function answerAsAzure(exchanged: (seen: SeenRequest) => Answer): void {
  vi.stubEnv('IDENTITY_ENDPOINT', `${cloud.origin}/msi/token`)
  vi.stubEnv('IDENTITY_HEADER', 'header-of-mine')
  answer = (seen) =>
    seen.path.startsWith('/msi/token')
      ? json({ access_token: 'aad', expires_on: 4_000_000_000, resource: 'x', token_type: 'Bearer' })
      : exchanged(seen)
}

test('Azure gives a token of the registry for that of the machine’s identity', async () => {
  const { runtime, get } = open('azure', 'acme.azurecr.io')
  const exp = runtime.date().getTime() / 1000 + 3 * 3600
  const token = `${base64('{}', 'base64url')}.${base64(JSON.stringify({ exp }), 'base64url')}.signature`
  answerAsAzure(() => json({ refresh_token: token }))
  expect(await get()).toEqual({ kind: 'identityToken', token })
  const { path, body } = requests().at(-1)!
  expect(path).toBe('/oauth2/exchange')
  expect(Object.fromEntries(new URLSearchParams(body))).toEqual({
    grant_type: 'access_token',
    service: 'acme.azurecr.io',
    access_token: 'aad',
  })
  const asked = requests().length
  runtime.advance(2 * 3_600_000)
  await get()
  expect(requests().length).toBe(asked)
})

test.each([
  [401, 'ACCESS_DENIED'],
  [503, 'UNREACHABLE'],
  [200, 'UNREACHABLE'],
])('a registry of Azure that answers %i to it is an error without a token', async (code, expected) => {
  answerAsAzure(() => (_, response) => response.writeHead(code).end('{"aad":"aad"}'))
  const asked = open('azure', 'acme.azurecr.io').get()
  await expect(asked).rejects.toMatchObject({
    code: expected,
    cause: { message: expect.stringContaining('AcrPull') },
  })
  await expect(asked).rejects.not.toThrow(/aad|header-of-mine/)
})
