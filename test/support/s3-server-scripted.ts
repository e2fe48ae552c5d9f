import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { S3Server } from './s3-server.ts'

/** What the server can do otherwise than S3, by the name under which a table shows it. */
export type S3Lie =
  | 'a part without an ETag'
  | 'other ETags in the list of parts'
  | 'no list of parts'
  | 'a truncated listing without a token'
  | 'a listing that ends in the middle'
  | 'a listing that counts more than it shows'
  | 'a listing that begins again and again'
  | 'a listing of other keys'
  | 'a listing without order'
  | 'a page of HTML'
  | 'an error in a 200'
  | 'an upload that is gone'
  | 'a lost answer to the completion'
  | 'the whole object for a range'
  | 'another range'
  | 'half an object'
  | '403 for HEAD'
  | '404 for everything'
  | '503 for everything'
  | 'no notion of conditions'
  | 'no notion of checksums'
  | 'any checksum taken for right'
  | '501 for checksums but MD5'
  | '500 for checksums'
  | 'no answer with a checksum'
  | 'a demand for checksums'
  | 'a demand for MD5'

/** S3 in memory, with conditional writes and lists of parts, that lies when it is told to. */
export interface ScriptedS3 extends S3Server {
  readonly objects: Map<string, StoredObject>
  readonly uploads: Map<string, StoredUpload>
  /** Every request so far, as `METHOD /path?query`. */
  readonly requests: string[]
  lie: S3Lie | undefined
  /** Sees each request. */
  onRequest: ((request: IncomingMessage) => void) | undefined
}

interface StoredObject {
  readonly bytes: Buffer
  readonly headers: Readonly<Record<string, string>>
  readonly modified: Date
}

interface StoredUpload {
  readonly headers: Readonly<Record<string, string>>
  readonly parts: Map<number, Buffer>
}

interface Call {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly key: string
  readonly query: URLSearchParams
  readonly body: Buffer
}

const BUCKET = 'bucket'
const PAGE_SIZE = 100
let begun = 0

export async function startScriptedS3(): Promise<ScriptedS3> {
  const server = createServer(async (request, response) => {
    scripted.requests.push(`${request.method} ${request.url}`)
    scripted.onRequest?.(request)
    const chunks: Buffer[] = []
    // A client that hangs up is its own affair.
    try {
      for await (const chunk of request) chunks.push(chunk)
    } catch {
      return
    }
    const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://s3')
    const [, bucket, ...segments] = pathname.split('/').map(decodeURIComponent)
    const key = segments.join('/')
    answer(scripted, bucket ?? '', { request, response, key, query, body: Buffer.concat(chunks) })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const stop = async () => {
    if (!server.listening) return
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  const scripted: ScriptedS3 = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bucket: BUCKET,
    environment: { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' },
    objects: new Map(),
    uploads: new Map(),
    requests: [],
    lie: undefined,
    onRequest: undefined,
    stop,
    [Symbol.asyncDispose]: stop,
  }
  return scripted
}

function answer(server: ScriptedS3, bucket: string, call: Call) {
  const { request, response, key, query } = call
  const { lie } = server
  if (lie === '404 for everything') return refuse(call, 404, 'NotFound')
  if (lie === '503 for everything') return refuse(call, 503, 'SlowDown')
  if (!request.headers.authorization?.includes('Credential=key/'))
    return refuse(call, 403, 'InvalidAccessKeyId')
  if (bucket !== BUCKET) return refuse(call, 404, 'NoSuchBucket')
  if (lie === 'a page of HTML' && request.method === 'GET') {
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html><body>Welcome!</body></html>')
    return
  }
  const uploadId = query.get('uploadId')
  if (key === '') return list(server, call)
  if (query.has('uploads')) return begin(server, call)
  if (uploadId !== null) return multipart(server, call, uploadId)
  return object(server, call)
}

function object(server: ScriptedS3, call: Call) {
  const { request, response, key, body } = call
  const { objects, lie } = server
  const found = objects.get(key)
  switch (request.method) {
    case 'PUT':
      if (!mayWrite(server, call) || !isChecked(server, call)) return
      objects.set(key, { bytes: body, headers: servedHeaders(request), modified: new Date() })
      response.writeHead(200, { ETag: etagOf(body), ...answered(server, call) }).end()
      return
    case 'DELETE':
      objects.delete(key)
      response.writeHead(204).end()
      return
    case 'HEAD':
      if (lie === '403 for HEAD') return refuse(call, 403, 'AccessDenied')
  }
  if (found === undefined) return refuse(call, 404, 'NoSuchKey')
  const { bytes, headers, modified } = found
  const stated = lie === 'the whole object for a range' ? undefined : request.headers.range
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(stated ?? '') ?? []
  const shift = lie === 'another range' ? 1 : 0
  const start = Number(first ?? 0) + shift
  const end = Math.min(Number(last ?? bytes.length - 1) + 1 + shift, bytes.length)
  if (first !== undefined && start >= bytes.length) return refuse(call, 416, 'InvalidRange')
  response.writeHead(first === undefined ? 200 : 206, {
    ...headers,
    'Last-Modified': modified.toUTCString(),
    'Content-Length': end - start,
    ETag: etagOf(bytes),
    ...(first !== undefined && { 'Content-Range': `bytes ${start}-${end - 1}/${bytes.length}` }),
  })
  if (request.method === 'HEAD') response.end()
  else if (lie === 'half an object') {
    response.write(bytes.subarray(start, Math.floor((start + end) / 2)), () => response.destroy())
  } else response.end(bytes.subarray(start, end))
}

function begin({ uploads }: ScriptedS3, call: Call) {
  const uploadId = `upload-${++begun}`
  uploads.set(uploadId, { headers: servedHeaders(call.request), parts: new Map() })
  xml(call, `<InitiateMultipartUploadResult><UploadId>${uploadId}</UploadId></InitiateMultipartUploadResult>`)
}

function multipart(server: ScriptedS3, call: Call, uploadId: string) {
  const { request, response, query, body } = call
  const { uploads, lie } = server
  const upload = uploads.get(uploadId)
  if (lie === 'an upload that is gone') uploads.delete(uploadId)
  if (lie === 'no list of parts' && request.method === 'GET') return refuse(call, 405, 'MethodNotAllowed')
  if (upload === undefined || !uploads.has(uploadId)) return refuse(call, 404, 'NoSuchUpload')
  switch (request.method) {
    case 'PUT':
      if (!isChecked(server, call)) return
      upload.parts.set(Number(query.get('partNumber')), body)
      response.writeHead(200, {
        ...(lie !== 'a part without an ETag' && { ETag: etagOf(body) }),
        ...answered(server, call),
      })
      response.end()
      return
    case 'GET':
      return listParts(server, call, upload.parts)
    case 'DELETE':
      uploads.delete(uploadId)
      response.writeHead(204).end()
      return
    default:
      return complete(server, call, uploadId, upload)
  }
}

function complete(server: ScriptedS3, call: Call, uploadId: string, { headers, parts }: StoredUpload) {
  const { response, key, body } = call
  const { lie, objects, uploads } = server
  if (!mayWrite(server, call)) return
  const named = [...body.toString().matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part]) => ({
    number: Number(/<PartNumber>(\d+)/.exec(part!)?.[1]),
    etag: /<ETag>(.*?)<\/ETag>/.exec(part!)?.[1]?.replaceAll('&quot;', '"'),
  }))
  if (named.some(({ number, etag }) => !parts.has(number) || etagOf(parts.get(number)!) !== etag)) {
    return refuse(call, 400, 'InvalidPart')
  }
  if (lie === 'an error in a 200') {
    // S3 documents it: the answer begins before the work is done.
    return xml(call, '<Error><Code>InternalError</Code><Message>We encountered an error.</Message></Error>')
  }
  const bytes = Buffer.concat(named.map(({ number }) => parts.get(number)!))
  objects.set(key, { bytes, headers, modified: new Date() })
  uploads.delete(uploadId)
  if (lie === 'a lost answer to the completion') response.destroy()
  else {
    xml(
      call,
      `<CompleteMultipartUploadResult><Key>${escapeXml(key)}</Key><ETag>"${compositeOf(parts, 'md5', 'hex')}"</ETag>${lie === 'no answer with a checksum' ? '' : `<ChecksumSHA256>${compositeOf(parts, 'sha256', 'base64')}</ChecksumSHA256>`}</CompleteMultipartUploadResult>`,
    )
  }
}

function listParts({ lie }: ScriptedS3, call: Call, parts: ReadonlyMap<number, Buffer>) {
  const after = Number(call.query.get('part-number-marker') ?? 0)
  const listed = [...parts].filter(([number]) => number > after).sort(([a], [b]) => a - b)
  const entries = listed.map(([number, bytes]) => {
    const etag = lie === 'other ETags in the list of parts' && number > 1 ? '"0"' : etagOf(bytes)
    return `<Part><PartNumber>${number}</PartNumber><ETag>${escapeXml(etag)}</ETag><Size>${bytes.length}</Size></Part>`
  })
  xml(call, `<ListPartsResult>${entries.join('')}<IsTruncated>false</IsTruncated></ListPartsResult>`)
}

function list({ objects, lie }: ScriptedS3, call: Call) {
  const { query, response } = call
  const prefix = query.get('prefix') ?? ''
  const after = lie === 'a listing that begins again and again' ? '' : (query.get('continuation-token') ?? '')
  const keys = [...objects.keys()]
    .filter((key) => key.startsWith(prefix) && (after === '' || compare(key, after) > 0))
    .sort(compare)
  const page = keys.slice(0, Math.min(PAGE_SIZE, Number(query.get('max-keys') ?? PAGE_SIZE)))
  if (lie === 'a listing without order') page.reverse()
  const shown = lie === 'a listing of other keys' ? page.map((key) => `other/${key}`) : page
  const truncated = keys.length > page.length
  const entries = shown.map((key) => {
    const { bytes, modified } = objects.get(key) ?? { bytes: '', modified: new Date() }
    return `<Contents><Key>${escapeXml(key)}</Key><Size>${bytes.length}</Size><LastModified>${modified.toISOString()}</LastModified></Contents>`
  })
  const count = lie === 'a listing that counts more than it shows' ? shown.length + 1 : shown.length
  const token = lie === 'a truncated listing without a token' ? '' : escapeXml(page.at(-1) ?? '')
  const whole = `<ListBucketResult><Name>${BUCKET}</Name><KeyCount>${count}</KeyCount><IsTruncated>${truncated}</IsTruncated>${truncated ? `<NextContinuationToken>${token}</NextContinuationToken>` : ''}${entries.join('')}</ListBucketResult>`
  if (lie !== 'a listing that ends in the middle') return xml(call, whole)
  response.writeHead(200, { 'Content-Type': 'application/xml' }).end(whole.slice(0, whole.length / 2))
  return
}

/** Answers itself when what comes is not what its checksums say, or has none where one is demanded. */
function isChecked({ lie }: ScriptedS3, call: Call): boolean {
  const { 'x-amz-checksum-sha256': sha256, 'content-md5': md5 } = call.request.headers
  const complain = (status: number, code: string) => {
    refuse(call, status, code)
    return false
  }
  if (lie === 'a demand for MD5' && md5 === undefined) return complain(400, 'InvalidRequest')
  if (lie === 'a demand for checksums' && (sha256 ?? md5) === undefined)
    return complain(400, 'InvalidRequest')
  if (lie === '501 for checksums but MD5' && sha256 !== undefined) return complain(501, 'NotImplemented')
  if (lie === '500 for checksums' && (sha256 ?? md5) !== undefined) return complain(500, 'InternalError')
  if (lie === 'no notion of checksums' || lie === 'any checksum taken for right') return true
  if (sha256 !== undefined && sha256 !== sumOf(call.body, 'sha256', 'base64'))
    return complain(400, 'BadDigest')
  return md5 === undefined || md5 === sumOf(call.body, 'md5', 'base64') || complain(400, 'BadDigest')
}

/** What an answer says of the checksum that came. */
function answered({ lie }: ScriptedS3, { request }: Call): Record<string, string> {
  const sha256 = request.headers['x-amz-checksum-sha256']
  const silent = lie === 'no notion of checksums' || lie === 'no answer with a checksum'
  return typeof sha256 === 'string' && !silent ? { 'x-amz-checksum-sha256': sha256 } : {}
}

function compositeOf(parts: ReadonlyMap<number, Buffer>, algorithm: string, encoding: 'hex' | 'base64') {
  const sums = [...parts].sort(([a], [b]) => a - b).map(([, bytes]) => sumOf(bytes, algorithm, 'hex'))
  return `${sumOf(Buffer.from(sums.join(''), 'hex'), algorithm, encoding)}-${sums.length}`
}

function sumOf(bytes: Uint8Array, algorithm: string, encoding: 'hex' | 'base64'): string {
  return createHash(algorithm).update(bytes).digest(encoding)
}

/** Answers itself when the condition does not hold. */
function mayWrite({ objects, lie }: ScriptedS3, call: Call): boolean {
  const { 'if-none-match': none, 'if-match': match } = call.request.headers
  if (none !== '*' && match === undefined) return true
  if (lie === 'no notion of conditions') {
    refuse(call, 501, 'NotImplemented')
    return false
  }
  const found = objects.get(call.key)
  if (match === undefined ? found === undefined : found && etagOf(found.bytes) === match) return true
  if (found === undefined) refuse(call, 404, 'NoSuchKey')
  else refuse(call, 412, 'PreconditionFailed')
  return false
}

function refuse({ request, response }: Call, status: number, code: string): void {
  response.writeHead(status, { 'Content-Type': 'application/xml' })
  response.end(
    request.method === 'HEAD' ? undefined : `<Error><Code>${code}</Code><Message>no</Message></Error>`,
  )
}

function xml({ response }: Call, body: string): void {
  response.writeHead(200, { 'Content-Type': 'application/xml' }).end(`<?xml version="1.0"?>${body}`)
}

function servedHeaders({ headers }: IncomingMessage): Record<string, string> {
  const { 'content-type': type, 'cache-control': cache } = headers
  return { ...(type && { 'Content-Type': type }), ...(cache && { 'Cache-Control': cache }) }
}

function etagOf(bytes: Uint8Array): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`
}

function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
