import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RUNTIMES, startPortolan } from '../test/support/portolan.ts'
import { findFreePort } from '../test/support/ports.ts'
import { findPrograms, run as runProgram } from '../test/support/programs.ts'
import { startScriptedStore } from '../test/support/scripted-store.ts'
import { makeTempFolder } from '../test/support/temp.ts'
import { until } from '../test/support/until.ts'

// CPU time per redirect of a blob that is known to be in a store, beside nginx's static `return 307`.
//
// All servers live through the whole run and are measured in turn, in many short rounds. What else the machine does
// only ever adds to a round, so the ratio is taken between the quiet quarters; the median tells how noisy it was.

const ROUNDS = 12
const SECONDS = 1
const WARM_UP_SECONDS = 6
const CONNECTIONS = 32

const DIGEST = `sha256:${'4e'.repeat(32)}`
const TARGET = `/v2/kube-apiserver/blobs/${DIGEST}`
const CLIENT = '35.180.1.1'

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
  const store = cleanUp.use(await startScriptedStore(() => 200))
  const location = `${store.origin}/containers/images/${DIGEST}`
  const nginx = await startNginx(found.nginx, location)
  cleanUp.defer(nginx.stop)
  const servers: Server[] = [{ name: versionOf(found.nginx, '-v'), ...nginx }]
  for (const runtime of ['node', 'bun'] as const) {
    const door = cleanUp.use(await startPortolan(config(store.origin), runtime))
    servers.push({ name: `door on ${runtime} ${versionOf(RUNTIMES[runtime], '--version')}`, ...pick(door) })
  }
  for (const { name, port } of servers) await expectRedirect(name, port, location)

  const rounds = new Map(servers.map((server) => [server, [] as Round[]]))
  for (const server of servers) await measure(found.wrk, server, WARM_UP_SECONDS)
  for (let round = 0; round < ROUNDS; round++) {
    for (const server of servers) rounds.get(server)!.push(await measure(found.wrk, server, SECONDS))
  }
  print(rounds)
}

function config(origin: string): object {
  return {
    log: { access: false },
    upstreams: [{ id: 'upstream', url: 'http://127.0.0.1:1', at: 'gcp/us-central1' }],
    stores: [{ id: 'paris', url: origin, at: 'aws/eu-west-3' }],
    clients: { trustedProxies: ['127.0.0.0/8'] },
    clouds: { places: [{ prefix: '35.180.0.0/16', at: 'aws/eu-west-3' }] },
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

/** Asks twice: the first request makes the door ask the store, the second is the one that counts. */
async function expectRedirect(name: string, port: number, location: string): Promise<void> {
  const ask = () =>
    fetch(`http://127.0.0.1:${port}${TARGET}`, { redirect: 'manual', headers: { 'X-Forwarded-For': CLIENT } })
  await ask()
  const reply = await ask()
  if (reply.status !== 307 || reply.headers.get('location') !== location) {
    throw new Error(
      `${name} answers ${reply.status} to ${reply.headers.get('location')}, not 307 to ${location}`,
    )
  }
}

async function measure(wrk: string, server: Server, seconds: number): Promise<Round> {
  const pid = server.process.pid!
  const before = cpuSeconds(pid)
  const { code, stdout } = await runProgram(wrk, [
    ...['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '--latency'],
    ...['-H', `X-Forwarded-For: ${CLIENT}`, '-H', 'User-Agent: containerd/2.0.0'],
    ...['-H', 'Accept: application/vnd.oci.image.layer.v1.tar+gzip, */*', '-H', 'Accept-Encoding: gzip'],
    `http://127.0.0.1:${server.port}${TARGET}`,
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
