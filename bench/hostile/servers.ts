import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type RuntimeName, startPortolan } from '../../test/support/portolan.ts'
import { findFreePort } from '../../test/support/ports.ts'
import { findPrograms } from '../../test/support/programs.ts'
import { until } from '../../test/support/until.ts'

// What is attacked: a door that answers from its own disk, and nginx with the same bytes.

/** A server under attack. */
export interface Target extends AsyncDisposable {
  readonly name: string
  readonly port: number
  readonly process: ChildProcess
  /** Of a manifest of 3.9 MB, of a blob of 8 MB, and of a small answer. */
  readonly paths: { readonly manifest: string; readonly blob: string; readonly small: string }
  /** The process that answers: of nginx, its worker. */
  readonly pids: () => Promise<readonly number[]>
}

const MANIFEST_BYTES = 3_900_000
const BLOB_BYTES = 8_000_000

interface Written {
  readonly folder: string
  readonly manifest: string
  readonly blob: string
}

/** Writes an image layout with both; the digests are what they are asked for by. */
export async function writeContent(folder: string): Promise<Written> {
  const blobs = join(folder, 'app/blobs/sha256')
  await mkdir(blobs, { recursive: true })
  const put = async (bytes: Buffer) => {
    const hex = createHash('sha256').update(bytes).digest('hex')
    await writeFile(join(blobs, hex), bytes)
    return { digest: `sha256:${hex}`, size: bytes.length }
  }
  const blob = await put(Buffer.alloc(BLOB_BYTES, 1))
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const manifest = await put(
    Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType,
        config: { mediaType: 'application/vnd.oci.empty.v1+json', ...(await put(Buffer.from('{}'))) },
        layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...blob }],
        annotations: { filler: 'x'.repeat(MANIFEST_BYTES) },
      }),
    ),
  )
  await writeFile(join(folder, 'app/oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  const index = { schemaVersion: 2, manifests: [{ mediaType, ...manifest }] }
  await writeFile(join(folder, 'app/index.json'), JSON.stringify(index))
  return { folder, manifest: manifest.digest, blob: blob.digest }
}

export async function startDoor(runtime: RuntimeName, content: Written, log: object): Promise<Target> {
  const upstreams = [{ id: 'disk', layout: content.folder, at: 'gcp/us-central1' }]
  const door = await startPortolan({ log, upstreams }, runtime)
  const { manifest, blob } = content
  const paths = { manifest: `/v2/app/manifests/${manifest}`, blob: `/v2/app/blobs/${blob}`, small: '/v2/' }
  return {
    ...{ name: `door on ${runtime}`, port: door.port, process: door.process, paths },
    pids: async () => [door.process.pid!],
    [Symbol.asyncDispose]: () => door[Symbol.asyncDispose](),
  }
}

/** nginx with one worker; `undefined` where there is none. */
export async function startNginx(content: Written): Promise<Target | undefined> {
  const { found, missing } = findPrograms('nginx')
  if (missing !== undefined) return undefined
  const port = await findFreePort()
  const root = join(content.folder, 'app/blobs/sha256')
  const file = join(content.folder, 'nginx.conf')
  await writeFile(
    file,
    `daemon off; worker_processes 1; user root; pid ${content.folder}/nginx.pid; error_log ${content.folder}/error.log;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 1000000000;
  server { listen 127.0.0.1:${port}; location / { root ${root}; } location = /v2/ { return 200 "{}"; } }
}
`,
  )
  const child = spawn(found.nginx, ['-p', content.folder, '-c', file], { stdio: 'ignore' })
  const exited = once(child, 'exit')
  await until(
    'nginx to answer',
    async () => (await fetch(`http://127.0.0.1:${port}/v2/`).catch(() => undefined))?.ok ?? false,
  )
  const hex = (digest: string) => `/${digest.slice(7)}`
  return {
    ...{ name: 'nginx', port, process: child },
    paths: { manifest: hex(content.manifest), blob: hex(content.blob), small: '/v2/' },
    pids: async () => childrenOf(child.pid!),
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await exited
    },
  }
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'latin1')
  return children.split(' ').filter(Boolean).map(Number)
}
