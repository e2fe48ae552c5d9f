import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { runOk } from '../../test/support/programs.ts'

/** What downloads took, as the clients saw it. */
export interface Downloads {
  readonly seconds: number
  /** CPU time of the clients. */
  readonly clientSeconds: number
}

export interface DownloadOptions {
  /** At once; one after the other on one connection where it is not said. */
  readonly parallel?: number
  readonly folder: string
}

/** Downloads all of them with curl, and keeps nothing. Throws when one fails. */
export async function download(
  urls: readonly string[],
  { parallel, folder }: DownloadOptions,
): Promise<Downloads> {
  const file = join(folder, 'downloads')
  await writeFile(file, urls.map((url) => `url = "${url}"\noutput = "/dev/null"\n`).join(''))
  const words = ['--silent', '--show-error', '--fail', '--config', file]
  if (parallel !== undefined)
    words.push('--parallel', '--parallel-immediate', '--parallel-max', `${parallel}`)
  const startedAt = performance.now()
  // `times` tells, in its second line, what those that a shell has run have used.
  const printed = await runOk('/bin/sh', ['-c', 'curl "$@" && times', 'sh', ...words], { timeout: 600_000 })
  const seconds = (performance.now() - startedAt) / 1000
  const used = String(printed).trim().split('\n').at(-1)!
  const clientSeconds = [...used.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest),
    0,
  )
  return { seconds, clientSeconds }
}

/** Asks for them one after the other on one connection, and gives the milliseconds until each answer's first byte. */
export async function firstBytes(origin: string, paths: readonly string[]): Promise<number[]> {
  const { port } = new URL(origin)
  const socket = connect({ port: Number(port), host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  const pieces: AsyncIterator<Buffer, undefined> = socket[Symbol.asyncIterator]()
  const next = async () => {
    const { value } = await pieces.next()
    if (value === undefined) throw new Error(`${origin} hung up`)
    return value
  }
  const times: number[] = []
  for (const path of paths) {
    const startedAt = performance.now()
    socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUser-Agent: bench\r\n\r\n`)
    let received = await next()
    times.push(performance.now() - startedAt)
    while (!received.includes('\r\n\r\n')) received = Buffer.concat([received, await next()])
    const headEnd = received.indexOf('\r\n\r\n') + 4
    const head = received.toString('latin1', 0, headEnd)
    if (!head.startsWith('HTTP/1.1 200 ')) throw new Error(`${origin}${path} was answered ${head}`)
    const length = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1])
    for (let left = headEnd + length - received.length; left > 0; ) left -= (await next()).length
  }
  socket.destroy()
  return times
}
