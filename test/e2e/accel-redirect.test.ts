import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { chmod, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startPortolan } from '../support/portolan.ts'
import { findFreePort } from '../support/ports.ts'
import { findProgram } from '../support/programs.ts'
import { recipe, replaced } from '../support/proxies.ts'
import { makeTempFolder } from '../support/temp.ts'
import { until } from '../support/until.ts'

const nginx = findProgram('nginx')
const BYTES = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7919) % 251))
const DIGEST = `sha256:${createHash('sha256').update(BYTES).digest('hex')}`
const BLOB = `/v2/app/blobs/${DIGEST}`

describe.skipIf(nginx === undefined)('nginx in front of a mirror that leaves files to it', () => {
  const made = new AsyncDisposableStack()
  let front: string
  let mirror: string
  beforeAll(async () => {
    const folder = made.use(await makeTempFolder()).path
    // nginx's workers are somebody else, who has to get in.
    await chmod(folder, 0o755)
    const cache = join(folder, 'cache')
    const started = made.use(
      await startPortolan({
        delivery: 'relay',
        cache: { folder: cache, size: '64MiB', accelRedirect: '/portolan-cache/' },
        upstreams: [{ id: 'upstream', url: await startUpstream(made), at: 'dc/x' }],
        clients: { trustedProxies: ['127.0.0.1'] },
      }),
    )
    mirror = `http://127.0.0.1:${started.port}`
    front = await startNginx(folder, cache, started.port)
    // The first is a fill, which nginx hands on; what it has brought lies in the cache soon after.
    const response = await fetch(front + BLOB)
    expect(BYTES.equals(await response.bytes())).toBe(true)
    await until('the blob to be left to nginx', async () => (await askMirror(true)).bytes.length === 0)
  })
  afterAll(() => made.disposeAsync())

  async function startNginx(folder: string, cache: string, door: number): Promise<string> {
    const port = await findFreePort()
    const location = replaced(await recipe('nginx-mirror.conf'), [
      ['alias /var/lib/portolan/;', `alias ${cache}/;`],
    ])
    const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${name};`,
    )
    const file = join(folder, 'nginx.conf')
    await writeFile(
      file,
      `daemon off; pid nginx.pid; worker_processes 1; error_log stderr warn;
events { worker_connections 64; }
http { access_log off; ${scratch.join(' ')}
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:${door};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
    ${location}
  }
}`,
    )
    const child = spawn(nginx!, ['-p', folder, '-c', file], { stdio: 'ignore' })
    const ended = once(child, 'exit')
    made.defer(async () => {
      child.kill('SIGTERM')
      await ended
    })
    const origin = `http://127.0.0.1:${port}`
    await until('nginx to listen', () =>
      fetch(origin).then(
        () => true,
        () => false,
      ),
    )
    return origin
  }

  /** What the mirror itself answers, to nginx or to a client that comes past it. */
  async function askMirror(byProxy: boolean) {
    const headers: Record<string, string> = byProxy ? { 'X-Forwarded-For': '192.0.2.1' } : {}
    const response = await fetch(mirror + BLOB, { headers })
    return { bytes: await response.bytes(), redirect: response.headers.get('x-accel-redirect') }
  }

  it.each([
    [undefined, 200, 0, 300_000],
    ['bytes=1000-1999', 206, 1000, 2000],
    ['bytes=299000-', 206, 299_000, 300_000],
  ])('sends the file itself, whole and in parts: %s', async (range, status, start, end) => {
    const headers: Record<string, string> = range === undefined ? {} : { Range: range }
    const response = await fetch(front + BLOB, { headers })
    expect(response.status).toBe(status)
    expect(BYTES.subarray(start, end).equals(await response.bytes())).toBe(true)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      'docker-content-digest': DIGEST,
      'docker-distribution-api-version': 'registry/2.0',
      etag: `"${DIGEST}"`,
    })
    expect(response.headers.get('cache-control')).toMatch(/immutable/)
    expect(response.headers.get('x-accel-redirect')).toBeNull()
  })

  it('leaves none to a client that comes past nginx', async () => {
    expect((await askMirror(true)).redirect).toMatch(/^\/portolan-cache\/blobs\/sha256\//)
    const { bytes, redirect } = await askMirror(false)
    expect(BYTES.equals(bytes)).toBe(true)
    expect(redirect).toBeNull()
  })

  it('shows nobody a file that the mirror does not name', async () => {
    const { redirect } = await askMirror(true)
    expect((await fetch(front + redirect!)).status).toBe(404)
  })
})

/** A registry of one blob; gives its origin. */
async function startUpstream(made: AsyncDisposableStack): Promise<string> {
  const server = createServer(({ url, method }, response) => {
    if (url !== BLOB) {
      response.writeHead(url === '/v2/' ? 200 : 404, { 'Content-Length': '0' }).end()
      return
    }
    response.writeHead(200, { 'Content-Length': BYTES.length, 'Docker-Content-Digest': DIGEST })
    response.end(method === 'HEAD' ? undefined : BYTES)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  made.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
