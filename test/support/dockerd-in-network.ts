import { appendFile, mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Daemon, startDaemon } from './daemon.ts'
import { ADDRESS, DOCKER_CASES, type DockerCase } from './docker-cases.ts'
import { makePrivateAuthority, type PrivateAuthority } from './private-authority.ts'
import { findProgram, run, runOk } from './programs.ts'
import { startPullWorld } from './pull-world.ts'
import { showProcess } from './pulling-machine.ts'
import { makeTempFolder } from './temp.ts'

/** What dockerd did, and what doctor says. */
export interface DockerResult {
  readonly name: string
  readonly pulled: boolean
  /** What `docker pull` has printed. */
  readonly said: string
  readonly code: number | null
  readonly report: unknown
  /** `HOST:PORT` of all that dockerd has asked. */
  readonly asked: readonly string[]
}

// Run in a network of its own: tries each case with a dockerd of its own, and prints what came of it as JSON.

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const BUNDLE = '/etc/ssl/certs/ca-certificates.crt'
const program = (name: string) => findProgram(name)!
for (const words of [
  'link set lo up',
  `address add ${ADDRESS}/32 dev lo`,
  'link add outside type veth peer name other',
])
  await runOk(program('ip'), words.split(' '))
// A machine without an address beyond its loopback has no network, whose fault nothing is.
for (const words of ['address add 192.0.2.2/32 dev outside', 'link set outside up', 'link set other up'])
  await runOk(program('ip'), words.split(' '))
const proxy = await startDenyingProxy()
await using authority = await makePrivateAuthority([ADDRESS])
await using stranger = await makePrivateAuthority(['stranger.test'])

const results: DockerResult[] = []
for (const one of DOCKER_CASES) results.push(await tryCase(one))
process.stdout.write(JSON.stringify(results))

async function tryCase(one: DockerCase): Promise<DockerResult> {
  await using folder = await makeTempFolder()
  await using world = await startPullWorld({
    ...{ byAddress: true, address: ADDRESS, ...one.world },
    ...(one.tls !== undefined && { certificate: authority }),
  })
  for (const [host, instead] of Object.entries(one.instead ?? {})) world.instead.set(host, instead)
  if (one.down !== undefined) await world.stop(one.down)
  const { host } = new URL(world.base)
  const root = join(folder.path, 'machine')
  const env = { SSL_CERT_FILE: join(root, BUNDLE), SSL_CERT_DIR: '/nowhere', ...one.env?.(proxy) }
  await writeMachine(root, one, host, authority, env)
  for (const path of ['/etc/docker', '/etc/hosts'])
    await runOk(program('mount'), ['--bind', join(root, path), path])
  const image = one.image?.(host) ?? `${host}/app:1`
  await using daemon = await startDockerd(folder.path, root, env)
  if (one.tls?.endsWith('since the start')) {
    await pull(folder.path, image)
    // The kernel tells to the second when it was started.
    await new Promise((resolve) => setTimeout(resolve, 1500))
    if (one.tls === 'since the start') await appendFile(join(root, BUNDLE), authority.issuer)
    else await writeBelow(root, { [`/etc/docker/certs.d/${host}/ca.crt`]: authority.issuer })
  }
  await showProcess(root, daemon.pid)
  const pulled = await pull(folder.path, image)
  const asked = [...world.asked]
  const words = ['doctor', image, '--runtime', 'docker', '--root', root, '--timeout', '3s', '--json']
  const { code, stdout } = await run(process.execPath, [MAIN, ...words])
  for (const path of ['/etc/docker', '/etc/hosts']) await runOk(program('umount'), [path])
  return {
    ...{ name: one.name, pulled: pulled.code === 0, said: pulled.stderr, asked },
    ...{ code, report: JSON.parse(stdout.toString()) },
  }
}

/** What dockerd reads, and doctor below the root that stands for the machine's. */
async function writeMachine(
  root: string,
  { daemon, tls }: DockerCase,
  host: string,
  { issuer }: PrivateAuthority,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const variables = Object.entries(env).filter(([name]) => !name.startsWith('SSL_'))
  const unit = variables.map(([name, value]) => `Environment=${name}=${value}\n`).join('')
  const files = {
    '/etc/docker/daemon.json': JSON.stringify(daemon?.(host) ?? {}),
    ...(tls === 'certs.d' && { [`/etc/docker/certs.d/${host}/ca.crt`]: issuer }),
    [BUNDLE]: stranger.issuer + (tls === 'of the machine' ? issuer : ''),
    '/etc/hosts': `127.0.0.1 localhost\n${ADDRESS} registry.test\n`,
    '/etc/systemd/system/docker.service': `[Service]\nExecStart=/usr/sbin/dockerd\n${unit}`,
  }
  await writeBelow(root, files)
}

async function writeBelow(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(root, path, '..'), { recursive: true })
    await writeFile(join(root, path), text)
  }
}

function startDockerd(folder: string, root: string, env: Readonly<Record<string, string>>): Promise<Daemon> {
  return startDaemon(
    'env',
    [
      ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
      ...[program('dockerd'), '--iptables=false', '--ip6tables=false', '--bridge=none'],
      // A client that goes on where it broke off would do so for minutes.
      ...['--storage-driver=overlay2', '--max-download-attempts=1'],
      ...['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')],
      ...['--pidfile', join(folder, 'd.pid'), '--host', `unix://${join(folder, 'd.sock')}`],
      ...['--config-file', join(root, 'etc/docker/daemon.json')],
    ],
    'API listen on',
  )
}

function pull(folder: string, image: string) {
  const words = ['--host', `unix://${join(folder, 'd.sock')}`, 'pull', image]
  return run(program('docker'), words, { env: { PATH: process.env.PATH, HOME: folder } })
}

async function startDenyingProxy(): Promise<string> {
  const server = createServer((_, response) => response.writeHead(403).end())
  server.on('connect', (_, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'))
  server.unref()
  await new Promise<void>((resolve) => server.listen(0, ADDRESS, resolve))
  return `http://${ADDRESS}:${(server.address() as AddressInfo).port}`
}
