import { createHash, randomBytes } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { createNodeRuntime } from '../../../src/adapters/node/runtime.ts'
import type { Digest } from '../../../src/oci/digest.ts'
import { OCI_MANIFEST } from '../../../src/oci/manifest.ts'
import type { Name, Tag } from '../../../src/oci/name.ts'
import { openHttpWriter } from '../../../src/registry/http-writer.ts'
import type { PushedBlob } from '../../../src/registry/writer.ts'
import { silentLog } from '../../../src/telemetry/log.ts'
import { type PushFaults, startPushableRegistry } from '../../support/pushable-registry.ts'

const MIB = 1024 * 1024

async function open(faults: PushFaults = {}) {
  const registry = await startPushableRegistry(faults)
  onTestFinished(() => registry[Symbol.asyncDispose]())
  const node = createNodeRuntime({ log: silentLog, userAgent: 'portolan/test' })
  // Nobody waits to try again.
  const runtime = {
    ...node,
    random: () => 0,
    after: (ms: number, work: () => void) => node.after(ms < 60_000 ? 1 : ms, work),
  }
  const writer = openHttpWriter(runtime, {
    url: registry.origin,
    prefix: 'images',
    credentials: async () => undefined,
    limits: { concurrency: 4, requestsPerSecond: 10_000 },
  })
  return { registry, repository: writer.repository('app' as Name) }
}

function blobOf(size: number): { bytes: Buffer; blob: PushedBlob; starts: number[] } {
  const bytes = randomBytes(size)
  const starts: number[] = []
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest
  const read = (start: number) => {
    starts.push(start)
    return new Blob([bytes.subarray(start)]).stream() as ReadableStream<Uint8Array>
  }
  return { bytes, blob: { digest, size, read }, starts }
}

const UPLOADS = '/v2/images/app/blobs/uploads/'

test.each([0, 1, MIB, MIB + 1, 9_000_000])('a blob of %d bytes takes a POST and a PUT', async (size) => {
  const { registry, repository } = await open()
  const { bytes, blob } = blobOf(size)
  expect(await repository.putBlob(blob)).toEqual({ how: 'uploaded', sent: size })
  expect(registry.blobs.get(`images/app@${blob.digest}`)).toEqual(bytes)
  expect(registry.requests).toEqual([`POST ${UPLOADS} 202`, `PUT ${UPLOADS}SESSION 201`])
  expect(await repository.hasBlob(blob.digest)).toBe(true)
})

test('a blob of another repository is mounted, without a byte', async () => {
  const { registry, repository } = await open()
  const { bytes, blob } = blobOf(5000)
  registry.seed('images/other', bytes)
  expect(await repository.putBlob(blob, { from: 'other' as Name })).toEqual({ how: 'mounted', sent: 0 })
  expect(registry.requests).toEqual([`POST ${UPLOADS} 201`])
  expect(registry.blobs.has(`images/app@${blob.digest}`)).toBe(true)
})

test.each([
  ['begins an upload instead', { mounts: false }, 2],
  ['refuses', { answers: [{ method: 'POST', status: 403 }] }, 3],
  ['does not know what that is', { answers: [{ method: 'POST', status: 405 }] }, 3],
])('a registry that does not mount and %s gets the bytes', async (_, faults, requests) => {
  const { registry, repository } = await open(faults)
  const { bytes, blob } = blobOf(5000)
  registry.seed('images/other', bytes)
  expect(await repository.putBlob(blob, { from: 'other' as Name })).toEqual({ how: 'uploaded', sent: 5000 })
  expect(registry.requests).toHaveLength(requests)
})

test('a push that breaks off goes on where the registry says that its bytes end', async () => {
  const size = 9_000_000
  const { registry, repository } = await open({ cutAfter: [3_000_000, 2_000_000], resumes: true })
  const { bytes, blob, starts } = blobOf(size)
  await repository.putBlob(blob)
  expect(registry.blobs.get(`images/app@${blob.digest}`)).toEqual(bytes)
  expect(starts).toEqual([0, 3_000_000, 5_000_000])
  expect(registry.received).toBe(size)
})

test('where the registry has forgotten it, it begins anew', async () => {
  const { registry, repository } = await open({ cutAfter: [3_000_000] })
  const { bytes, blob, starts } = blobOf(9_000_000)
  await repository.putBlob(blob)
  expect(registry.blobs.get(`images/app@${blob.digest}`)).toEqual(bytes)
  expect(starts).toEqual([0, 0])
})

test('another process goes on with an upload', async () => {
  const size = 6_000_000
  const { registry, repository } = await open({
    ...{ cutAfter: [2_000_000], resumes: true },
    answers: Array.from({ length: 20 }, () => ({ method: 'HEAD', status: 500 })),
  })
  const { bytes, blob, starts } = blobOf(size)
  const sessions: string[] = []
  const save = (session: string) => void sessions.push(session)
  // Nothing tells whether it has the blob: the first process gives up.
  await expect(repository.putBlob(blob, { save })).rejects.toThrow(/answered HEAD with 500/)
  registry.faults.answers = []
  expect(sessions[0]).toMatch(/^http:.*\?_state=a%3Db$/)
  await repository.putBlob(blob, { session: sessions.at(-1), save })
  expect(registry.blobs.get(`images/app@${blob.digest}`)).toEqual(bytes)
  expect(starts).toEqual([0, 2_000_000])
  expect(registry.received).toBe(size)
})

test('a registry that takes no such body gets it in chunks', async () => {
  const size = 70 * MIB
  const { registry, repository } = await open({ maxBody: 32 * MIB })
  const { bytes, blob } = blobOf(size)
  await repository.putBlob(blob)
  expect(registry.blobs.get(`images/app@${blob.digest}`)!.equals(bytes)).toBe(true)
  expect(registry.requests.filter((line) => line.startsWith('PATCH'))).toHaveLength(3)
})

test.each([429, 502, 503, 504])('%d to a PUT is tried again', async (status) => {
  const { registry, repository } = await open({ answers: [{ method: 'PUT', status }] })
  const { bytes, blob } = blobOf(4_000_000)
  await repository.putBlob(blob)
  expect(registry.blobs.get(`images/app@${blob.digest}`)).toEqual(bytes)
})

test('an answer that got lost is not a blob that is sent twice', async () => {
  const { registry, repository } = await open({ answers: [{ method: 'PUT', status: 504 }] })
  const { bytes, blob, starts } = blobOf(4_000_000)
  registry.seed('images/app', bytes)
  await repository.putBlob(blob)
  expect(starts).toEqual([0])
})

test('a token that ends amid a push is renewed', async () => {
  const { registry, repository } = await open({ tokenUses: [1] })
  const { bytes, blob } = blobOf(4_000_000)
  await repository.putBlob(blob)
  expect(registry.blobs.get(`images/app@${blob.digest}`)).toEqual(bytes)
})

test.each([
  ['no address', 'http://', /says nowhere where its bytes may go/],
  ['another scheme', 'ftp://registry.test/', /says nowhere where its bytes may go/],
  ['a password', 'http://a:b@registry.test/', /says nowhere where its bytes may go/],
  ['what only we can reach', 'http://169.254.169.254/latest', /sends us/],
])('a registry that sends us to %s gets nothing', async (_, location, message) => {
  const { repository } = await open({ location })
  await expect(repository.putBlob(blobOf(10).blob)).rejects.toThrow(message)
})

test.each([
  [401, 'ACCESS_DENIED', /cannot push the blob .*log in to/],
  [403, 'ACCESS_DENIED', /cannot push the blob .*check that the account may push to/],
  [404, 'STORE_REFUSED', /cannot push the blob .*answered POST with 404; make the repository first/],
  [405, 'STORE_REFUSED', /cannot push the blob .*answered POST with 405; check that/],
])('%d to the first request is told', async (status, code, message) => {
  const { repository } = await open({ answers: [{ method: 'POST', status }] })
  await expect(repository.putBlob(blobOf(10).blob)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  })
})

test('bytes that are not the blob are refused, and not sent for ever', async () => {
  const { registry, repository } = await open()
  const { blob } = blobOf(2 * MIB)
  const wrong = blobOf(2 * MIB).blob
  await expect(repository.putBlob({ ...blob, read: wrong.read })).rejects.toThrow(/DIGEST_INVALID/)
  expect(registry.requests).toHaveLength(2)
})

test.each([
  ['says nowhere where an upload goes', { answers: [{ method: 'POST', status: 202 }] }, 'CONTENT_INVALID'],
  ['forgets every upload', { answers: Array(9).fill({ method: 'PUT', status: 404 }) }, 'STORE_REFUSED'],
  [
    'says of every upload that it is elsewhere',
    { answers: Array(9).fill({ method: 'PUT', status: 416 }) },
    'STORE_REFUSED',
  ],
  [
    'ends every token amid a push',
    { answers: Array(9).fill({ method: 'PUT', status: 401 }) },
    'ACCESS_DENIED',
  ],
])('a registry that %s is told by its code, like any other', async (_, faults, code) => {
  const { repository } = await open(faults)
  await expect(repository.putBlob(blobOf(10).blob)).rejects.toMatchObject({ name: 'PortolanError', code })
})

test.each([201, 204])('a chunk is taken that is answered with %d, and without a Location', async (status) => {
  const { registry, repository } = await open({ answers: [{ method: 'PUT', status: 413 }], keepsTo: status })
  const { bytes, blob } = blobOf(10)
  await repository.putBlob(blob)
  expect(registry.blobs.get(`images/app@${blob.digest}`)).toEqual(bytes)
})

test.each(['blob', 'manifest'])(
  'whether a %s is there is asked by GET where HEAD is not allowed',
  async (kind) => {
    const { registry, repository } = await open()
    const manifest = manifestOf(MANIFEST)
    const digest = registry.seed('images/app', Buffer.from('there')) as Digest
    await repository.putManifest('v1' as Tag, manifest)
    const has = kind === 'blob' ? repository.hasBlob : repository.hasManifest
    for (const [asked, expected] of [
      [kind === 'blob' ? digest : manifest.digest, true],
      [`sha256:${'0'.repeat(64)}` as Digest, false],
    ] as const) {
      registry.faults.answers = [{ method: 'HEAD', status: 405 }]
      expect(await has(asked)).toBe(expected)
    }
  },
)

test('a signal ends a push with its reason', async () => {
  const { repository } = await open({ cutAfter: [100_000] })
  const abort = new AbortController()
  const { blob } = blobOf(4_000_000)
  const read = (start: number) => {
    abort.abort(new Error('enough'))
    return blob.read(start)
  }
  await expect(repository.putBlob({ ...blob, read }, { signal: abort.signal })).rejects.toThrow('enough')
})

const MANIFEST = {
  schemaVersion: 2,
  mediaType: OCI_MANIFEST,
  config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: `sha256:${'a'.repeat(64)}`, size: 2 },
  layers: [],
}

function manifestOf(value: object) {
  const bytes = Buffer.from(`${JSON.stringify(value, null, 1)}\n`)
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest
  return { digest, mediaType: OCI_MANIFEST, bytes }
}

test('a manifest is stored as it is, under a tag and under its digest', async () => {
  const { registry, repository } = await open()
  const manifest = manifestOf(MANIFEST)
  expect(await repository.putManifest('v1' as Tag, manifest)).toEqual({ listsSubject: false })
  await repository.putManifest(manifest.digest, manifest)
  expect(registry.manifests.get('images/app:v1')).toEqual({ mediaType: OCI_MANIFEST, bytes: manifest.bytes })
  expect(registry.requests).toEqual([
    'PUT /v2/images/app/manifests/v1 201',
    `PUT /v2/images/app/manifests/${manifest.digest} 201`,
  ])
})

test('it is told whether the registry lists what names a subject', async () => {
  const { repository } = await open({ referrers: true })
  const subject = { mediaType: OCI_MANIFEST, digest: `sha256:${'b'.repeat(64)}`, size: 5 }
  const manifest = manifestOf({ ...MANIFEST, subject })
  expect(await repository.putManifest(manifest.digest, manifest)).toEqual({ listsSubject: true })
})

test.each([502, 503, 429])('a manifest is put again after %d', async (status) => {
  const { registry, repository } = await open({ answers: [{ method: 'PUT', status }] })
  await repository.putManifest('v1' as Tag, manifestOf(MANIFEST))
  expect(registry.manifests.has('images/app:v1')).toBe(true)
})

test('a registry that stores something else is found out', async () => {
  const { repository } = await open({ storesAs: `sha256:${'c'.repeat(64)}` })
  await expect(repository.putManifest('v1' as Tag, manifestOf(MANIFEST))).rejects.toMatchObject({
    code: 'CONTENT_INVALID',
    message: expect.stringMatching(/is stored as sha256:c+, not as sha256:/),
  })
})

test('what the registry says of a manifest that it refuses is told', async () => {
  const body = '{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown to registry"}]}'
  const { repository } = await open({ answers: [{ method: 'PUT', status: 400, body }] })
  await expect(repository.putManifest('v1' as Tag, manifestOf(MANIFEST))).rejects.toThrow(
    /cannot push the manifest .*400 \(MANIFEST_BLOB_UNKNOWN: blob unknown to registry\)/,
  )
})

test.each([200, 202, 204])('a manifest that is answered with %d counts once it is there', async (status) => {
  const { registry, repository } = await open({ manifestsWith: status })
  await repository.putManifest('v1' as Tag, manifestOf(MANIFEST))
  expect(registry.requests.at(-1)).toMatch(/^HEAD .* 200$/)
  registry.faults.answers = [{ method: 'PUT', status, body: status === 204 ? '' : '<html>log in</html>' }]
  const other = manifestOf({ ...MANIFEST, annotations: { other: 'yes' } })
  await expect(repository.putManifest('v2' as Tag, other)).rejects.toMatchObject({ code: 'STORE_REFUSED' })
})

test.each([
  [400, 'TAG_INVALID", "message": "the tag v1 already exists and is immutable', /its tags may not be moved/],
  [409, 'TAG_INVALID', /its tags may not be moved/],
  [412, 'PRECONDITION', /its tags may not be moved/],
  [413, 'SIZE_INVALID', /raise the limit for bodies/],
  [422, 'UNSUPPORTED', /takes pushes, but not this one/],
  [400, 'MANIFEST_BLOB_UNKNOWN', /copy all platforms/],
])('%d with %s to a manifest says what to do', async (status, code, message) => {
  const { repository } = await open({
    answers: [{ method: 'PUT', status, body: `{"errors":[{"code":"${code}"}]}` }],
  })
  await expect(repository.putManifest('v1' as Tag, manifestOf(MANIFEST))).rejects.toMatchObject({
    code: 'STORE_REFUSED',
    message: expect.stringMatching(message),
  })
})
