import { expect, test } from 'vitest'
import type { Digest } from '../oci/digest.ts'
import { type Descriptor, OCI_INDEX, OCI_MANIFEST } from '../oci/manifest.ts'
import type { Tag } from '../oci/name.ts'
import { parsePath } from '../oci/path.ts'
import type { RegistryReader, RepositoryReader } from '../registry/reader.ts'
import { answerContent } from './answer-content.ts'
import type { DoorReply } from './reply.ts'

const digestOf = (letter: string) => `sha256:${letter.repeat(64)}` as Digest
const MANIFEST = digestOf('a')
const BLOB = digestOf('b')
const EMPTY_BLOB = digestOf('c')
const ABSENT = digestOf('d')
const SUBJECT = digestOf('e')
const BYTES = new TextEncoder().encode('0123456789')
const REFERRERS: Descriptor[] = [
  {
    mediaType: OCI_MANIFEST,
    digest: digestOf('1'),
    size: 1,
    artifactType: 'application/spdx+json',
    annotations: { a: 'b' },
  },
  { mediaType: OCI_MANIFEST, digest: digestOf('2'), size: 2, artifactType: 'text/plain' },
]

const REPOSITORY: RepositoryReader = {
  location: 'test',
  tags: () => ['1.0', 'Latest', 'latest', 'v2'] as Tag[],
  resolve: async (tag) => (tag === '1.0' ? { digest: MANIFEST } : undefined),
  async manifest(reference) {
    if (reference !== '1.0' && reference !== MANIFEST) return undefined
    return { mediaType: OCI_MANIFEST, digest: MANIFEST, bytes: BYTES }
  },
  referrers: async (subject) => (subject === SUBJECT ? REFERRERS : []),
  async stat(digest) {
    const bytes = bytesOf(digest)
    return bytes && { size: bytes.length }
  },
  async blob(digest, { start = 0, end } = {}) {
    const bytes = bytesOf(digest)
    return bytes && { start, size: bytes.length, body: streamOf(bytes.subarray(start, end)) }
  },
}
const CONTENT: RegistryReader = { repository: (name) => (name === 'team/app' ? REPOSITORY : undefined) }

function bytesOf(digest: Digest): Uint8Array | undefined {
  return digest === BLOB ? BYTES : digest === EMPTY_BLOB ? new Uint8Array() : undefined
}

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      if (bytes.length > 0) controller.enqueue(bytes)
      controller.close()
    },
  })
}

async function ask(
  line: string,
  headers: Record<string, string> = {},
): Promise<DoorReply & { text: string }> {
  const [method, target] = line.split(' ') as [string, string]
  const [path, query = ''] = target.split('?') as [string, string?]
  const request = parsePath(path)
  if (!('name' in request)) throw new Error(`${path} is no request`)
  const facts = { method, query, header: (name: string) => headers[name] }
  const reply = await answerContent(CONTENT, request, facts)
  return {
    ...reply,
    text: await new Response(reply.body as ConstructorParameters<typeof Response>[0]).text(),
  }
}

const APP = '/v2/team/app'

test.each([
  [`GET ${APP}/manifests/1.0`, 'public, max-age=60'],
  [`GET ${APP}/manifests/${MANIFEST}`, 'public, max-age=31536000, immutable'],
])('gives a manifest with its digest, type and length: %s', async (line, caching) => {
  const { status, headers, text } = await ask(line)
  expect([status, text]).toEqual([200, '0123456789'])
  expect(headers).toEqual({
    'Content-Type': OCI_MANIFEST,
    'Content-Length': '10',
    'Docker-Content-Digest': MANIFEST,
    'Docker-Distribution-Api-Version': 'registry/2.0',
    ETag: `"${MANIFEST}"`,
    'Cache-Control': caching,
  })
})

test.each([
  `${APP}/manifests/1.0`,
  `${APP}/manifests/${MANIFEST}`,
  `${APP}/blobs/${BLOB}`,
  `${APP}/tags/list?n=1`,
  `${APP}/referrers/${SUBJECT}`,
  `${APP}/manifests/absent`,
  `/v2/nobody/tags/list`,
])('answers HEAD as GET, without the body: %s', async (target) => {
  const [head, get] = [await ask(`HEAD ${target}`), await ask(`GET ${target}`)]
  expect(head).toEqual({ status: get.status, headers: get.headers, text: '' })
  expect(get.headers['Content-Length']).toBe(String(get.text.length))
})

test.each([
  [`GET ${APP}/manifests/absent`, 'MANIFEST_UNKNOWN'],
  [`GET ${APP}/manifests/${ABSENT}`, 'MANIFEST_UNKNOWN'],
  [`GET ${APP}/blobs/${ABSENT}`, 'BLOB_UNKNOWN'],
  [`GET /v2/nobody/manifests/1.0`, 'NAME_UNKNOWN'],
  [`GET /v2/nobody/blobs/${BLOB}`, 'NAME_UNKNOWN'],
  [`GET /v2/nobody/tags/list`, 'NAME_UNKNOWN'],
  [`GET /v2/nobody/referrers/${SUBJECT}`, 'NAME_UNKNOWN'],
])('refuses what is not there, and no cache may remember it: %s', async (line, code) => {
  const { status, headers, text } = await ask(line)
  expect([status, JSON.parse(text).errors[0].code]).toEqual([404, code])
  expect(headers).toMatchObject({ 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
})

test.each([
  [`"${BLOB}"`, 304],
  [`W/"${BLOB}"`, 304],
  [`"other", "${BLOB}"`, 304],
  ['*', 304],
  ['"other"', 200],
  [BLOB, 200],
])('honours If-None-Match: %s', async (condition, status) => {
  const reply = await ask(`GET ${APP}/blobs/${BLOB}`, { 'if-none-match': condition, range: 'bytes=99-' })
  expect(reply.status).toBe(status === 304 ? 304 : 416)
  const manifest = await ask(`GET ${APP}/manifests/1.0`, {
    'if-none-match': condition.replaceAll(BLOB, MANIFEST),
  })
  expect(manifest.status).toBe(status)
  expect(manifest.text).toBe(status === 304 ? '' : '0123456789')
  expect(manifest.headers.ETag).toBe(`"${MANIFEST}"`)
})

test.each([
  [{}, 200, '0123456789', undefined],
  [{ range: 'bytes=2-5' }, 206, '2345', 'bytes 2-5/10'],
  [{ range: 'bytes=7-' }, 206, '789', 'bytes 7-9/10'],
  [{ range: 'bytes=-2' }, 206, '89', 'bytes 8-9/10'],
  [{ range: 'bytes=0-1,4-5' }, 200, '0123456789', undefined],
  [{ range: 'rubbish' }, 200, '0123456789', undefined],
  [{ range: 'bytes=7-', 'if-range': `"${BLOB}"` }, 206, '789', 'bytes 7-9/10'],
  [{ range: 'bytes=7-', 'if-range': `W/"${BLOB}"` }, 200, '0123456789', undefined],
  [{ range: 'bytes=7-', 'if-range': 'Sun, 06 Nov 1994 08:49:37 GMT' }, 200, '0123456789', undefined],
] as Array<[Record<string, string>, number, string, string | undefined]>)(
  'gives the part of a blob that %j asks for',
  async (asked, status, text, contentRange) => {
    const reply = await ask(`GET ${APP}/blobs/${BLOB}`, asked)
    expect([reply.status, reply.text]).toEqual([status, text])
    expect(reply.headers).toEqual({
      'Content-Type': 'application/octet-stream',
      'Content-Length': String(text.length),
      'Docker-Content-Digest': BLOB,
      'Docker-Distribution-Api-Version': 'registry/2.0',
      ETag: `"${BLOB}"`,
      'Accept-Ranges': 'bytes',
      'Cache-Control': 'public, max-age=31536000, immutable',
      ...(contentRange && { 'Content-Range': contentRange }),
    })
  },
)

test('refuses a range beyond the end, telling the size', async () => {
  const { status, headers, text } = await ask(`GET ${APP}/blobs/${BLOB}`, { range: 'bytes=10-' })
  expect([status, headers['Content-Range']]).toEqual([416, 'bytes */10'])
  expect(JSON.parse(text).errors[0].code).toBe('UNSUPPORTED')
})

test('ignores Range on HEAD, for which RFC 9110 does not define it', async () => {
  const { status, headers } = await ask(`HEAD ${APP}/blobs/${BLOB}`, { range: 'bytes=2-5' })
  expect([status, headers['Content-Length']]).toEqual([200, '10'])
})

test('gives an empty blob', async () => {
  const { status, headers, text } = await ask(`GET ${APP}/blobs/${EMPTY_BLOB}`)
  expect([status, headers['Content-Length'], text]).toEqual([200, '0', ''])
})

test.each([
  ['', ['1.0', 'Latest', 'latest', 'v2'], undefined],
  ['?n=2', ['1.0', 'Latest'], '</v2/team/app/tags/list?n=2&last=Latest>; rel="next"'],
  ['?n=2&last=Latest', ['latest', 'v2'], undefined],
  ['?n=1&last=Latest', ['latest'], '</v2/team/app/tags/list?n=1&last=latest>; rel="next"'],
  ['?last=Latest', ['latest', 'v2'], undefined],
  ['?last=b', ['latest', 'v2'], undefined],
  ['?last=zzz', [], undefined],
  ['?n=4', ['1.0', 'Latest', 'latest', 'v2'], undefined],
  [`?n=${'9'.repeat(400)}`, ['1.0', 'Latest', 'latest', 'v2'], undefined],
  ['?n=0', [], undefined],
])('lists tags for %j', async (query, tags, link) => {
  const { status, headers, text } = await ask(`GET ${APP}/tags/list${query}`)
  expect([status, JSON.parse(text), headers.Link]).toEqual([200, { name: 'team/app', tags }, link])
  expect(headers['Content-Type']).toBe('application/json')
})

test.each(['n=', 'n=-1', 'n=1.5', 'n=ten', 'n=0x10'])('refuses to list tags for ?%s', async (query) => {
  const { status, text } = await ask(`GET ${APP}/tags/list?${query}`)
  expect([status, JSON.parse(text).errors[0].code]).toEqual([400, 'UNSUPPORTED'])
})

test.each([
  [SUBJECT, '', REFERRERS, undefined],
  [SUBJECT, '?artifactType=application/spdx%2Bjson', REFERRERS.slice(0, 1), 'artifactType'],
  [SUBJECT, '?artifactType=none/such', [], 'artifactType'],
  [ABSENT, '', [], undefined],
])('lists the referrers of %s%s as an index', async (digest, query, manifests, filtered) => {
  const { status, headers, text } = await ask(`GET ${APP}/referrers/${digest}${query}`)
  expect(status).toBe(200)
  expect(JSON.parse(text)).toEqual({ schemaVersion: 2, mediaType: OCI_INDEX, manifests })
  expect([headers['Content-Type'], headers['OCI-Filters-Applied']]).toEqual([OCI_INDEX, filtered])
})
