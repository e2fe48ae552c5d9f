import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeSampleImages } from '../../../src/demo/images.ts'
import type { SampleWorld } from '../../../src/demo/sample-world.ts'
import { blobOf, makeBlob, makeManifest, type TestBlob } from '../../support/content.ts'
import { status } from '../../support/list-server.ts'
import type { RuntimeName } from '../../support/portolan.ts'
import { rowsOf } from '../../support/sample.ts'
import {
  type Answer,
  json,
  type ScriptedRegistry,
  serve,
  startScriptedRegistry,
} from '../../support/scripted-registry.ts'
import { makeTempFolder } from '../../support/temp.ts'
import { until } from '../../support/until.ts'
import { hangUp, html, silent } from './answers.ts'
import { type Mirror, startMirror } from './mirror.ts'

const NAME = 'team/app'
const INDEX = 'application/vnd.oci.image.index.v1+json'

/** What an upstream may do when a tag is to be confirmed, and what the mirror then says of it. */
const TROUBLE: readonly (readonly [
  name: string,
  id: string,
  answer: Answer | 'unplugged',
  because: string,
])[] = [
  ['refuses connections', 'refusing', 'unplugged', 'unreachable'],
  ['hangs up', 'hanging', hangUp, 'unreachable'],
  ['never answers', 'silent', silent, 'late'],
  ['limits requests and says until when', 'limiting', status(429, { 'Retry-After': '600' }), 'limited'],
  ['limits requests', 'limited', status(429), 'limited'],
  ['is out of order', 'broken', status(500), 'broken'],
  ['is out of order and says until when', 'paused', status(503, { 'Retry-After': '600' }), 'broken'],
  ['wants a login', 'private', status(401, { 'WWW-Authenticate': 'Basic realm="x"' }), 'refused'],
  ['refuses', 'forbidding', status(403), 'refused'],
  ['is behind a portal', 'portal', html, 'wrong'],
  ['names no digest', 'garbled', serve({ bytes: Buffer.from('{}'), digest: 'sha256:x' }), 'wrong'],
]

/** What a mirror makes of names: which registry is meant, what a tag stands for, and what is kept of that. */
export function describeNames(runtime: RuntimeName): void {
  describe(`names of a mirror on ${runtime}`, () => {
    const made = new AsyncDisposableStack()
    const upstreams = new Map<string, ScriptedRegistry>()
    let mirror: Mirror
    let world: SampleWorld

    const config = makeBlob('config')
    const images = ['one', 'other'].map((label) => makeManifest(config, makeBlob(label)))
    const [image, other] = images as [TestBlob, TestBlob]
    const child = makeManifest(config, makeBlob('for arm'))
    const index = indexOf(child, image)

    beforeAll(async () => {
      const repository = (v1: TestBlob) => ({
        name: NAME,
        tags: { v1, index, stays: v1, moves: v1, goes: v1, listed: v1 },
        manifests: [child, image],
        blobs: [config, makeBlob('one'), makeBlob('other')],
      })
      const ids = ['main', 'second', ...TROUBLE.map(([, id]) => id)]
      for (const id of ids) {
        const repositories = [repository(id === 'second' ? other : image)]
        upstreams.set(id, made.use(await startScriptedRegistry({ repositories, pageSize: 4 })))
      }
      world = await makeSampleImages(made.use(await makeTempFolder()).path)
      mirror = made.use(
        await startMirror(
          {
            upstreams: [
              ...ids.map((id) => ({ id, url: upstreams.get(id)!.origin, at: `dc/${id}` })),
              { id: 'disk', layout: world.folder, at: 'dc/here' },
            ],
            registries: [...ids, 'disk'].map((id) => ({
              host: `${id}.test`,
              upstreams: [id],
              ...(id === 'main' && { names: ['main.mirror.test'] }),
            })),
            // What is known is confirmed each time.
            revalidate: { after: '0ms', timeout: '300ms', negative: '0ms' },
          },
          runtime,
        ),
      )
    })
    afterAll(() => made.disposeAsync())

    const path = (reference: string, registry = 'main.test') =>
      `/v2/${registry}/${NAME}/manifests/${reference}`
    const at = (id = 'main') => upstreams.get(id)!
    const asked = (id: string, reference: string) =>
      at(id).requests.filter(({ path: seen }) => seen === `/v2/${NAME}/manifests/${reference}`)

    describe('which registry is meant', () => {
      it.each([
        ['by ns', `/v2/${NAME}/manifests/stays?ns=main.test`, {}, 'main.test'],
        ['by ns, in capitals', `/v2/${NAME}/manifests/stays?ns=MAIN.test`, {}, 'main.test'],
        [
          'by the first ns of two',
          `/v2/${NAME}/manifests/stays?ns=main.test&ns=second.test`,
          {},
          'main.test',
        ],
        ['by the first part of the name', path('stays'), {}, undefined],
        ['by Host', `/v2/${NAME}/manifests/stays`, { Host: 'main.mirror.test:8443' }, undefined],
      ])('is said %s', async (_, target, headers, namespace) => {
        const reply = await mirror.ask(target, { headers })
        expect(reply).toMatchObject({ status: 200, body: Buffer.from(image.bytes) })
        expect(reply.headers['oci-namespace']).toBe(namespace)
        expect(reply.headers['docker-content-digest']).toBe(image.digest)
      })

      it.each([
        ['an address that only we can reach', `/v2/${NAME}/manifests/v1?ns=169.254.169.254`],
        ['a registry that is none of ours', `/v2/${NAME}/manifests/v1?ns=evil.test`],
        ['an address of a registry', (): string => `/v2/${NAME}/manifests/v1?ns=${at().host}`],
        ['a registry and a path', `/v2/${NAME}/manifests/v1?ns=main.test%2F..%2Fsecond.test`],
        ['a registry with a login', `/v2/${NAME}/manifests/v1?ns=user:password@main.test`],
        ['a registry at a port that it has not', `/v2/${NAME}/manifests/v1?ns=main.test:443`],
        ['a registry in another script', `/v2/${NAME}/manifests/v1?ns=m%D0%B0in.test`],
        ['a name without a registry', `/v2/${NAME}/manifests/v1`],
        ['a registry in the name that is none of ours', `/v2/evil.test/${NAME}/manifests/v1`],
      ])('nobody is asked for %s', async (_, target) => {
        const before = at().requests.length
        const reply = await mirror.ask(typeof target === 'string' ? target : target())
        expect(reply.status).toBe(404)
        expect(JSON.parse(reply.body.toString()).errors[0].code).toBe('NAME_UNKNOWN')
        expect(at().requests.length).toBe(before)
      })

      it('keeps equal names apart', async () => {
        const replies = await Promise.all([mirror.ask(path('v1')), mirror.ask(path('v1', 'second.test'))])
        expect(replies.map(({ headers }) => headers['docker-content-digest'])).toEqual([
          image.digest,
          other.digest,
        ])
      })
    })

    it('explains which registry is meant and who would be asked', async () => {
      const explain = async (target: string) => {
        const query = new URLSearchParams({ target, from: '192.0.2.1', ask: 'false' })
        const reply = await fetch(`http://127.0.0.1:${mirror.portolan.adminPort}/explain?${query}`)
        return { status: reply.status, said: await reply.json() }
      }
      const blob = `/v2/${NAME}/blobs/${config.digest}`
      expect(await explain(`${blob}?ns=second.test`)).toMatchObject({
        status: 200,
        said: {
          registry: 'second.test',
          candidates: [{ backend: 'second', verdict: 'taken' }],
          decision: { kind: 'relay', backend: 'second', reason: 'upstream-preferred' },
        },
      })
      expect(await explain(`${blob}?ns=evil.test`)).toMatchObject({
        status: 400,
        said: { errors: [{ code: 'NAME_UNKNOWN' }] },
      })
    })

    it('answers /v2/ though no upstream can be asked', async () => {
      expect((await mirror.ask('/v2/')).status).toBe(200)
      expect((await mirror.ask('/v2/?ns=silent.test')).status).toBe(200)
    })

    it('answers HEAD of a tag, then by digest, and a child of an index that nobody asked for, with one request each', async () => {
      const head = await mirror.ask(path('index'), { method: 'HEAD' })
      expect(head).toMatchObject({
        status: 200,
        headers: {
          'content-type': INDEX,
          'content-length': String(index.bytes.length),
          'docker-content-digest': index.digest,
        },
        body: Buffer.alloc(0),
      })
      expect((await mirror.ask(path(index.digest))).body.equals(index.bytes)).toBe(true)
      expect((await mirror.ask(path(child.digest))).body.equals(child.bytes)).toBe(true)
      expect((await mirror.ask(path(child.digest))).body.equals(child.bytes)).toBe(true)
      expect(asked('main', 'index').map(({ method }) => method)).toEqual(['GET'])
      expect(asked('main', index.digest)).toEqual([])
      expect(asked('main', child.digest).map(({ method }) => method)).toEqual(['GET'])
    })

    it('answers HEAD of a blob that a manifest has named without a question', async () => {
      await mirror.ask(path('v1'))
      const target = `/v2/main.test/${NAME}/blobs/${config.digest}`
      const head = await mirror.ask(target, { method: 'HEAD' })
      expect(head).toMatchObject({
        status: 200,
        headers: { 'content-length': String(config.bytes.length), 'docker-content-digest': config.digest },
      })
      expect(at().requests.some(({ path: seen }) => seen.includes(config.digest))).toBe(false)
    })

    it('gives through no repository what only another one has', async () => {
      const blob = makeBlob('one')
      await mirror.ask(path('v1'))
      const own = await mirror.ask(`/v2/main.test/${NAME}/blobs/${blob.digest}`)
      expect(own.status).toBe(200)
      for (const what of [`blobs/${blob.digest}`, `manifests/${image.digest}`]) {
        const foreign = await mirror.ask(`/v2/main.test/other/repository/${what}`)
        expect(foreign.status).toBe(404)
      }
      // Its layer is another one there.
      const elsewhere = await mirror.ask(`/v2/second.test/${NAME}/manifests/${makeManifest(config).digest}`)
      expect(elsewhere.status).toBe(404)
    })

    it('confirms what a tag stands for by one HEAD for all who ask', async () => {
      await mirror.ask(path('stays'))
      const before = asked('main', 'stays').length
      const replies = await Promise.all(Array.from({ length: 20 }, () => mirror.ask(path('stays'))))
      expect(new Set(replies.map(({ headers }) => headers['docker-content-digest']))).toEqual(
        new Set([image.digest]),
      )
      const now = asked('main', 'stays').slice(before)
      expect(new Set(now.map(({ method }) => method))).toEqual(new Set(['HEAD']))
      expect(now.length).toBeLessThan(20)
    })

    it('notices that a tag has moved', async () => {
      await mirror.ask(path('moves'))
      at().script(`/v2/${NAME}/manifests/moves`, serve(other))
      at().script(`/v2/${NAME}/manifests/${other.digest}`, serve(other))
      const reply = await mirror.ask(path('moves'))
      expect(reply.headers['docker-content-digest']).toBe(other.digest)
      expect(reply.body.equals(other.bytes)).toBe(true)
    })

    it('says that a tag is gone', async () => {
      await mirror.ask(path('goes'))
      at().script(`/v2/${NAME}/manifests/goes`, status(404))
      const reply = await mirror.ask(path('goes'))
      expect(reply.status).toBe(404)
      expect(JSON.parse(reply.body.toString()).errors[0].code).toBe('MANIFEST_UNKNOWN')
      // And by its digest it is there still.
      expect((await mirror.ask(path(image.digest))).status).toBe(200)
    })

    it.each(rowsOf('upstreams in trouble', TROUBLE, runtime))(
      'gives what it has and says so, or says that it has nothing, when the upstream %s',
      async (_, id, answer, because) => {
        const target = path('v1', `${id}.test`)
        expect((await mirror.ask(target)).headers.warning).toBeUndefined()
        if (answer === 'unplugged') await at(id)[Symbol.asyncDispose]()
        else at(id).script(`/v2/${NAME}/manifests/v1`, answer)
        const before = asked(id, 'v1').length
        const first = await mirror.ask(target)
        expect(first).toMatchObject({ status: 200, headers: { 'docker-content-digest': image.digest } })
        expect(first.headers.warning).toMatch(
          /^299 - "[^"]*last confirmed \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ: [^"]*"$/,
        )
        for (let again = 0; again < 4; again++) {
          expect((await mirror.ask(target)).headers.warning).toBeDefined()
        }
        // One for all five, and what may follow upon that.
        if (answer !== 'unplugged') expect(asked(id, 'v1').length - before).toBeLessThanOrEqual(2)
        await until('the log', () => mirror.portolan.log.some((line) => line.target === target && line.stale))
        expect(mirror.portolan.log.find((line) => line.target === target && line.stale)).toMatchObject({
          ...{ cache: 'stale', stale: because, registry: `${id}.test`, status: 200 },
        })
        // Of what it does not know, it says that it cannot answer, and never 401 or 429. A silent one takes too long here.
        if (answer === silent) return
        if (answer !== 'unplugged') at(id).script(`/v2/${NAME}/manifests/unknown`, answer)
        const reply = await mirror.ask(path('unknown', `${id}.test`))
        expect([403, 502, 503]).toContain(reply.status)
        expect(JSON.parse(reply.body.toString()).errors).toHaveLength(1)
        if (id !== 'limiting' && id !== 'paused') return
        // It was not even asked: it had said until when.
        expect(Number(reply.headers['retry-after'])).toBeGreaterThan(500)
        expect(asked(id, 'unknown')).toEqual([])
      },
    )

    it('lists tags page by page, with links that lead to itself, and from what it keeps when it must', async () => {
      const list = `/v2/main.test/${NAME}/tags/list`
      const first = await mirror.ask(`${list}?n=4`)
      expect(JSON.parse(first.body.toString())).toEqual({
        name: `main.test/${NAME}`,
        tags: ['goes', 'index', 'listed', 'moves'],
      })
      const next = /^<([^>]*)>; rel="next"$/.exec(String(first.headers.link))![1]!
      expect(JSON.parse((await mirror.ask(next)).body.toString()).tags).toEqual(['stays', 'v1'])
      const byNs = await mirror.ask(`/v2/${NAME}/tags/list?ns=main.test&n=1`)
      const after = /^<([^>]*)>/.exec(String(byNs.headers.link))![1]!
      expect(JSON.parse((await mirror.ask(`${after}`)).body.toString()).tags).toEqual(['index'])
      at().script(`/v2/${NAME}/tags/list`, status(500))
      const kept = await mirror.ask(`${list}?last=moves`)
      expect(JSON.parse(kept.body.toString()).tags).toEqual(['stays', 'v1'])
      expect(kept.headers.warning).toMatch(/^299 /)
    })

    it('answers referrers by the API, or by the tag that stands in for it', async () => {
      const signature = makeManifest(makeBlob('signature'))
      const list = indexOf(signature)
      const referrers = (digest: string) => `/v2/second.test/${NAME}/referrers/${digest}`
      at('second').script(`/v2/${NAME}/referrers/${other.digest}`, json(JSON.parse(list.bytes.toString())))
      at('second').script(
        `/v2/${NAME}/manifests/${child.digest.replace(':', '-')}`,
        serve({ ...list, type: INDEX }),
      )
      for (const { digest } of [other, child]) {
        const reply = await mirror.ask(referrers(digest))
        expect(reply.headers['content-type']).toBe(INDEX)
        expect(JSON.parse(reply.body.toString()).manifests[0].digest).toBe(signature.digest)
      }
      expect((await mirror.ask(referrers(image.digest))).status).toBe(404)
    })

    it('answers for a registry on its own disk, and keeps nothing of it a second time', async () => {
      const { name, tags, blobs } = world.images[0]!
      const { digest, size } = blobs[0]!
      const tag = await mirror.ask(`/v2/disk.test/${name}/manifests/${tags[0]}`)
      expect(tag.status).toBe(200)
      const part = await mirror.ask(`/v2/${name}/blobs/${digest}?ns=disk.test`, {
        headers: { Range: 'bytes=0-1' },
      })
      expect(part).toMatchObject({ status: 206, headers: { 'content-range': `bytes 0-1/${size}` } })
      const log = () => mirror.portolan.log.filter(({ target }) => String(target).includes(`${name}/`))
      await until('the log', () => log().length === 2)
      for (const line of log()) {
        expect(line).toMatchObject({ decision: 'answer', backend: 'disk', registry: 'disk.test' })
        expect(line).not.toHaveProperty('cache')
      }
    })

    it.each([
      ['other bytes than its digest says', (): Answer => serve({ ...other, type: other.type! })],
      ['another media type than it is', (): Answer => serve({ ...image, type: INDEX })],
      [
        'no manifest',
        (): Answer => serve({ bytes: Buffer.from('{"schemaVersion":2,"config":7}'), type: image.type! }),
      ],
      ['a page', (): Answer => html],
    ])('takes no manifest that is %s', async (name, answer) => {
      const wanted = makeManifest(config, makeBlob(name))
      at().script(`/v2/${NAME}/manifests/${wanted.digest}`, answer())
      const reply = await mirror.ask(path(wanted.digest))
      expect(reply.status).toBe(502)
      at().script(`/v2/${NAME}/manifests/${wanted.digest}`, serve(wanted))
      expect((await mirror.ask(path(wanted.digest))).body.equals(wanted.bytes)).toBe(true)
    })
  })
}

function indexOf(...manifests: readonly TestBlob[]): TestBlob & { readonly bytes: Buffer } {
  const document = {
    schemaVersion: 2,
    mediaType: INDEX,
    manifests: manifests.map(({ digest, bytes, type }) => ({ mediaType: type, digest, size: bytes.length })),
  }
  const bytes = Buffer.from(JSON.stringify(document))
  return { ...blobOf(bytes, INDEX), bytes }
}
