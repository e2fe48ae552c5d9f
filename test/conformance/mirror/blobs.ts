import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeBlob, type TestBlob } from '../../support/content.ts'
import { status } from '../../support/list-server.ts'
import type { RuntimeName } from '../../support/portolan.ts'
import { rowsOf } from '../../support/sample.ts'
import {
  type Answer,
  type ScriptedRegistry,
  serve,
  startScriptedRegistry,
} from '../../support/scripted-registry.ts'
import { until } from '../../support/until.ts'
import { compressed, cut, gate, hangUp, html, otherPart, wrong } from './answers.ts'
import { type Mirror, readSome, startMirror } from './mirror.ts'

const MIB = 1024 * 1024
const NAME = 'team/app'

/** Upstreams that do one thing wrong with a blob of which they say the right size. */
const WRONG: readonly (readonly [name: string, answer: (blob: TestBlob) => Answer])[] = [
  ['its last byte is another', wrong],
  ['it ends too early, and the connection with it', (blob) => cut(blob, 2 * MIB)],
]

/** Upstreams of which a mirror can tell before it has given anything. */
const UNUSABLE: readonly (readonly [name: string, answer: (blob: TestBlob) => Answer])[] = [
  ['it is an HTML page', () => html],
  ['it is shorter than it should be', ({ bytes }) => serve({ bytes: bytes.subarray(1) })],
  [
    'it is longer than it should be',
    ({ bytes }) => serve({ bytes: Buffer.concat([bytes, Buffer.from('x')]) }),
  ],
  ['it is refused', () => (_, response) => void response.writeHead(403).end()],
  ['nothing is answered', () => hangUp],
  ['the server is out of order', () => (_, response) => void response.writeHead(500).end()],
  ['another part comes than was asked for', otherPart],
  [
    'there is a circle of redirects',
    () => (request, response) => void response.writeHead(307, { Location: request.url! }).end(),
  ],
  [
    'it is redirected to what only we can reach',
    () => (_, response) =>
      void response.writeHead(307, { Location: 'http://169.254.169.254/latest/meta-data' }).end(),
  ],
  ['a login is wanted', () => (_, response) => void response.writeHead(401).end()],
]

/** What a mirror makes of blobs, with a cache and without one. */
export function describeBlobs(runtime: RuntimeName): void {
  describe.each(['with a cache', 'without a cache'] as const)(
    `blobs of a mirror on ${runtime}, %s`,
    (how) => {
      const keeps = how === 'with a cache'
      const made = new AsyncDisposableStack()
      let near: ScriptedRegistry
      let far: ScriptedRegistry
      let mirror: Mirror

      beforeAll(async () => {
        near = made.use(await startScriptedRegistry())
        far = made.use(await startScriptedRegistry())
        const upstream = (id: string, { origin }: ScriptedRegistry) => ({ id, url: origin, at: `dc/${id}` })
        mirror = made.use(
          await startMirror(
            {
              ...(!keeps && { cache: 'off' }),
              upstreams: [upstream('near', near), { ...upstream('far', far), canonical: true }],
              registries: [{ host: 'two.test', upstreams: ['near', 'far'] }],
              routing: [{ prefer: ['near'] }],
            },
            runtime,
          ),
        )
      })
      afterAll(() => made.disposeAsync())

      /** A blob that the second upstream has; the first one answers as is said. */
      function place(blob: TestBlob, atNear: Answer, atFar: Answer = serve(blob)): string {
        const path = `/v2/${NAME}/blobs/${blob.digest}`
        const head =
          (answer: Answer): Answer =>
          (request, response) =>
            (request.method === 'HEAD' ? serve(blob) : answer)(request, response)
        near.script(path, head(atNear))
        far.script(path, head(atFar))
        return path
      }
      const asked = ({ requests }: ScriptedRegistry, path: string) =>
        requests
          .filter((seen) => seen.path === path && seen.method === 'GET')
          .map(({ headers }) => headers.range)

      it('gives the first bytes as soon as they are there, and all of them then', async () => {
        const blob = makeBlob(`${how} at once`, 4 * MIB)
        const slow = gate(blob, 2 * MIB)
        const path = place(blob, slow.answer)
        const response = await mirror.open(path)
        expect(response.statusCode).toBe(200)
        expect(response.headers).toMatchObject({
          'content-length': String(4 * MIB),
          'docker-content-digest': blob.digest,
        })
        const first = await readSome(response, 512 * 1024)
        slow.release()
        const rest = await readSome(response, 4 * MIB - first.length)
        expect(Buffer.concat([first, rest]).equals(blob.bytes)).toBe(true)
        expect(slow.asked).toBe(1)
      })

      it('says the status as soon as the upstream does, before there is a byte', async () => {
        const blob = makeBlob(`${how} status`, 2 * MIB)
        const slow = gate(blob, 0)
        const path = place(blob, slow.answer)
        const response = await mirror.open(path)
        expect(response.statusCode).toBe(200)
        slow.release()
        expect((await readSome(response, 2 * MIB)).equals(blob.bytes)).toBe(true)
      })

      it('goes on at the next upstream where one breaks off, and asks it for the rest once', async () => {
        const blob = makeBlob(`${how} resumed`, 4 * MIB)
        const path = place(blob, cut(blob, Math.floor(2.4 * MIB)))
        const reply = await mirror.ask(path)
        expect(reply.body.equals(blob.bytes)).toBe(true)
        expect(asked(near, path)).toEqual([undefined])
        expect(asked(far, path)).toEqual([expect.stringMatching(/^bytes=[1-9][0-9]*-$/)])
      })

      it('goes on at an upstream that sends all of it again', async () => {
        const blob = makeBlob(`${how} ignored`, 3 * MIB)
        const whole: Answer = (request, response) => {
          delete request.headers.range
          serve(blob)(request, response)
        }
        expect((await mirror.ask(place(blob, cut(blob, 2 * MIB), whole))).body.equals(blob.bytes)).toBe(true)
      })

      it.each(rowsOf(`unusable upstreams, ${how}`, UNUSABLE, runtime))(
        'takes the next upstream when, at the first, %s',
        async (name, answer) => {
          const blob = makeBlob(`${how} ${name}`, 2 * MIB)
          const reply = await mirror.ask(place(blob, answer(blob)))
          expect(reply).toMatchObject({ status: 200 })
          expect(reply.body.equals(blob.bytes)).toBe(true)
        },
      )

      it.each(WRONG)(
        'cuts the connection and refuses the blob for a while when %s, and there is no other',
        async (name, answer) => {
          const blob = makeBlob(`${how} ${name}`, 3 * MIB)
          const path = place(blob, answer(blob), status(404))
          await expect(mirror.ask(path)).rejects.toThrow(/aborted|hang up|ECONNRESET|terminated/)
          const before = asked(near, path).length + asked(far, path).length
          const again = await mirror.ask(path)
          expect(again.status).toBe(502)
          expect(JSON.parse(again.body.toString()).errors[0].code).toBe('UNAVAILABLE')
          expect(asked(near, path).length + asked(far, path).length).toBe(before)
        },
      )

      it.each(rowsOf(`useless upstreams, ${how}`, UNUSABLE, runtime))(
        'promises nothing when everywhere %s',
        async (name, answer) => {
          const blob = makeBlob(`${how} nowhere ${name}`, MIB)
          const reply = await mirror.ask(place(blob, answer(blob), answer(blob)))
          expect(reply.status).toBeGreaterThanOrEqual(403)
          expect(JSON.parse(reply.body.toString()).errors).toHaveLength(1)
        },
      )

      it('says that there is none when nobody has it', async () => {
        const reply = await mirror.ask(`/v2/${NAME}/blobs/${makeBlob('none').digest}`)
        expect(reply.status).toBe(404)
        expect(JSON.parse(reply.body.toString()).errors[0].code).toBe('BLOB_UNKNOWN')
      })

      it('answers ranges, HEAD and conditions of a blob', async () => {
        const blob = makeBlob(`${how} parts`, 3 * MIB)
        const path = place(blob, serve(blob))
        const range = async (value: string) => {
          const { status, headers, body } = await mirror.ask(path, { headers: { Range: value } })
          return { status, range: headers['content-range'], body }
        }
        const middle = await range(`bytes=${MIB}-${MIB + 9}`)
        expect(middle).toMatchObject({ status: 206, range: `bytes ${MIB}-${MIB + 9}/${3 * MIB}` })
        expect(middle.body.equals(Buffer.from(blob.bytes.subarray(MIB, MIB + 10)))).toBe(true)
        const rest = await range(`bytes=${2 * MIB}-`)
        expect(rest.body.equals(Buffer.from(blob.bytes.subarray(2 * MIB)))).toBe(true)
        expect((await range('bytes=-5')).body.equals(Buffer.from(blob.bytes.subarray(-5)))).toBe(true)
        expect((await range(`bytes=${3 * MIB}-`)).status).toBe(416)
        const head = await mirror.ask(path, { method: 'HEAD' })
        expect(head).toMatchObject({ status: 200, headers: { 'content-length': String(3 * MIB) } })
        const fresh = await mirror.ask(path, { headers: { 'If-None-Match': `"${blob.digest}"` } })
        expect(fresh.status).toBe(304)
      })

      it('gives a blob of no bytes', async () => {
        const blob = makeBlob(`${how} empty`, 0)
        expect(await mirror.ask(place(blob, serve(blob)))).toMatchObject({
          status: 200,
          body: Buffer.alloc(0),
        })
      })

      it('gives a blob once a portal that answered HEAD in place of its upstream is gone', async () => {
        const blob = makeBlob(`${how} portal`, MIB)
        const path = place(blob, serve(blob))
        const portal = (): Answer => {
          let isThere = true
          return (request, response) => {
            if (request.method === 'HEAD' && isThere) {
              isThere = false
              response.writeHead(200, { 'Content-Type': 'text/html', 'Content-Length': 40 }).end()
            } else serve(blob)(request, response)
          }
        }
        near.script(path, portal())
        far.script(path, portal())
        await mirror.ask(path)
        expect((await mirror.ask(path)).body.equals(blob.bytes)).toBe(true)
      })

      it('gives a blob whose upstreams do not say by HEAD how long it is', async () => {
        const blob = makeBlob(`${how} of unsaid length`, MIB)
        const path = place(blob, serve(blob))
        for (const registry of [near, far]) {
          registry.script(path, (request, response) => {
            if (request.method === 'HEAD') response.writeHead(200, { 'Transfer-Encoding': 'chunked' }).end()
            else serve(blob)(request, response)
          })
        }
        expect((await mirror.ask(path)).body.equals(blob.bytes)).toBe(true)
      })

      it('gives a blob as it is that an upstream compresses though nobody asked for that', async () => {
        const blob = makeBlob(`${how} compressed`, MIB)
        expect((await mirror.ask(place(blob, compressed(blob)))).body.equals(blob.bytes)).toBe(true)
      })

      it('follows an upstream that redirects, and sends nobody there', async () => {
        const blob = makeBlob(`${how} redirected`, MIB)
        far.script('/bucket', serve(blob))
        const elsewhere: Answer = (_, response) =>
          void response.writeHead(307, { Location: `${far.origin}/bucket?signature=secret` }).end()
        const reply = await mirror.ask(place(blob, elsewhere))
        expect(reply.body.equals(blob.bytes)).toBe(true)
      })

      if (!keeps) return

      it('fetches a blob once for a hundred clients, thirty of whom want a part', async () => {
        const blob = makeBlob('hundred', 1.5 * MIB)
        const slow = gate(blob, MIB)
        const path = place(blob, slow.answer)
        const clients = Array.from({ length: 100 }, async (_, index) => {
          const start = index % 10 < 3 ? index * 10_007 : 0
          const headers = start > 0 ? { Range: `bytes=${start}-` } : {}
          const { body } = await mirror.ask(path, { headers })
          return body.equals(Buffer.from(blob.bytes.subarray(start)))
        })
        await until('the upstream to be asked', () => slow.asked > 0)
        slow.release()
        expect((await Promise.all(clients)).every(Boolean)).toBe(true)
        expect(asked(near, path)).toEqual([undefined])
        expect(asked(far, path)).toEqual([])
      })

      it('goes on with a fill whose only reader has hung up', async () => {
        const blob = makeBlob('hung up', 4 * MIB)
        const slow = gate(blob, 2 * MIB)
        const path = place(blob, slow.answer)
        const first = await mirror.open(path)
        await readSome(first, 1000)
        first.destroy()
        const second = mirror.ask(path)
        slow.release()
        expect((await second).body.equals(blob.bytes)).toBe(true)
        expect(slow.asked).toBe(1)
      })

      it('lets nobody wait for a reader that does not read', async () => {
        const blob = makeBlob('lagging', 6 * MIB)
        const path = place(blob, serve(blob))
        const lagging = await mirror.open(path)
        await readSome(lagging, 1)
        const fast = await Promise.all(Array.from({ length: 9 }, () => mirror.ask(path)))
        expect(fast.every(({ body }) => body.equals(blob.bytes))).toBe(true)
        expect(asked(near, path)).toHaveLength(1)
        lagging.destroy()
      })

      it('serves clients that ask for the rest from many places, read a piece and hang up, with one request', async () => {
        const blob = makeBlob('pieces', 16 * MIB)
        const slow = gate(blob, MIB)
        const path = place(blob, slow.answer)
        const pieces = Array.from({ length: 16 }, async (_, index) => {
          const start = index * MIB
          const response = await mirror.open(path, { headers: { Range: `bytes=${start}-` } })
          const bytes = await readSome(response, MIB)
          response.destroy()
          return bytes.subarray(0, MIB).equals(Buffer.from(blob.bytes.subarray(start, start + MIB)))
        })
        slow.release()
        expect((await Promise.all(pieces)).every(Boolean)).toBe(true)
        expect(asked(near, path)).toEqual([undefined])
      })

      it('serves a part far ahead of a fill by a request of its own', async () => {
        const blob = makeBlob('far ahead', 24 * MIB)
        const slow = gate(blob, MIB)
        const path = place(blob, (request, response) => {
          if (request.headers.range === undefined) slow.answer(request, response)
          else serve(blob)(request, response)
        })
        const whole = mirror.ask(path)
        await until('the fill', () => slow.asked === 1)
        const start = 20 * MIB
        const part = await mirror.ask(path, { headers: { Range: `bytes=${start}-${start + 99}` } })
        expect(part.body.equals(Buffer.from(blob.bytes.subarray(start, start + 100)))).toBe(true)
        slow.release()
        expect((await whole).body.equals(blob.bytes)).toBe(true)
        expect(asked(near, path)).toEqual([undefined, `bytes=${start}-${start + 99}`])
      })

      it('gives what it keeps when no upstream has it any more', async () => {
        const blob = makeBlob('kept', 2 * MIB)
        const path = place(blob, serve(blob))
        await mirror.ask(path)
        place(blob, hangUp, hangUp)
        const lines = () => mirror.portolan.log.filter(({ target }) => target === path)
        // Once it is on the disk for good.
        await until('a hit', async () => {
          expect((await mirror.ask(path)).body.equals(blob.bytes)).toBe(true)
          return lines().some(({ cache }) => cache === 'hit')
        })
        expect(lines()[0]).toMatchObject({
          cache: 'miss',
          backend: 'near',
          registry: 'two.test',
          bytes: 2 * MIB,
        })
        expect(lines().find(({ cache }) => cache === 'hit')).not.toHaveProperty('backend')
      })
    },
  )
}
