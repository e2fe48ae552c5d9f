import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { connect, type Socket } from 'node:net'
import { makeTempFolder } from '../../test/support/temp.ts'
import { startDoor, startNginx, type Target, writeContent } from './servers.ts'

// What clients can do to a server with connections alone: pipeline, hang up, be there when it ends, and a log whose
// reader has stalled. Beside nginx where it can do the same.

const HONEST_MILLISECONDS = 4000
/** Requests that an attacker sends at once: 25 KB of them. */
const PIPELINED = 250
const ABORTS = 2000
const CLIENTS = 60
const LOGGED = 60_000

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))
const requestOf = (path: string) => `GET ${path} HTTP/1.1\r\nHost: door.test\r\n\r\n`

export async function attackConnections(): Promise<void> {
  await using folder = await makeTempFolder()
  const content = await writeContent(folder.path)
  const starts = [
    () => startDoor('node', content, { access: false }),
    () => startDoor('bun', content, { access: false }),
    () => startNginx(content),
  ]
  for (const start of starts) {
    const target = await start()
    if (target === undefined) {
      console.log('nginx: not on this machine')
      continue
    }
    await using _ = target
    for (const attackers of [0, 1, 10]) await pipelining(target, attackers)
    await abortedDownloads(target)
    // nginx ends at once on SIGTERM and with grace on SIGQUIT.
    await ending(target, target.name === 'nginx' ? 'SIGQUIT' : 'SIGTERM')
  }
  for (const runtime of ['node', 'bun'] as const) {
    await using door = await startDoor(runtime, content, { access: true })
    await stalledLog(door)
  }
}

/** How honest requests fare while some clients pipeline requests for large manifests, and read as fast as they can. */
async function pipelining(target: Target, attackers: number): Promise<void> {
  const sockets = Array.from({ length: attackers }, () => pipeline(target))
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const times: number[] = []
  let [memory, files] = [0, 0]
  const end = performance.now() + HONEST_MILLISECONDS
  while (performance.now() < end) {
    const at = performance.now()
    await ask(target, agent)
    times.push(performance.now() - at)
    if (times.length % 10 === 0) {
      memory = Math.max(memory, await residentMegabytes(target))
      files = Math.max(files, await openFiles(target))
    }
    await wait(2)
  }
  for (const socket of sockets) socket.destroy()
  agent.destroy()
  times.sort((a, b) => a - b)
  const quantile = (share: number) => times[Math.floor((times.length - 1) * share)]!.toFixed(2)
  row(
    target,
    `${attackers} pipelining`,
    `honest p50 ${quantile(0.5)} ms, p99 ${quantile(0.99)} ms; RSS up to ${memory.toFixed(0)} MB, ${files} files`,
  )
}

function pipeline({ port, paths }: Target): Socket {
  const socket = connect(port, '127.0.0.1')
  const batch = requestOf(paths.manifest).repeat(PIPELINED)
  socket.on('error', () => {})
  socket.on('connect', () => socket.write(batch))
  socket.on('drain', () => socket.write(batch))
  socket.resume()
  return socket
}

function ask({ port, paths }: Target, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: paths.small, agent }, (response) => {
      response.resume()
      response.once('end', resolve)
    }).once('error', reject)
  })
}

/** How many files are open after many downloads were broken off, before any garbage is collected. */
async function abortedDownloads(target: Target): Promise<void> {
  await wait(500)
  const before = await openFiles(target)
  for (let done = 0; done < ABORTS; done += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, n) => breakOff(target, n)))
  }
  await wait(500)
  row(target, `${ABORTS} aborted downloads`, `${(await openFiles(target)) - before} files left open`)
}

async function breakOff({ port, paths }: Target, way: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  const text = requestOf(paths.blob)
  await once(socket, 'connect')
  if (way % 2 === 0) {
    socket.write(text.slice(0, 9))
    await wait(2)
    socket.write(text.slice(9))
  } else {
    socket.write(text)
  }
  if (way % 3 === 0) await once(socket, 'data')
  socket.resetAndDestroy()
}

/** How many of the clients that ask again and again get no answer to a request that they sent. */
async function ending(target: Target, signal: NodeJS.Signals): Promise<void> {
  const clients = Array.from({ length: CLIENTS }, (_, n) => keepAsking(target, n % 7))
  await wait(1000)
  const at = performance.now()
  target.process.kill(signal)
  const lost = (await Promise.all(clients)).filter((answered) => !answered).length
  if (target.process.exitCode === null) await once(target.process, 'exit')
  row(
    target,
    `${signal} with ${CLIENTS} clients`,
    `${lost} lost a request; ended after ${((performance.now() - at) / 1000).toFixed(1)} s`,
  )
}

/** Whether every request that was sent was answered, up to one that said that it was the last. */
function keepAsking({ port, paths }: Target, pause: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    let received = ''
    let isWaiting = false
    const send = () => {
      isWaiting = true
      socket.write(requestOf(paths.small))
    }
    socket.setEncoding('latin1')
    socket.on('connect', send)
    socket.on('data', (chunk) => {
      received += chunk
      if (!received.endsWith('\r\n\r\n{}')) return
      if (/\r\nConnection: close\r\n/i.test(received)) {
        resolve(true)
        socket.destroy()
        return
      }
      received = ''
      isWaiting = false
      setTimeout(() => socket.writable && send(), pause)
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(!isWaiting))
  })
}

/** What a door keeps of its log when nobody reads it, and whether it ends all the same. */
async function stalledLog(door: Target): Promise<void> {
  door.process.stdout!.pause()
  const before = await residentMegabytes(door)
  await Promise.all(Array.from({ length: 8 }, () => askMany(door, LOGGED / 8)))
  const after = await residentMegabytes(door)
  const at = performance.now()
  const exited = once(door.process, 'exit')
  door.process.kill('SIGTERM')
  const [code] = await exited
  row(
    door,
    `log stalled, ${LOGGED} lines`,
    `RSS ${before.toFixed(0)} to ${after.toFixed(0)} MB; SIGTERM: code ${code} after ${((performance.now() - at) / 1000).toFixed(1)} s`,
  )
}

async function askMany({ port }: Target, count: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  const request = requestOf(`/v2/${'x'.repeat(300)}`)
  socket.write(request.repeat(count - 1) + request.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
  socket.resume()
  await once(socket, 'close')
}

async function openFiles(target: Target): Promise<number> {
  return (await target.pids()).reduce((sum, pid) => sum + readdirSync(`/proc/${pid}/fd`).length, 0)
}

async function residentMegabytes(target: Target): Promise<number> {
  const kilobytes = (pid: number) =>
    Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1])
  return (await target.pids()).reduce((sum, pid) => sum + kilobytes(pid), 0) / 1024
}

function row({ name }: Target, attack: string, result: string): void {
  console.log(`${name.padEnd(13)} ${attack.padEnd(28)} ${result}`)
}
