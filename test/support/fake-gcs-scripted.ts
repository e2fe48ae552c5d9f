import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What the server can do otherwise than Cloud Storage, by the name under which a table shows it. */
export type GcsLie =
  | 'half of each chunk kept'
  | 'a cut after each chunk'
  | 'nothing kept'
  | 'more kept than sent'
  | 'sessions forgotten'
  | 'a session elsewhere'
  | '403 for everything'
  | '503 once'
  | 'half an answer once'
  | 'half an answer, and silence'
  | 'a page of HTML'
  | 'a listing that begins again and again'
  | 'a size that is none'

/** The JSON API of Cloud Storage in memory, that lies when it is told to. */
export interface ScriptedGcs extends AsyncDisposable {
  readonly origin: string
  readonly bucket: string
  readonly objects: Map<string, StoredObject>
  readonly sessions: Map<string, Session>
  /** Every request so far, as `METHOD /path?query`. */
  readonly requests: string[]
  lie: GcsLie | undefined
  stop(): Promise<void>
}

interface StoredObject {
  readonly bytes: Buffer
  readonly contentType: string
  readonly cacheControl?: string
  readonly updated: string
}

interface Session {
  readonly name: string
  readonly metadata: { readonly contentType: string; readonly cacheControl?: string }
  readonly mustBeNew: boolean
  kept: Buffer
  /** A session that has ended still says what has become of it. */
  ended?: boolean
}

interface Call {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly query: URLSearchParams
  readonly body: Buffer
}

const BUCKET = 'bucket'
const PAGE_SIZE = 100
let begun = 0
/** The service keeps whole units of a chunk. */
const UNIT = 256 * 1024

export async function startScriptedGcs(): Promise<ScriptedGcs> {
  const server = createServer(async (request, response) => {
    scripted.requests.push(`${request.method} ${request.url}`)
    const chunks: Buffer[] = []
    // A client that hangs up is its own affair.
    try {
      for await (const chunk of request) chunks.push(chunk)
    } catch {
      return
    }
    const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://gcs')
    answer(scripted, pathname, { request, response, query, body: Buffer.concat(chunks) })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const stop = async () => {
    if (!server.listening) return
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  const scripted: ScriptedGcs = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bucket: BUCKET,
    objects: new Map(),
    sessions: new Map(),
    requests: [],
    lie: undefined,
    stop,
    [Symbol.asyncDispose]: stop,
  }
  return scripted
}

function answer(server: ScriptedGcs, path: string, call: Call) {
  const { response } = call
  if (server.lie === '403 for everything') return refuse(call, 403, 'forbidden')
  if (server.lie === '503 once') {
    server.lie = undefined
    return refuse(call, 503, 'backendError')
  }
  if (server.lie === 'a page of HTML') {
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html>Welcome!</html>')
    return
  }
  const [, upload, bucket, name] = /^(\/upload)?\/storage\/v1\/b\/([^/]+)\/o(?:\/(.+))?$/.exec(path) ?? []
  if (bucket !== BUCKET) return refuse(call, 404, 'notFound')
  if (upload !== undefined) return uploadTo(server, call)
  return name === undefined ? list(server, call) : object(server, call, decodeURIComponent(name))
}

function object(server: ScriptedGcs, call: Call, name: string) {
  const { objects, lie } = server
  const { request, response, query } = call
  const found = objects.get(name)
  if (found === undefined) return refuse(call, 404, 'notFound')
  if (request.method === 'DELETE') {
    objects.delete(name)
    response.writeHead(204).end()
    return
  }
  const resource = resourceOf(name, found)
  if (query.get('alt') !== 'media') {
    return json(server, call, lie === 'a size that is none' ? { ...resource, size: '1e3' } : resource)
  }
  const generation = query.get('generation')
  if (generation !== null && generation !== resource.generation) return refuse(call, 404, 'notFound')
  const { bytes, contentType } = found
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
  const start = Number(first ?? 0)
  const end = Math.min(Number(last ?? bytes.length - 1) + 1, bytes.length)
  if (first !== undefined && start >= bytes.length) return refuse(call, 416, 'requestedRangeNotSatisfiable')
  response.writeHead(first === undefined ? 200 : 206, {
    'Content-Type': contentType,
    'Content-Length': end - start,
    ...(first !== undefined && { 'Content-Range': `bytes ${start}-${end - 1}/${bytes.length}` }),
  })
  response.end(bytes.subarray(start, end))
  return
}

function uploadTo(server: ScriptedGcs, call: Call) {
  const { request, response, query, body } = call
  const { sessions, objects, lie, origin } = server
  if (query.get('uploadType') === 'multipart') return writeWhole(server, call)
  if (request.method === 'POST') {
    const id = `session-${++begun}`
    const [name, mustBeNew] = [query.get('name')!, query.get('ifGenerationMatch') === '0']
    if (mustBeNew && objects.has(name)) return refuse(call, 412, 'conditionNotMet')
    sessions.set(id, { name, metadata: JSON.parse(body.toString()), mustBeNew, kept: Buffer.alloc(0) })
    const host = lie === 'a session elsewhere' ? 'http://127.0.0.1:1' : origin
    response.writeHead(200, {
      Location: `${host}/upload/storage/v1/b/${BUCKET}/o?uploadType=resumable&upload_id=${id}`,
    })
    response.end()
    return
  }
  const id = query.get('upload_id') ?? ''
  if (lie === 'sessions forgotten') sessions.delete(id)
  const session = sessions.get(id)
  if (session === undefined) return refuse(call, 404, 'notFound')
  if (request.method === 'DELETE') {
    sessions.delete(id)
    response.writeHead(499).end()
    return
  }
  return chunk(server, call, session)
}

/** Metadata and content in one request, on the condition that it names. */
function writeWhole(server: ScriptedGcs, call: Call) {
  const { objects } = server
  const { request, query, body } = call
  const [, boundary = ''] = /boundary=(.+)$/.exec(request.headers['content-type'] ?? '') ?? []
  const [, first = '', second = ''] = body.toString('latin1').split(`--${boundary}`)
  const contentOf = (part: string) => part.slice(part.indexOf('\r\n\r\n') + 4, -2)
  const { name, ...metadata } = JSON.parse(String(Buffer.from(contentOf(first), 'latin1')))
  const found = objects.get(name)
  const current = found === undefined ? '0' : resourceOf(name, found).generation
  if ((query.get('ifGenerationMatch') ?? current) !== current) return refuse(call, 412, 'conditionNotMet')
  const bytes = Buffer.from(contentOf(second), 'latin1')
  if (metadata.md5Hash !== undefined && metadata.md5Hash !== md5Of(bytes)) return refuse(call, 400, 'invalid')
  objects.set(name, { ...metadata, bytes, updated: new Date().toISOString() })
  return json(server, call, resourceOf(name, objects.get(name)!))
}

/** Of objects, in the order in which somebody asked for it. */
const generations = new WeakMap<StoredObject, string>()
let generationCount = 0

function generationOf(object: StoredObject): string {
  const generation = generations.get(object) ?? String(++generationCount)
  generations.set(object, generation)
  return generation
}

function chunk(server: ScriptedGcs, call: Call, session: Session) {
  const { objects, lie } = server
  const { request, response, body } = call
  const [, total] = /^bytes (?:\*|\d+-\d+)\/(\d+|\*)$/.exec(request.headers['content-range'] ?? '') ?? []
  if (total === undefined) return refuse(call, 400, 'badRequest')
  if (session.ended) return json(server, call, resourceOf(session.name, objects.get(session.name)!))
  const last = session.kept.length + body.length === Number(total)
  const whole =
    lie === 'half of each chunk kept' && body.length > UNIT ? unitsOf(body.length / 2) : body.length
  const kept = lie === 'nothing kept' ? 0 : last && whole === body.length ? whole : unitsOf(whole)
  session.kept = Buffer.concat([session.kept, body.subarray(0, kept)])
  if (last && kept === body.length) {
    if (session.mustBeNew && objects.has(session.name)) return refuse(call, 412, 'conditionNotMet')
    const { name, metadata } = session
    objects.set(name, { ...metadata, bytes: session.kept, updated: new Date().toISOString() })
    session.ended = true
    return json(server, call, resourceOf(name, objects.get(name)!))
  }
  if (lie === 'a cut after each chunk' && body.length > 0) {
    response.destroy()
    return
  }
  const length = lie === 'more kept than sent' ? session.kept.length + UNIT : session.kept.length
  response.writeHead(308, length === 0 ? {} : { Range: `bytes=0-${length - 1}` }).end()
  return
}

function list(server: ScriptedGcs, call: Call) {
  const { objects, lie } = server
  const { query } = call
  const prefix = query.get('prefix') ?? ''
  const after = lie === 'a listing that begins again and again' ? null : query.get('pageToken')
  const names = [...objects.keys()]
    .filter((name) => name.startsWith(prefix) && (after === null || compare(name, after) > 0))
    .sort(compare)
  const page = names.slice(0, Math.min(PAGE_SIZE, Number(query.get('maxResults') ?? PAGE_SIZE)))
  json(server, call, {
    kind: 'storage#objects',
    ...(page.length > 0 && { items: page.map((name) => resourceOf(name, objects.get(name)!)) }),
    ...(names.length > page.length && { nextPageToken: page.at(-1) }),
  })
}

function resourceOf(name: string, object: StoredObject) {
  const { bytes, contentType, cacheControl, updated } = object
  const size = String(bytes.length)
  return {
    ...{ kind: 'storage#object', name, size, contentType, cacheControl, updated },
    generation: generationOf(object),
    md5Hash: md5Of(bytes),
  }
}

function md5Of(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('base64')
}

function unitsOf(length: number): number {
  return Math.floor(length / UNIT) * UNIT
}

function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function json(server: ScriptedGcs, { response }: Call, value: object): void {
  const text = Buffer.from(JSON.stringify(value))
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': text.length })
  const { lie } = server
  if (lie !== 'half an answer once' && lie !== 'half an answer, and silence') {
    response.end(text)
    return
  }
  if (lie === 'half an answer once') server.lie = undefined
  response.write(text.subarray(0, text.length / 2), () => {
    if (lie === 'half an answer once') response.destroy()
  })
}

function refuse({ response }: Call, status: number, reason: string): void {
  response.writeHead(status, { 'Content-Type': 'application/json' })
  response.end(JSON.stringify({ error: { code: status, message: 'no', errors: [{ reason }] } }))
}
