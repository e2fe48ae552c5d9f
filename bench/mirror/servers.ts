import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RUNTIMES, type RuntimeName, startPortolan } from '../../test/support/portolan.ts'
import { findFreePort } from '../../test/support/ports.ts'
import { discardOutput, type Server, started, versionOf } from '../redirect/servers.ts'

/** Where a mirror has its files, and what it mirrors. */
export interface MirrorSetting {
  readonly folder: string
  readonly upstream: string
}

/** nginx with one worker, and a cache that lets one client of many fetch. */
export async function startNginx(program: string, { folder, upstream }: MirrorSetting): Promise<Server> {
  const port = await findFreePort()
  const file = join(folder, 'nginx.conf')
  const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${name};`,
  )
  await writeFile(
    file,
    `daemon off; worker_processes 1; pid nginx.pid; error_log nginx.log; user root;
events { worker_connections 1024; }
http {
  access_log off; sendfile on; keepalive_requests 1000000; ${scratch.join(' ')}
  proxy_cache_path cache levels=1:2 keys_zone=blobs:10m max_size=20g inactive=1d use_temp_path=off;
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass ${upstream};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_cache blobs;
      proxy_cache_valid 200 1d;
      proxy_cache_lock on; proxy_cache_lock_age 600s; proxy_cache_lock_timeout 600s;
    }
  }
}
`,
  )
  return started({
    name: `${versionOf(program, '-v').replace(/^nginx version: /, '')}, proxy_cache`,
    origin: `http://127.0.0.1:${port}`,
    process: spawn(program, ['-p', folder, '-c', file], { stdio: 'ignore' }),
  })
}

/** The registry of Docker as a pull-through cache, with as many threads as it likes. */
export async function startDockerProxy(
  program: string,
  { folder, upstream }: MirrorSetting,
): Promise<Server> {
  const address = `127.0.0.1:${await findFreePort()}`
  const file = join(folder, 'registry.yml')
  await mkdir(join(folder, 'content'))
  await writeFile(
    file,
    `version: 0.1
log: { level: error, accesslog: { disabled: true } }
storage: { filesystem: { rootdirectory: ${JSON.stringify(join(folder, 'content'))} } }
http: { addr: ${JSON.stringify(address)} }
proxy: { remoteurl: ${JSON.stringify(upstream)} }
`,
  )
  const version = /v?\d+\.\d+\.\d+/.exec(versionOf(program, '--version'))?.[0] ?? ''
  return started({
    name: `docker-registry ${version}, proxy`,
    origin: `http://${address}`,
    process: spawn(program, ['serve', file], { stdio: 'ignore' }),
  })
}

/** What `npm run build -- --executables` made for this machine, if it did. */
export const EXECUTABLE = [
  fileURLToPath(new URL(`../../dist/executables/portolan-linux-${process.arch}`, import.meta.url)),
].find(existsSync)

/** A mirror as the README has it; by an executable where no runtime is named. */
export async function startMirror(
  runtime: RuntimeName | 'none',
  { folder, upstream }: MirrorSetting,
): Promise<Server> {
  const config = {
    log: { access: false },
    delivery: 'relay',
    cache: { folder: join(folder, 'cache'), size: '20GiB' },
    upstreams: [{ id: 'upstream', url: upstream, at: 'gcp/us-central1' }],
  }
  const mirror = await startPortolan(config, runtime, runtime === 'none' ? EXECUTABLE : undefined)
  discardOutput(mirror.process)
  return {
    name:
      runtime === 'none'
        ? 'portolan, executable'
        : `portolan on ${runtime} ${versionOf(RUNTIMES[runtime], '--version')}`,
    origin: `http://127.0.0.1:${mirror.port}`,
    process: mirror.process,
    [Symbol.asyncDispose]: () => mirror[Symbol.asyncDispose](),
  }
}
