import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listen } from '../../src/adapters/node/listen.ts'
import { accelRedirect } from '../../src/server/accel-redirect.ts'
import { filePart, openFilePart } from '../../src/storage/fs/file-part.ts'
import { findFreePort } from '../support/ports.ts'
import { findProgram } from '../support/programs.ts'
import { recipe, replaced } from '../support/proxies.ts'
import { makeTempFolder } from '../support/temp.ts'
import { until } from '../support/until.ts'

const nginx = findProgram('nginx')
const BYTES = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7919) % 251))
const DIGEST = `sha256:${'ab'.repeat(32)}`

/** A server as `deploy/proxies` has it for a mirror. */
async function site(port: number, door: number, folder: string): Promise<string> {
  const location = replaced(await recipe('nginx-mirror.conf'), [
    ['alias /var/lib/portolan/;', `alias ${folder}/;`],
  ])
  return `server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:${door};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
    }
    ${location}
  }`
}

describe.skipIf(nginx === undefined)('nginx in front of a mirror that leaves files to it', () => {
  const made = new AsyncDisposableStack()
  let origin: string
  let sentByDoor = 0
  beforeAll(async () => {
    const folder = made.use(await makeTempFolder()).path
    const cache = join(folder, 'cache')
    await mkdir(join(cache, 'blobs'), { recursive: true })
    const file = join(cache, 'blobs', 'a b')
    await writeFile(file, BYTES)
    // nginx's workers are somebody else, who has to get in.
    await chmod(folder, 0o755)
    const listener = await listen(
      async () => {
        const { descriptor, close, start, end } = (await openFilePart(file, {
          ...{ size: BYTES.length, start: 0, end: BYTES.length },
        }))!
        const reply = accelRedirect(
          {
            status: 200,
            headers: {
              'Content-Type': 'application/octet-stream',
              'Content-Length': String(BYTES.length),
              'Docker-Content-Digest': DIGEST,
              'Cache-Control': 'max-age=31536000, immutable',
              ETag: `"${DIGEST}"`,
            },
            body: filePart({ descriptor, close, path: 'blobs/a b' }, { start, end }),
          },
          '/portolan-cache/',
        )
        sentByDoor += Number(reply.headers['Content-Length'])
        return reply
      },
      { host: '127.0.0.1', port: 0, onError: () => {} },
    )
    made.defer(() => listener.drain(100))
    const port = await findFreePort()
    origin = `http://127.0.0.1:${port}`
    const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${name};`,
    )
    await writeFile(
      join(folder, 'nginx.conf'),
      `daemon off; pid nginx.pid; worker_processes 1; error_log stderr warn;
events { worker_connections 64; }
http { access_log off; ${scratch.join(' ')} ${await site(port, listener.port, cache)} }`,
    )
    const child = spawn(nginx!, ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'ignore' })
    const ended = once(child, 'exit')
    made.defer(async () => {
      child.kill('SIGTERM')
      await ended
    })
    await until('nginx to listen', () =>
      fetch(origin).then(
        () => true,
        () => false,
      ),
    )
  })
  afterAll(() => made.disposeAsync())

  it.each([
    [undefined, 200, 0, 300_000],
    ['bytes=1000-1999', 206, 1000, 2000],
    ['bytes=299000-', 206, 299_000, 300_000],
  ])('sends the file itself, whole and in parts: %s', async (range, status, start, end) => {
    const response = await fetch(origin, { headers: range === undefined ? {} : { Range: range } })
    expect(response.status).toBe(status)
    expect(BYTES.subarray(start, end).equals(await response.bytes())).toBe(true)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      'docker-content-digest': DIGEST,
      'docker-distribution-api-version': 'registry/2.0',
      'cache-control': 'max-age=31536000, immutable',
      etag: `"${DIGEST}"`,
    })
    expect(response.headers.get('x-accel-redirect')).toBeNull()
    expect(sentByDoor).toBe(0)
  })

  it('shows nobody a file that the mirror does not name', async () => {
    const response = await fetch(`${origin}/portolan-cache/blobs/a%20b`)
    expect(response.status).toBe(404)
  })
})
