import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RUNTIMES, type RuntimeName } from '../../support/portolan.ts'
import { findFreePort } from '../../support/ports.ts'
import { makeTempFolder } from '../../support/temp.ts'
import { until } from '../../support/until.ts'
import { get, last, openTo, send } from './clients.ts'

const MAIN = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url))

/** How the process of a door begins, and how it ends, on one runtime. */
export function describeLifecycle(runtime: RuntimeName): void {
  describe(`portolan serve on ${runtime}`, () => {
    let made: AsyncDisposableStack
    let port: number
    let adminPort: number
    beforeEach(async () => {
      made = new AsyncDisposableStack()
      port = await findFreePort()
      adminPort = await findFreePort()
    })
    afterEach(() => made.disposeAsync())

    /** Runs it by way of a shell that first does what `before` says. */
    async function serve(before = ':'): Promise<ChildProcess> {
      const folder = made.use(await makeTempFolder())
      const config = join(folder.path, 'config.yaml')
      const upstreams = [
        { id: 'nobody', url: `http://127.0.0.1:${await findFreePort()}`, at: 'aws/eu-west-3' },
      ]
      await writeFile(
        config,
        JSON.stringify({
          version: 1,
          listen: `127.0.0.1:${port}`,
          admin: `127.0.0.1:${adminPort}`,
          upstreams,
        }),
      )
      const command = `${before}; exec "$0" "$@"`
      const child = spawn('/bin/sh', ['-c', command, RUNTIMES[runtime], MAIN, 'serve', '--config', config], {
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      made.defer(() => void child.kill('SIGKILL'))
      return child
    }

    const isOpen = () => isListening(port)
    const status = async (target: string) =>
      (await send(openTo(port), last(target)).catch(() => '')).slice(9, 12)

    it('ends with 3 at once when a port is taken, and leaves nothing behind', async () => {
      const other = createServer().listen(port, '127.0.0.1')
      made.defer(() => void other.close())
      await once(other, 'listening')
      const child = await serve()
      let said = ''
      child.stderr!.on('data', (chunk) => {
        said += chunk
      })
      child.stdout!.resume()
      expect(await once(child, 'close')).toEqual([3, null])
      expect(said).toMatch(
        new RegExp(`^portolan: cannot listen on 127\\.0\\.0\\.1:${port}: .*(?:EADDRINUSE|in use)`),
      )
      expect(await isListening(adminPort)).toBe(false)
    })

    it('loses no line of its log when it ends', async () => {
      const child = await serve()
      const lines: string[] = []
      createInterface({ input: child.stdout! }).on('line', (line) => lines.push(line))
      await until('the door to be open', isOpen)
      for (let n = 0; n < 20; n++) await send(openTo(port), get(`/v2/?${n}`).repeat(49) + last(`/v2/?${n}`))
      child.kill('SIGTERM')
      expect(await once(child, 'close')).toEqual([0, null])
      expect(lines.filter((line) => line.includes('"target":"/v2/?'))).toHaveLength(1000)
      expect(JSON.parse(lines.at(-1)!)).toMatchObject({ msg: 'drained', droppedLines: 0 })
    })

    it('drops what a log reader that stalls does not take, and ends in time all the same', async () => {
      const child = await serve()
      child.stdout!.pause()
      await until('the door to be open', isOpen)
      const target = `/v2/${'x'.repeat(400)}`
      const flood = () =>
        Promise.all([0, 1, 2, 3].map(() => send(openTo(port), get(target).repeat(1000) + last(target))))
      await flood()
      const before = await residentMegabytes(child.pid!)
      // Some 12 MB of lines.
      for (let round = 0; round < 4; round++) await flood()
      expect((await residentMegabytes(child.pid!)) - before).toBeLessThan(60)
      child.kill('SIGTERM')
      expect(await once(child, 'exit')).toEqual([0, null])
    }, 40_000)

    it('ends at once by a second signal, whatever still runs', async () => {
      const child = await serve()
      child.stdout!.resume()
      await until('the door to be open', isOpen)
      const exited = once(child, 'exit')
      // A request and a half: once the whole one is answered, the door has the other, for whose rest it waits.
      const half = connect(port, '127.0.0.1').on('error', () => {})
      made.defer(() => void half.destroy())
      half.write(get('/v2/') + get('/v2/').slice(0, 10))
      await once(half, 'data')
      child.kill('SIGTERM')
      await until('new connections to be refused', async () => !(await isOpen()))
      child.kill('SIGTERM')
      expect(await exited).toEqual([null, 'SIGTERM'])
    })

    it('goes on when nobody reads its log any more', async () => {
      const child = await serve()
      await until('the door to be open', isOpen)
      child.stdout!.destroy()
      for (let n = 0; n < 10; n++) expect(await status('/v2/')).toBe('200')
      child.kill('SIGTERM')
      expect(await once(child, 'exit')).toEqual([0, null])
    })

    it('leaves the operator a way in when its clients take all that it may open', async () => {
      const child = await serve('ulimit -n 256')
      child.stdout!.resume()
      await until('the door to be open', isOpen)
      const sockets = Array.from({ length: 300 }, () => connect(port, '127.0.0.1').on('error', () => {}))
      made.defer(() => {
        for (const socket of sockets) socket.destroy()
      })
      await until('clients to be turned away', async () => (await status('/v2/')) === '503')
      const health = await fetch(`http://127.0.0.1:${adminPort}/healthz`)
      expect(health.status).toBe(200)
      for (const socket of sockets) socket.destroy()
      await until('the door to answer again', async () => (await status('/v2/')) === '200')
    })

    it('answers every request that was sent, and says no to those who ask whether to send more', async () => {
      const child = await serve()
      child.stdout!.resume()
      await until('the door to be open', isOpen)
      const clients = Array.from({ length: 60 }, (_, n) => keepAsking(port, n % 7))
      await Promise.all(clients.map(({ begun }) => begun))
      child.kill('SIGTERM')
      const ends = await Promise.all(clients.map(({ end }) => end))
      expect(ends.filter((end) => end !== 'told to close')).toEqual([])
      expect(await once(child, 'exit')).toEqual([0, null])
    })
  })
}

/** A client that asks again and again on one connection, until it is told that this was the last answer. */
function keepAsking(port: number, pause: number): { begun: Promise<void>; end: Promise<string> } {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  const { promise: end, resolve: finish } = Promise.withResolvers<string>()
  const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let answered = 0
  let received = ''
  socket.setEncoding('latin1')
  socket.on('connect', () => socket.write(get('/v2/')))
  socket.on('data', (chunk) => {
    received += chunk
    if (!received.endsWith('\r\n\r\n{}')) return
    if (++answered === 5) begin()
    if (/\r\nConnection: close\r\n/i.test(received)) {
      finish('told to close')
      socket.destroy()
      return
    }
    received = ''
    setTimeout(() => socket.write(get('/v2/')), pause)
  })
  const lost = () => finish(`lost after ${answered} answers`)
  socket.on('error', lost)
  socket.on('close', lost)
  return { begun, end }
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]) / 1024
}
