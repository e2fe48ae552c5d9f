import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { RUNTIMES, type RuntimeName, startPortolan } from '../../test/support/portolan.ts'
import { findFreePort } from '../../test/support/ports.ts'
import { until } from '../../test/support/until.ts'
import { NETWORK, type Requests } from './requests.ts'
import type { Store } from './store.ts'

/** What is measured. */
export interface Server extends AsyncDisposable {
  readonly name: string
  readonly origin: string
  readonly process: ChildProcess
  /** What it is sent, where that is not what all are sent. */
  readonly requests?: Requests
}

/** Files that make a server speak TLS. */
export interface CertificateFiles {
  readonly certificate: string
  readonly key: string
}

/** nginx with one worker that answers everything with one redirect. */
export async function startNginx(
  program: string,
  folder: string,
  location: string,
  tls?: CertificateFiles,
): Promise<Server> {
  const port = await findFreePort()
  const name = tls ? 'nginx-tls' : 'nginx'
  const file = join(folder, `${name}.conf`)
  const certificate = tls ? `ssl_certificate ${tls.certificate}; ssl_certificate_key ${tls.key};` : ''
  await writeFile(
    file,
    `daemon off; worker_processes 1; pid ${folder}/${name}.pid; error_log ${folder}/${name}.log;
events { worker_connections 1024; }
http {
  access_log off; server_tokens off; keepalive_requests 1000000000;
  server {
    listen 127.0.0.1:${port}${tls ? ' ssl' : ''}; ${certificate}
    location / {
      add_header Cache-Control "private, no-cache" always;
      add_header Docker-Distribution-Api-Version registry/2.0 always;
      return 307 ${location};
    }
  }
}
`,
  )
  const child = spawn(program, ['-p', folder, '-c', file], { stdio: 'ignore' })
  const version = versionOf(program, '-v').replace(/^nginx version: /, '')
  const scheme = tls ? 'https' : 'http'
  return started({
    name: tls ? `${version}, TLS` : version,
    origin: `${scheme}://127.0.0.1:${port}`,
    process: child,
  })
}

/** What stands behind registry.k8s.io, in Go. Whom no cloud knows it sends to its default, which is the store here. */
export async function startArcheio(program: string, store: Store): Promise<Server> {
  const port = await findFreePort()
  const child = spawn(program, [], {
    stdio: 'ignore',
    // One CPU is what all the others have.
    env: { ...process.env, PORT: String(port), DEFAULT_AWS_BASE_URL: store.origin, GOMAXPROCS: '1' },
  })
  // It takes the last but one address, as Google's balancer writes them, and refuses a single one.
  const requests = { via: ', 127.0.0.1' }
  return started({ name: 'archeio (Go)', origin: `http://127.0.0.1:${port}`, process: child, requests })
}

export interface DoorVariant {
  readonly access?: boolean
  readonly tls?: CertificateFiles
  readonly workers?: number
  readonly someNew?: boolean
  /** Whether clients are split between two stores, both of which are the one that there is. */
  readonly split?: boolean
}

export async function startDoor(
  runtime: RuntimeName,
  store: Store,
  { access = false, tls, workers, someNew = false, split = false }: DoorVariant,
): Promise<Server> {
  const config = {
    log: { access },
    upstreams: [{ id: 'upstream', url: 'http://127.0.0.1:1', at: 'gcp/us-central1' }],
    stores: (split ? ['paris', 'lyon'] : ['paris']).map((id) => {
      return { id, url: store.origin, at: 'aws/eu-west-3' }
    }),
    ...(split && { routing: [{ prefer: [{ split: { paris: 70, lyon: 30 } }] }] }),
    clients: { trustedProxies: ['127.0.0.0/8'] },
    clouds: { places: [{ prefix: NETWORK, at: 'aws/eu-west-3' }] },
    ...(tls && { tls }),
  }
  const words = workers === undefined ? [] : ['--workers', String(workers)]
  const door = await startPortolan(config, runtime, undefined, words)
  discardOutput(door.process)
  const what = [
    access && 'access log',
    tls && 'TLS',
    workers && `${workers} workers`,
    someNew && '1 % new blobs',
    split && 'a split of two',
  ].filter(Boolean)
  return {
    name: [`door on ${runtime} ${versionOf(RUNTIMES[runtime], '--version')}`, ...what].join(', '),
    origin: `${tls ? 'https' : 'http'}://127.0.0.1:${door.port}`,
    process: door.process,
    ...(someNew && { requests: { someNew } }),
    [Symbol.asyncDispose]: () => door[Symbol.asyncDispose](),
  }
}

/** Millions of lines are read, as a log collector would, and kept by nobody. */
export function discardOutput({ stdout }: ChildProcess): void {
  stdout!.removeAllListeners('data')
  stdout!.resume()
}

/** Waits until it listens; ends it with all its processes when it is disposed of. */
export async function started(server: Omit<Server, typeof Symbol.asyncDispose>): Promise<Server> {
  const exited = once(server.process, 'exit')
  const { port } = new URL(server.origin)
  await until(`${server.name} to listen`, () => isOpen(Number(port)))
  return {
    ...server,
    async [Symbol.asyncDispose]() {
      // SIGTERM, so that nginx takes its worker along.
      server.process.kill('SIGTERM')
      await exited
    },
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => resolve(false))
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}

/** What a program says of its version. */
export function versionOf(program: string, flag: string): string {
  // nginx writes its version to standard error.
  return execFileSync('/bin/sh', ['-c', '"$0" "$1" 2>&1', program, flag]).toString().trim()
}
