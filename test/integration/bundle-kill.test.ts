import { createCipheriv } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readBundleHead } from '../../src/bundle/bundle-head.ts'
import { ByteReader } from '../../src/bundle/byte-reader.ts'
import { startCommand } from '../support/command.ts'
import { blobOf, makeManifest, type TestBlob } from '../support/content.ts'
import { randomOf, sample } from '../support/sample.ts'
import { type ScriptedRegistry, serve, startScriptedRegistry } from '../support/scripted-registry.ts'
import { makeTempFolder, type TempFolder } from '../support/temp.ts'

const MIB = 1024 * 1024
const PIECE = 64 * 1024

/** Sizes that end within a block, at one, and behind one. */
const blobs = [700, 3 * MIB, 2 * MIB + 1, 5 * MIB - 1].map((size, index) => {
  const key = Buffer.alloc(32, index)
  return blobOf(createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size)))
})
const [config, ...layers] = blobs as [TestBlob, ...TestBlob[]]
const app = makeManifest(config, ...layers)
const total = blobs.reduce((sum, { bytes }) => sum + bytes.length, 0)

/** After so many bytes of blobs, or so many requests, the process is killed. */
type Moment = { readonly bytes: number } | { readonly requests: number }

const random = randomOf('moments of a kill')
const moments: readonly Moment[] = Array.from({ length: 50 }, (_, index) =>
  index % 10 === 0 ? { requests: 1 + Math.floor(random() * 12) } : { bytes: Math.floor(random() * total) },
)

let folder: TempFolder
let registry: ScriptedRegistry
let whole: Buffer
/** Told of every request and of every piece that a blob's answer has sent. */
let heard: (what: 'request' | 'bytes', count: number) => void = () => {}
/** Of blobs, from which byte on they were asked for. */
let asked: { readonly digest: string; readonly start: number }[] = []

beforeAll(async () => {
  folder = await makeTempFolder()
  registry = await startScriptedRegistry({ repositories: [{ name: 'app', tags: { v1: app }, blobs }] })
  for (const blob of blobs) registry.script(`/v2/app/blobs/${blob.digest}`, slowly(blob))
  registry.script('/v2/app/manifests/v1', (request, response) => {
    heard('request', 1)
    serve(app)(request, response)
  })
  await run('whole')
  whole = await readAll('whole')
})
afterAll(async () => {
  await registry[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

/** Piece by piece, the next one when the one before is on its way. */
function slowly(blob: TestBlob) {
  return (request: IncomingMessage, response: ServerResponse) => {
    heard('request', 1)
    if (request.method === 'HEAD') return serve(blob)(request, response)
    const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
    asked.push({ digest: blob.digest, start })
    const { length } = blob.bytes
    const range = { 'Content-Range': `bytes ${start}-${length - 1}/${length}` }
    response.writeHead(start > 0 ? 206 : 200, { 'Content-Length': length - start, ...(start > 0 && range) })
    const send = (position: number) => {
      if (position >= length) return response.end()
      const piece = blob.bytes.subarray(position, position + PIECE)
      return response.write(piece, () => {
        heard('bytes', piece.length)
        send(position + piece.length)
      })
    }
    return send(start)
  }
}

function start(name: string) {
  const image = `${registry.host}/app:v1`
  const words = ['--output', join(folder.path, name), '--part-size', '3MiB', '--no-referrers', '--json']
  return startCommand(['bundle', 'export', image, ...words], { folder: folder.path })
}

async function run(name: string) {
  const { ended } = start(name)
  const { code, err } = await ended
  expect(code, err).toBe(0)
}

/** True when it was killed, false when it was done before. */
async function runUntil(name: string, moment: Moment): Promise<boolean> {
  const { process, ended } = start(name)
  let [requests, bytes] = [0, 0]
  heard = (what, count) => {
    if (what === 'request') requests += count
    else bytes += count
    const isDue = 'bytes' in moment ? bytes > moment.bytes : requests >= moment.requests
    if (isDue) process.kill('SIGKILL')
  }
  const { signal } = await ended
  heard = () => {}
  return signal === 'SIGKILL'
}

async function readAll(name: string): Promise<Buffer> {
  const names = (await readdir(join(folder.path, name))).filter((each) => each.endsWith('.tar')).sort()
  return Buffer.concat(await Promise.all(names.map((each) => readFile(join(folder.path, name, each)))))
}

it.each(sample('moments of a kill in an export', moments, 2, (moment) => Object.keys(moment)[0]!))(
  'an export that is killed after %o goes on, and is the same to the byte',
  async (moment) => {
    const output = join(folder.path, 'killed')
    await rm(output, { recursive: true, force: true })
    await runUntil('killed', moment)
    const before = existsSync(output) ? await readAll('killed') : Buffer.alloc(0)
    expect(whole.subarray(0, before.length).equals(before)).toBe(true)
    asked = []
    // Killed between its last byte and its end, it was done.
    if (existsSync(join(output, 'bundle.unfinished')) || before.length === 0) await run('killed')
    expect((await readAll('killed')).equals(whole)).toBe(true)
    expect((await readdir(output)).sort()).toEqual((await readdir(join(folder.path, 'whole'))).sort())
    const { index } = await readBundleHead(new ByteReader(Readable.from([whole]), 'the whole'))
    for (const { digest, start: from } of asked) {
      const { offset, size } = index.contents.find((each) => each.digest === digest)!
      expect(from).toBe(Math.max(0, Math.min(size, before.length - offset)))
    }
    expect((await stat(join(output, 'bundle.0001.tar'))).size).toBe(3 * MIB)
  },
  90_000,
)
