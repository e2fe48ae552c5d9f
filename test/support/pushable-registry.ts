import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A registry in memory that is pushed to, and misbehaves as it is told. */
export interface PushableRegistry extends AsyncDisposable {
  readonly origin: string
  readonly host: string
  /** By repository and digest: `a/b@sha256:…`. */
  readonly blobs: Map<string, Buffer>
  /** By repository and reference: `a/b:v1`, `a/b@sha256:…`. */
  readonly manifests: Map<string, StoredManifest>
  /** Every request, as `METHOD path status`; sessions are called `SESSION`. */
  readonly requests: string[]
  /** Bytes of blobs that were taken in. */
  readonly received: number
  /** Told of each piece of a blob as it comes; may be changed. */
  onBytes: (bytes: number) => void
  /** Requests that have come and are not answered, nor were given up. */
  readonly open: number
  /** What it does wrong; may be changed. */
  readonly faults: PushFaults
  tagsOf(repository: string): string[]
  /** What a manifest names that is not in its repository. */
  missingOf(repository: string, manifest: Uint8Array): string[]
  /** Blobs that a repository has from now on. */
  seed(repository: string, bytes: Uint8Array): string
}

export interface StoredManifest {
  readonly mediaType: string
  readonly bytes: Buffer
}

/** What it does wrong, or does not do. */
export interface PushFaults {
  /** Cuts the connection after so many bytes of a body, once for each entry. */
  cutAfter?: number[]
  /** Answers so, once for each entry: by method. */
  answers?: {
    method: string
    path?: RegExp
    status: number
    headers?: Record<string, string>
    body?: string
  }[]
  /** Whether what came before a cut, or before a client went away, is kept and told of. */
  resumes?: boolean
  /** Takes no manifest of which something that it names is not in the repository. */
  isStrict?: boolean
  /** The largest body that it takes. */
  maxBody?: number
  mounts?: boolean
  /** Whether it lists referrers, and says so. */
  referrers?: boolean
  /** In place of its own. */
  location?: string
  /** Answers a chunk that it takes so, and says nowhere where the next one goes. */
  keepsTo?: number
  /** Answers a manifest that it stores so. */
  manifestsWith?: number
  /** What it says it has stored. */
  storesAs?: string
  /** `USER:PASSWORD` that it demands. */
  login?: string
  /** Demands a token, and gives it at `/token`: one after the other is good for so many requests. */
  tokenUses?: number[]
}

interface Session {
  readonly repository: string
  bytes: Buffer
}

export async function startPushableRegistry(faults: PushFaults = {}): Promise<PushableRegistry> {
  const registry = new Pushable(faults)
  const server = createServer((request, response) => {
    registry.open++
    registry
      .serve(request, response)
      .catch(() => response.destroy())
      .finally(() => registry.open--)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  registry.host = `127.0.0.1:${port}`
  return registry.withClose(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(() => resolve()))
  })
}

class Pushable {
  host = ''
  readonly blobs = new Map<string, Buffer>()
  readonly manifests = new Map<string, StoredManifest>()
  readonly requests: string[] = []
  received = 0
  open = 0
  onBytes: (bytes: number) => void = () => {}
  readonly faults: PushFaults
  readonly #sessions = new Map<string, Session>()
  #count = 0
  #tokenLeft = 0

  constructor(faults: PushFaults) {
    this.faults = faults
  }

  get origin(): string {
    return `http://${this.host}`
  }

  withClose(close: () => Promise<void>): this & AsyncDisposable {
    return Object.assign(this, { [Symbol.asyncDispose]: close })
  }

  seed(repository: string, bytes: Uint8Array): string {
    const digest = digestOf(bytes)
    this.blobs.set(`${repository}@${digest}`, Buffer.from(bytes))
    return digest
  }

  tagsOf(repository: string): string[] {
    const start = `${repository}:`
    return [...this.manifests.keys()]
      .filter((key) => key.startsWith(start))
      .map((key) => key.slice(start.length))
  }

  missingOf(repository: string, manifest: Uint8Array): string[] {
    const { config, layers = [], manifests = [] } = JSON.parse(Buffer.from(manifest).toString())
    const blobs = [config, ...layers].filter((each) => each !== undefined).map(({ digest }) => digest)
    return [
      ...blobs.filter((digest) => !this.blobs.has(`${repository}@${digest}`)),
      ...manifests
        .map(({ digest }: { digest: string }) => digest)
        .filter((digest: string) => !this.manifests.has(`${repository}@${digest}`)),
    ]
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, this.origin)
    const method = request.method!
    const line = `${method} ${url.pathname.replace(/uploads\/s\d+/, 'uploads/SESSION')}`
    response.on('finish', () => this.requests.push(`${line} ${response.statusCode}`))
    const reply = (status: number, headers: Record<string, string> = {}, body = '') => {
      response.writeHead(status, headers).end(body)
    }
    if (url.pathname === '/token') {
      this.#tokenLeft = this.faults.tokenUses!.shift() ?? Number.POSITIVE_INFINITY
      return reply(200, {}, JSON.stringify({ token: `t${++this.#count}` }))
    }
    const { login } = this.faults
    if (login !== undefined && request.headers.authorization !== `Basic ${btoa(login)}`) {
      request.resume()
      return reply(401, { 'WWW-Authenticate': 'Basic realm="test"' })
    }
    if (this.faults.tokenUses !== undefined && this.#tokenLeft-- <= 0) {
      const scope = url.pathname.replace(/^\/v2\/(.*)\/(?:blobs|manifests)\/.*$/, '$1')
      request.resume()
      const challenge = `Bearer realm="${this.origin}/token",service="t",scope="repository:${scope}:pull,push"`
      return reply(401, { 'WWW-Authenticate': challenge })
    }
    const scripted =
      this.faults.answers?.findIndex(
        ({ method: asked, path = /^/ }) => asked === method && path.test(url.pathname),
      ) ?? -1
    if (scripted >= 0) {
      const [answer] = this.faults.answers!.splice(scripted, 1)
      request.resume()
      await new Promise((resolve) => request.on('end', resolve))
      return reply(answer!.status, answer!.headers, answer!.body)
    }
    const listed = /^\/v2\/(.+)\/tags\/list$/.exec(url.pathname)
    if (listed !== null) {
      const tags = this.tagsOf(listed[1]!)
      return tags.length === 0 ? reply(404) : reply(200, {}, JSON.stringify({ name: listed[1], tags }))
    }
    const upload = /^\/v2\/(.+)\/blobs\/uploads\/(s\d+)?$/.exec(url.pathname)
    if (upload !== null) return this.#upload(request, upload[1]!, upload[2], url, reply)
    const blob = /^\/v2\/(.+)\/blobs\/(sha256:.+)$/.exec(url.pathname)
    if (blob !== null) {
      const found = this.blobs.get(`${blob[1]}@${blob[2]}`)
      if (found === undefined) return reply(404)
      response.writeHead(200, { 'Content-Length': found.length }).end(method === 'GET' ? found : undefined)
      return
    }
    const manifest = /^\/v2\/(.+)\/manifests\/(.+)$/.exec(url.pathname)
    if (manifest !== null && method === 'PUT') return this.#putManifest(request, manifest, reply)
    const stored = manifest && this.manifests.get(nameOf(manifest))
    if (stored == null) return reply(404)
    const headers = { 'Content-Type': stored.mediaType, 'Docker-Content-Digest': digestOf(stored.bytes) }
    response.writeHead(200, headers).end(method === 'GET' ? stored.bytes : undefined)
  }

  async #upload(
    request: IncomingMessage,
    repository: string,
    id: string | undefined,
    url: URL,
    reply: (status: number, headers?: Record<string, string>, body?: string) => void,
  ): Promise<void> {
    const method = request.method!
    const session = id === undefined ? undefined : this.#sessions.get(id)
    const location = (name: string) => ({
      Location: this.faults.location ?? `/v2/${repository}/blobs/uploads/${name}?_state=a%3Db`,
    })
    if (method === 'POST') {
      const mounted = this.blobs.get(`${url.searchParams.get('from')}@${url.searchParams.get('mount')}`)
      if (mounted !== undefined && this.faults.mounts !== false) {
        this.blobs.set(`${repository}@${url.searchParams.get('mount')}`, mounted)
        return reply(201, { Location: '/' })
      }
      const name = `s${++this.#count}`
      this.#sessions.set(name, { repository, bytes: Buffer.alloc(0) })
      return reply(202, location(name))
    }
    if (session === undefined) {
      request.resume()
      return reply(404, {}, '{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}')
    }
    const range = { Range: `0-${Math.max(0, session.bytes.length - 1)}` }
    if (method === 'GET') {
      return reply(204, { ...location(id!), ...range })
    }
    const length = Number(request.headers['content-length'])
    if (this.faults.maxBody !== undefined && length > this.faults.maxBody) {
      request.resume()
      this.#sessions.delete(id!)
      return reply(413)
    }
    const from = /^(\d+)-/.exec(request.headers['content-range'] ?? '')?.[1]
    if (from !== undefined && Number(from) !== session.bytes.length) {
      request.resume()
      return reply(416)
    }
    if (!(await this.#take(request, session, id!))) return
    if (method === 'PATCH' && this.faults.keepsTo !== undefined) return reply(this.faults.keepsTo)
    if (method === 'PATCH') {
      return reply(202, { ...location(id!), Range: `0-${session.bytes.length - 1}` })
    }
    const digest = url.searchParams.get('digest')!
    if (digestOf(session.bytes) !== digest)
      return reply(400, {}, '{"errors":[{"code":"DIGEST_INVALID","message":"no"}]}')
    this.#sessions.delete(id!)
    this.blobs.set(`${repository}@${digest}`, session.bytes)
    reply(201, { Location: '/' })
  }

  /** False when the connection was cut. */
  async #take(request: IncomingMessage, session: Session, id: string): Promise<boolean> {
    const isWithBody = Number(request.headers['content-length'] ?? 1) > 0
    const cut = isWithBody ? this.faults.cutAfter?.shift() : undefined
    const chunks: Buffer[] = [session.bytes]
    let length = 0
    const breakOff = () => {
      if (this.faults.resumes) session.bytes = Buffer.concat(chunks)
      else this.#sessions.delete(id)
      request.destroy()
      return false
    }
    try {
      for await (const chunk of request) {
        const left = cut === undefined ? chunk.length : Math.min(chunk.length, cut - length)
        chunks.push(chunk.subarray(0, left))
        length += left
        this.received += left
        this.onBytes(left)
        if (cut !== undefined && length >= cut) return breakOff()
      }
    } catch {
      return breakOff()
    }
    session.bytes = Buffer.concat(chunks)
    return true
  }

  async #putManifest(
    request: IncomingMessage,
    [, repository, reference]: RegExpExecArray,
    reply: (status: number, headers?: Record<string, string>, body?: string) => void,
  ): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const bytes = Buffer.concat(chunks)
    const digest = digestOf(bytes)
    const missing = this.faults.isStrict && this.missingOf(repository!, bytes).length > 0
    if (missing)
      return reply(400, {}, '{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown"}]}')
    const stored = { mediaType: request.headers['content-type']!, bytes }
    this.manifests.set(`${repository}@${digest}`, stored)
    if (!reference!.includes(':')) this.manifests.set(`${repository}:${reference}`, stored)
    const { subject } = JSON.parse(bytes.toString()) as { subject?: { digest: string } }
    const listed: Record<string, string> =
      this.faults.referrers && subject ? { 'OCI-Subject': subject.digest } : {}
    const { manifestsWith = 201 } = this.faults
    reply(manifestsWith, { 'Docker-Content-Digest': this.faults.storesAs ?? digest, ...listed })
  }
}

function nameOf([, repository, reference = '']: RegExpExecArray): string {
  return `${repository}${reference.includes(':') ? '@' : ':'}${reference}`
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
