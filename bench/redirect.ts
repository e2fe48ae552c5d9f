import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startFolderServer } from '../test/support/folder-server.ts'
import { RUNTIMES, startPortolan } from '../test/support/portolan.ts'
import { findFreePort } from '../test/support/ports.ts'
import { findPrograms, run as runProgram } from '../test/support/programs.ts'
import { makeTempFolder } from '../test/support/temp.ts'
import { until } from '../test/support/until.ts'

// CPU time per redirect of blobs that are known to be in a store, beside nginx's static `return 307`; metrics are on,
// and each door is there without and with its access log, which is read by a pipe.
//
// All servers live through the whole run and are measured in turn, in many short rounds. What else the machine does
// only ever adds to a round, so the ratio is taken between the quiet quarters; the median tells how noisy it was.

const ROUNDS = 12
const SECONDS = 1
const WARM_UP_SECONDS = 6
const CONNECTIONS = 32

const BLOBS = 16
const BUCKET = 'containers/images'
/** Clients are `35.176.0.0` to `35.191.255.255`, one after the other: nobody comes back, which would be a retry. */
const NETWORK = '35.176.0.0/12'
const FIRST_OCTETS = [35, 176] as const
/** More requests than any server here answers in a second. */
const MOST_PER_SECOND = 250_000

const pathOf = (digest: string) => `/v2/kube-apiserver/blobs/${digest}`

interface Server {
  readonly name: string
  readonly port: number
  readonly process: ChildProcess
}

interface Round {
  readonly microseconds: number
  readonly perSecond: number
  /** As wrk writes them: `412.00us`. */
  readonly p50: string
  readonly p99: string
}

export async function run(): Promise<void> {
  const { found, missing } = findPrograms('nginx', 'wrk')
  if (missing !== undefined) {
    console.log(`skipped; ${missing} (Debian packages nginx-light and wrk)`)
    return
  }
  await using cleanUp = new AsyncDisposableStack()
  const folder = cleanUp.use(await makeTempFolder())
  const digests = await fillBucket(folder.path)
  const store = cleanUp.use(await startFolderServer(folder.path))
  const script = join(folder.path, 'requests.lua')
  await writeFile(script, requestsScript(digests))
  const nginx = await startNginx(found.nginx, `${store.origin}/${BUCKET}/${digests[0]}`)
  cleanUp.defer(nginx.stop)
  const servers: Server[] = [{ name: versionOf(found.nginx, '-v'), ...nginx }]
  for (const runtime of ['node', 'bun'] as const) {
    for (const access of [false, true]) {
      const door = cleanUp.use(await startPortolan(config(store.origin, access), runtime))
      discardOutput(door.process)
      const name = `door on ${runtime} ${versionOf(RUNTIMES[runtime], '--version')}`
      servers.push({ name: access ? `${name}, access log` : name, ...pick(door) })
    }
  }

  const rounds = new Map(servers.map((server) => [server, [] as Round[]]))
  const load = { wrk: found.wrk, script, seconds: WARM_UP_SECONDS, from: 0 }
  for (const server of servers) await measure(server, load)
  for (let round = 0; round < ROUNDS; round++) {
    const from = (WARM_UP_SECONDS + round * SECONDS) * MOST_PER_SECOND
    for (const server of servers)
      rounds.get(server)!.push(await measure(server, { ...load, seconds: SECONDS, from }))
  }
  for (const server of servers.slice(1)) await expectRedirects(server, store.origin, digests)
  print(rounds)
}

/** Real blobs: a door that is asked again for the same one looks whether the store delivers it. */
async function fillBucket(folder: string): Promise<string[]> {
  await mkdir(join(folder, BUCKET), { recursive: true })
  const contents = Array.from({ length: BLOBS }, (_, index) => `blob ${index}`)
  return Promise.all(
    contents.map(async (content) => {
      const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`
      await writeFile(join(folder, BUCKET, digest), content)
      return digest
    }),
  )
}

/** What wrk sends: each blob once for each client, as nodes that come up together would ask. */
function requestsScript(digests: readonly string[]): string {
  const before = digests.map((digest) =>
    JSON.stringify(`GET ${pathOf(digest)} HTTP/1.1\r\nX-Forwarded-For: ${FIRST_OCTETS[0]}.`),
  )
  const after = JSON.stringify(
    '\r\nHost: registry.test\r\nUser-Agent: containerd/2.0.0\r\n' +
      'Accept: application/vnd.oci.image.layer.v1.tar+gzip, */*\r\nAccept-Encoding: gzip\r\n\r\n',
  )
  return `local before, after, count = { ${before.join(', ')} }, ${after}, 0
function init(args) count = tonumber(args[1]) end
function request()
  count = count + 1
  local client = math.floor(count / ${BLOBS})
  local second = ${FIRST_OCTETS[1]} + math.floor(client / 65536) % 16
  return before[count % ${BLOBS} + 1] .. second .. "." .. math.floor(client / 256) % 256 .. "." .. client % 256 .. after
end
`
}

/** Millions of lines are read, as a log collector would, and kept by nobody. */
function discardOutput({ stdout }: ChildProcess): void {
  stdout!.removeAllListeners('data')
  stdout!.resume()
}

function config(origin: string, access: boolean): object {
  return {
    log: { access },
    upstreams: [{ id: 'upstream', url: 'http://127.0.0.1:1', at: 'gcp/us-central1' }],
    stores: [{ id: 'paris', url: origin, at: 'aws/eu-west-3' }],
    clients: { trustedProxies: ['127.0.0.0/8'] },
    clouds: { places: [{ prefix: NETWORK, at: 'aws/eu-west-3' }] },
  }
}

const pick = ({ port, process }: Omit<Server, 'name'>) => ({ port, process })

async function startNginx(program: string, location: string) {
  const folder = await makeTempFolder()
  const port = await findFreePort()
  const file = join(folder.path, 'nginx.conf')
  await writeFile(
    file,
    `daemon off; worker_processes 1; pid ${folder.path}/pid; error_log ${folder.path}/error.log;
events { worker_connections 1024; }
http {
  access_log off; server_tokens off; keepalive_requests 1000000000;
  server {
    listen 127.0.0.1:${port};
    location / {
      add_header Cache-Control "private, no-cache" always;
      add_header Docker-Distribution-Api-Version registry/2.0 always;
      return 307 ${location};
    }
  }
}
`,
  )
  const child = spawn(program, ['-p', folder.path, '-c', file], { stdio: 'ignore' })
  const exited = once(child, 'exit')
  const stop = async () => {
    // SIGTERM, so that the master takes its worker along.
    child.kill('SIGTERM')
    await exited
    await folder[Symbol.asyncDispose]()
  }
  await until('nginx to answer', () =>
    fetch(`http://127.0.0.1:${port}/`, { redirect: 'manual' }).then(
      () => true,
      () => false,
    ),
  )
  return { port, process: child, stop }
}

/** A door that had lost its store would be measured at something else. */
async function expectRedirects(
  { name, port }: Server,
  origin: string,
  digests: readonly string[],
): Promise<void> {
  for (const digest of digests) {
    const reply = await fetch(`http://127.0.0.1:${port}${pathOf(digest)}`, {
      redirect: 'manual',
      headers: { 'X-Forwarded-For': `${FIRST_OCTETS.join('.')}.0.1` },
    })
    const location = reply.headers.get('location')
    if (reply.status !== 307 || location !== `${origin}/${BUCKET}/${digest}`) {
      throw new Error(`${name} answers ${reply.status} to ${location} for ${digest}`)
    }
  }
}

interface Load {
  readonly wrk: string
  readonly script: string
  readonly seconds: number
  /** The number of its first request. */
  readonly from: number
}

async function measure(server: Server, { wrk, script, seconds, from }: Load): Promise<Round> {
  const pid = server.process.pid!
  const before = cpuSeconds(pid)
  const { code, stdout } = await runProgram(wrk, [
    ...['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '--latency'],
    ...['-s', script, `http://127.0.0.1:${server.port}/`, '--', `${from}`],
  ])
  const used = cpuSeconds(pid) - before
  const text = stdout.toString()
  const requests = Number(/(\d+) requests in/.exec(text)?.[1])
  if (code !== 0 || !(requests > 0) || /Non-2xx|Socket errors/.test(text)) {
    throw new Error(`wrk against ${server.name} ended with ${code}:\n${text}`)
  }
  return {
    microseconds: (used / requests) * 1e6,
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)![1]),
    p50: /50%\s+(\S+)/.exec(text)![1]!,
    p99: /99%\s+(\S+)/.exec(text)![1]!,
  }
}

/** User and system time of a process and its children, in seconds: proc_pid_stat(5), fields 14 and 15, at 100 Hz. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')
  const own = (Number(fields[11]) + Number(fields[12])) / 100
  return childrenOf(pid).reduce((sum, child) => sum + cpuSeconds(child), own)
}

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  )
}

function versionOf(program: string, flag: string): string {
  // nginx writes its version to standard error.
  const text = execFileSync('/bin/sh', ['-c', '"$0" "$1" 2>&1', program, flag]).toString().trim()
  return text.replace(/^nginx version: /, '')
}

function print(rounds: ReadonlyMap<Server, readonly Round[]>): void {
  const quiet = (values: readonly Round[]) =>
    quantile(
      values.map(({ microseconds }) => microseconds),
      0.25,
    )
  const [first] = rounds.values()
  const rows = [...rounds].map(([{ name }, values]) => {
    const calm = values.toSorted((a, b) => a.microseconds - b.microseconds)[Math.floor(values.length / 4)]!
    return [
      name,
      quiet(values).toFixed(1),
      `${(quiet(values) / quiet(first!)).toFixed(2)}×`,
      quantile(
        values.map(({ microseconds }) => microseconds),
        0.5,
      ).toFixed(1),
      Math.round(
        quantile(
          values.map(({ perSecond }) => perSecond),
          0.5,
        ),
      ).toString(),
      calm.p50,
      calm.p99,
    ]
  })
  const head = ['server', 'CPU µs/redirect', '÷ nginx', 'median µs', 'redirects/s', 'p50', 'p99']
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]!.length)))
  for (const row of [head, ...rows]) {
    console.log(
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
        .join('  '),
    )
  }
  console.log(
    `\n${ROUNDS} rounds of ${SECONDS} s in turn, ${CONNECTIONS} connections kept alive; the quiet quarter of the rounds counts`,
  )
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)]!
}
