import { describe, expect, it } from 'vitest'
import { blobOf, makeBlob, makeManifest, type TestRepository } from '../../test/support/content.ts'
import { stalled, status, truncated } from '../../test/support/list-server.ts'
import { startMisbehaving } from '../../test/support/misbehaving.ts'
import {
  type Answer,
  json,
  type ScriptedRegistryOptions,
  serve,
  startScriptedRegistry,
  startTokenServer,
} from '../../test/support/scripted-registry.ts'
import { createTestRuntime } from '../../test/support/test-runtime.ts'
import { systemClock } from '../adapters/clock.ts'
import { escapeRegExp } from '../internal/escape-reg-exp.ts'
import type { Digest } from '../oci/digest.ts'
import { DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from '../oci/manifest.ts'
import type { Name, Tag } from '../oci/name.ts'
import { DOCKER_SCHEMA1 } from '../oci/schema1.ts'
import type { Clock } from '../runtime.ts'
import { readBody } from '../transport/read-body.ts'
import { type HttpRegistryOptions, openHttpRegistry } from './http-registry.ts'
import type { Registry } from './reader.ts'

const APP = 'app' as Name
const TAG = '1.0' as Tag
const CONFIG = makeBlob('config')
const LAYER = makeBlob('layer', 100_000)
const MANIFEST = makeManifest(CONFIG, LAYER)
const DIGEST = MANIFEST.digest as Digest
const REPOSITORY: TestRepository = { name: 'images/app', tags: { [TAG]: MANIFEST }, blobs: [CONFIG, LAYER] }

/** Waits for nothing but what is there to end a stall. */
const eagerClock: Clock = {
  ...systemClock,
  after: (milliseconds, callback) => systemClock.after(milliseconds > 10_000 ? 0 : milliseconds, callback),
}

function connect(
  origin: string,
  options: Partial<HttpRegistryOptions> = {},
  clock: Clock = systemClock,
): Registry {
  const runtime = createTestRuntime({ ...clock, fetch: (url, init) => globalThis.fetch(url, init) })
  return openHttpRegistry(runtime, {
    url: origin,
    prefix: 'images',
    credentials: async () => undefined,
    limits: { concurrency: 4, requestsPerSecond: 1000 },
    attempts: 2,
    idleTimeout: 500,
    ...options,
  })
}

const start = (options: ScriptedRegistryOptions = {}) =>
  startScriptedRegistry({ repositories: [REPOSITORY], ...options })

async function collect<T>(items: Iterable<T> | AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

const failing = (code: string, ...words: readonly string[]) =>
  expect.objectContaining({
    code,
    message: expect.stringMatching(new RegExp(words.map((word) => escapeRegExp(word)).join('[^]*'))),
  })

describe('a manifest', () => {
  it('is got by tag and by digest, whatever the registry calls its digest', async () => {
    await using server = await start()
    const registry = connect(server.origin)
    const expected = { digest: DIGEST, mediaType: OCI_MANIFEST, bytes: new Uint8Array(MANIFEST.bytes) }
    expect(await registry.repository(APP).manifest(TAG)).toEqual(expected)
    expect(await registry.repository(APP).manifest(DIGEST)).toEqual(expected)
    const { digest: _, ...unnamed } = MANIFEST
    server.script('/v2/images/app/manifests/1.0', serve({ ...unnamed, type: 'application/json' }))
    expect(await registry.repository(APP).manifest(TAG)).toEqual(expected)
    expect(server.requests[0]!.headers).toMatchObject({
      accept: expect.stringContaining(OCI_INDEX),
      'user-agent': 'portolan/test',
      'accept-encoding': 'identity',
    })
  })

  it('of schema 1 is read, and its digest is that of its payload', async () => {
    await using server = await start()
    const old = blobOf(Buffer.from('{"schemaVersion":1,"fsLayers":[]}'), `${DOCKER_SCHEMA1}; charset=utf-8`)
    server.script('/v2/images/app/manifests/1.0', serve(old))
    const found = await connect(server.origin).repository(APP).manifest(TAG)
    expect([found?.digest, found?.mediaType]).toEqual([old.digest, DOCKER_SCHEMA1])
  })

  it('that is not there is none', async () => {
    await using server = await start()
    const registry = connect(server.origin)
    expect(await registry.repository(APP).manifest('nope' as Tag)).toBeUndefined()
    expect(await registry.repository('nowhere' as Name).manifest(DIGEST)).toBeUndefined()
    expect(await registry.repository(APP).resolve('nope' as Tag)).toBeUndefined()
  })

  const other = makeManifest(makeBlob('other'))
  it.each<[what: string, answer: Answer, ...words: string[]]>([
    ['wrong bytes', serve(other), `its bytes are those of ${other.digest}, not of ${DIGEST}`],
    ['HTML with 200', serve(blobOf(Buffer.from('<html>'), 'text/html')), 'JSON'],
    ['a JSON that is no manifest', json({ hello: 1 }), 'config'],
    ['too many bytes', serve(blobOf(Buffer.alloc(5_000_000), OCI_MANIFEST)), 'larger than the 4194304 bytes'],
    ['another type than it is', serve({ ...MANIFEST, type: DOCKER_MANIFEST }), OCI_MANIFEST, DOCKER_MANIFEST],
  ])('by digest that comes as %s is refused', async (_, answer, ...words) => {
    await using server = await start()
    server.script(`/v2/images/app/manifests/${DIGEST}`, answer)
    const asked = connect(server.origin).repository(APP).manifest(DIGEST)
    const what = `${server.host}/images/app@${DIGEST}`
    await expect(asked).rejects.toEqual(failing('CONTENT_INVALID', what, ...words))
  })

  it.each([
    ['of other bytes', other.digest, 'not of'],
    ['that is none', 'sha256:x', 'is no digest'],
    ['that cannot be checked', 'blake3:abc', 'cannot be checked'],
  ])('by tag with a stated digest %s is refused', async (_, digest, word) => {
    await using server = await start()
    server.script('/v2/images/app/manifests/1.0', serve({ ...MANIFEST, digest }))
    const asked = connect(server.origin).repository(APP).manifest(TAG)
    await expect(asked).rejects.toEqual(failing('CONTENT_INVALID', 'images/app:1.0', word))
  })

  it.each<[string, Answer]>([
    ['429 with Retry-After', status(429, { 'Retry-After': '0' })],
    ['503', status(503)],
    ['a cut connection', (request) => void request.destroy()],
    ['a body that is cut', truncated('{')],
    ['a body that stalls', stalled('{')],
  ])('comes after %s', async (_, answer) => {
    await using server = await start()
    server.script('/v2/images/app/manifests/1.0', [answer])
    expect((await connect(server.origin).repository(APP).manifest(TAG))?.digest).toBe(DIGEST)
    expect(server.requests.length).toBe(2)
  })

  const denied = JSON.stringify({ errors: [{ code: 'DENIED', message: 'not\u0007yours' }] })
  it.each<[string, Answer, code: string, ...words: string[]]>([
    ['401', status(401), 'ACCESS_DENIED', 'GET with 401; log in to'],
    [
      '403 with a reason',
      (_, response) => void response.writeHead(403).end(denied),
      'ACCESS_DENIED',
      'GET with 403 (DENIED: not yours); check that the account',
    ],
    ['429', status(429, { 'Retry-After': '0' }), 'UNREACHABLE', '429; ask for fewer'],
    ['500', status(500), 'UNREACHABLE', '500; try again later'],
    ['204', status(204), 'UNREACHABLE', '204; check that'],
    ['cut bodies', truncated('{'), 'UNREACHABLE', 'can be reached'],
    ['a body without end', stalled('{'), 'UNREACHABLE', 'nothing came for 0.5 s'],
    ['a redirect loop', status(307, { Location: '/v2/x' }), 'UNREACHABLE', 'leads back'],
    [
      'a redirect to where only we can go',
      status(307, { Location: 'http://169.254.169.254/latest/meta-data/' }),
      'UNREACHABLE',
      'a redirect to 169.254.169.254, a link-local address',
    ],
  ])('is an error after %s', async (_, answer, code, ...words) => {
    await using server = await start()
    server.script('/v2/images/app/manifests/1.0', answer)
    server.script('/v2/x', answer)
    const asked = connect(server.origin).repository(APP).manifest(TAG)
    await expect(asked).rejects.toEqual(failing(code, `${server.host}/images/app:1.0`, ...words))
  })

  it('is an error when nobody listens', async () => {
    const server = await startMisbehaving({ content: () => undefined, fault: 'refused connection' })
    await using _ = server
    const asked = connect(server.origin).repository(APP).manifest(TAG)
    await expect(asked).rejects.toEqual(failing('UNREACHABLE', 'ECONNREFUSED', server.origin))
  })

  it('whose body drips for ever is given up', async () => {
    await using server = await startMisbehaving({ content: () => MANIFEST, fault: 'slow drip' })
    const asked = connect(server.origin, {}, eagerClock).repository(APP).manifest(TAG)
    await expect(asked).rejects.toEqual(failing('UNREACHABLE', 'did not end within 60 s'))
  })
})

describe('a tag', () => {
  it('is resolved without its bytes', async () => {
    await using server = await start()
    expect(await connect(server.origin).repository(APP).resolve(TAG)).toEqual({ digest: DIGEST })
    expect(server.requests.map(({ method }) => method)).toEqual(['HEAD'])
  })

  it.each<[string, Answer]>([
    ['no digest', serve({ bytes: MANIFEST.bytes, type: OCI_MANIFEST })],
    ['405', status(405)],
  ])('is resolved by its bytes when HEAD gives %s', async (_, answer) => {
    await using server = await start()
    server.script('/v2/images/app/manifests/1.0', [answer])
    expect(await connect(server.origin).repository(APP).resolve(TAG)).toMatchObject({ digest: DIGEST })
    expect(server.requests.map(({ method }) => method)).toEqual(['HEAD', 'GET'])
  })

  it.each([
    [401, 'ACCESS_DENIED'],
    [500, 'UNREACHABLE'],
  ])('is not resolved by %i', async (code, expected) => {
    await using server = await start()
    server.script('/v2/images/app/manifests/1.0', status(code))
    await expect(connect(server.origin).repository(APP).resolve(TAG)).rejects.toEqual(
      failing(expected, `HEAD with ${code}`),
    )
  })
})

describe('tags, for who will read what they stand for,', () => {
  const entityTag = { ETag: `"${DIGEST}"` }
  const unchanged: Answer = (request, response) => {
    const isKnown = request.headers['if-none-match'] === entityTag.ETag
    if (request.method === 'HEAD' || !isKnown) serve(MANIFEST, entityTag)(request, response)
    else response.writeHead(304, entityTag).end()
  }
  const elsewhere = makeManifest(makeBlob('elsewhere')).digest as Digest

  /** Looks up 1.0 first and then the others at once; gives the requests, and the digests and whether bytes came along. */
  async function lookUp(answer: Answer, first: Digest | undefined, ...others: (Digest | undefined)[]) {
    await using server = await start()
    for (const at of [undefined, ...others].keys()) server.script(`/v2/images/app/manifests/1.${at}`, answer)
    const repository = connect(server.origin).repository(APP)
    const one = (known: Digest | undefined, at: number) => repository.resolve(`1.${at}` as Tag, { known })
    const found = [one(first, 0), ...others.map((known, at) => one(known, at + 1))]
    const answers = (await Promise.all(found)).map((each) => [each?.digest, each?.manifest !== undefined])
    return { asked: server.requests.map(({ method }) => method).join(' '), answers }
  }
  const inTurn = async (answer: Answer, ...known: (Digest | undefined)[]) => {
    await using server = await start()
    server.script('/v2/images/app/manifests/1.0', answer)
    const repository = connect(server.origin).repository(APP)
    const came: unknown[] = []
    for (const each of known)
      came.push((await repository.resolve(TAG, { known: each }))?.manifest !== undefined)
    return { asked: server.requests.map(({ method }) => method).join(' '), came }
  }

  it('come by one request each, once one has shown what the registry is like', async () => {
    const { asked, answers } = await lookUp(serve(MANIFEST), undefined, undefined, undefined, undefined)
    expect(asked).toBe('HEAD GET GET GET')
    expect(answers).toEqual([[DIGEST, false], ...Array(3).fill([DIGEST, true])])
  })

  it('that are still the same come without their bytes, by the entity tag', async () => {
    const { asked, came } = await inTurn(unchanged, DIGEST, DIGEST, elsewhere, DIGEST)
    expect(asked).toBe('HEAD GET GET GET')
    expect(came).toEqual([false, false, true, false])
  })

  it.each<[string, Answer, string]>([
    ['has no entity tags', serve(MANIFEST), 'HEAD HEAD HEAD HEAD'],
    ['has entity tags and heeds none', serve(MANIFEST, entityTag), 'HEAD GET HEAD HEAD'],
    ['has entity tags of its own', serve(MANIFEST, { ETag: '"1"' }), 'HEAD HEAD HEAD HEAD'],
    [
      'counts what is pulled',
      serve(MANIFEST, { ...entityTag, 'RateLimit-Limit': '100;w=21600' }),
      'HEAD HEAD HEAD HEAD',
    ],
  ])('that are known are asked for by HEAD where the registry %s', async (_, answer, expected) => {
    expect((await inTurn(answer, DIGEST, DIGEST, DIGEST, DIGEST)).asked).toBe(expected)
  })

  it('that are not known are, too, where every GET counts as a pull', async () => {
    const counting = serve(MANIFEST, { 'RateLimit-Limit': '100;w=21600' })
    expect((await lookUp(counting, undefined, undefined, undefined)).asked).toBe('HEAD HEAD HEAD')
  })

  it('wait for nobody when the first answer was none', async () => {
    const { asked } = await inTurn(status(404), undefined, undefined)
    expect(asked).toBe('HEAD HEAD')
  })

  it('that are said to be unchanged, though nobody said what they were, are refused', async () => {
    await using server = await start()
    server.script('/v2/images/app/manifests/1.0', status(304))
    const asked = connect(server.origin).repository(APP).manifest(TAG)
    await expect(asked).rejects.toEqual(failing('UNREACHABLE', 'GET with 304'))
  })
})

describe('the tags of a repository', () => {
  const tags = ['1', '2', '3', '4', '5']
  const many = { ...REPOSITORY, tags: Object.fromEntries(tags.map((tag) => [tag, MANIFEST])) }
  const path = '/v2/images/app/tags/list'
  const next = (target: string) => ({ Link: `<${target}>; rel="next"` })

  it('come page by page', async () => {
    await using server = await start({ repositories: [many], pageSize: 2 })
    expect(await collect(connect(server.origin).repository(APP).tags())).toEqual(tags)
    expect(server.requests.map(({ path }) => path)).toEqual([path, `${path}?last=2`, `${path}?last=4`])
  })

  it('come by absolute links, each once, over empty pages too', async () => {
    await using server = await start()
    server.script(path, json({ tags: ['1', '1'] }, next(`${server.origin}/v2/b?x=1`)))
    server.script('/v2/b?x=1', json({ tags: null }, next('c')))
    server.script('/v2/c', json({ tags: ['1', '2'] }))
    expect(await collect(connect(server.origin).repository(APP).tags())).toEqual(['1', '2'])
  })

  it('are none where there is no such repository', async () => {
    await using server = await start()
    expect(
      await collect(
        connect(server.origin)
          .repository('nowhere' as Name)
          .tags(),
      ),
    ).toEqual([])
  })

  it.each<[string, Record<string, Answer>, ...words: string[]]>([
    ['are on the same page again', { [path]: json({ tags: ['1'] }, next(path)) }, 'lead back'],
    [
      'go in circles',
      { [path]: json({ tags: ['1'] }, next('/v2/b')), '/v2/b': json({ tags: ['2'] }, next(path)) },
      'lead back',
    ],
    ['lead to another origin', { [path]: json({ tags: ['1'] }, next('https://a.test/x')) }, 'https://a.test'],
    ['lead nowhere', { [path]: json({ tags: ['1'] }, next('http://')) }, 'no address'],
    ['end with 404', { [path]: json({ tags: ['1'] }, next('/v2/b')) }, '404'],
    ['are HTML', { [path]: serve(blobOf(Buffer.from('<html>'), 'text/html')) }, 'it is not JSON', path],
    [
      'are a flood of brackets',
      { [path]: serve(blobOf(Buffer.alloc(1_000_000, '['), 'application/json')) },
      'it nests deeper than 64',
    ],
    [
      'hold more than any list of tags',
      { [path]: serve(blobOf(Buffer.from(`[${'{},'.repeat(2_000_000)}{}]`), 'application/json')) },
      'it holds more than 4000000 values',
    ],
    ['are an error with 200', { [path]: json({ errors: [] }) }, '"tags" is no list of strings'],
    ['are numbers', { [path]: json({ tags: [1] }) }, '"tags" is no list of strings'],
    ['are no tags', { [path]: json({ tags: ['../x'] }) }, '"../x" is no tag'],
  ])('are refused when they %s', async (_, scripts, ...words) => {
    await using server = await start()
    for (const [at, answer] of Object.entries(scripts)) server.script(at, answer)
    const asked = collect(connect(server.origin).repository(APP).tags())
    await expect(asked).rejects.toEqual(failing('CONTENT_INVALID', `${server.host}/images/app`, ...words))
  })

  it('leave out what is no tag where somebody is told of it', async () => {
    await using server = await start()
    server.script(path, json({ tags: ['1', '../x', '2', 'a b'] }))
    const invalid: string[] = []
    const { tags: list } = connect(server.origin).repository(APP)
    expect(await collect(list({ onInvalid: (entry) => invalid.push(entry) }))).toEqual(['1', '2'])
    expect(invalid).toEqual(['../x', 'a b'])
  })

  it('are refused when their pages never move on', async () => {
    await using server = await start()
    server.script(path, (request, response) => {
      const page = Number(new URL(request.url!, server.origin).searchParams.get('page'))
      json({ tags }, next(`${path}?page=${page + 1}`))(request, response)
    })
    const asked = collect(connect(server.origin).repository(APP).tags())
    await expect(asked).rejects.toEqual(failing('CONTENT_INVALID', '10 pages in a row bring nothing new'))
  })
})

describe('the repositories of a registry', () => {
  it('are those of its catalog that lie below the prefix', async () => {
    await using server = await start()
    const link = { Link: '</v2/_catalog?last=x>; rel="next"' }
    server.script('/v2/_catalog', json({ repositories: ['other', 'images/a', 'Odd Name'] }, link))
    server.script('/v2/_catalog?last=x', json({ repositories: ['images', 'images/b/c', 'imagesque'] }))
    expect(await collect(connect(server.origin).catalog())).toEqual(['a', 'b/c'])
  })

  it.each<[string, Answer, string, string]>([
    ['404', status(404), 'UNREACHABLE', 'has no catalog (404)'],
    ['403', status(403), 'ACCESS_DENIED', '403'],
    ['a name that is none', json({ repositories: ['images/A'] }), 'CONTENT_INVALID', '"A" is no repository'],
  ])('are an error after %s', async (_, answer, code, words) => {
    await using server = await start()
    server.script('/v2/_catalog', answer)
    await expect(collect(connect(server.origin).catalog())).rejects.toEqual(failing(code, words))
  })

  const level = (child: string[], more: object = {}) => json({ child, manifest: {}, tags: [], ...more })

  it('are the leaves and branches with content of the tree below the prefix', async () => {
    await using server = await start()
    server.script('/v2/images/tags/list', level(['a', 'b', 'empty'], { tags: ['unasked'] }))
    server.script('/v2/images/a/tags/list', level(['c'], { tags: ['1'] }))
    server.script('/v2/images/b/tags/list', level(['c']))
    server.script('/v2/images/empty/tags/list', level([]))
    server.script('/v2/images/a/c/tags/list', level([], { manifest: { [DIGEST]: {} } }))
    server.script('/v2/images/b/c/tags/list', level([], { tags: ['1'] }))
    expect(await collect(connect(server.origin).childRepositories())).toEqual(['a', 'a/c', 'b/c'])
  })

  it('are not asked for where none is wanted, nor under what is no name', async () => {
    await using server = await start()
    server.script('/v2/images/tags/list', level(['a', 'b', '..']))
    server.script('/v2/images/b/tags/list', level(['c'], { tags: ['1'] }))
    server.script('/v2/images/b/c/tags/list', level([], { tags: ['1'] }))
    const invalid: string[] = []
    const mayHold = (path: string) => path !== 'a'
    const list = connect(server.origin).childRepositories({
      mayHold,
      onInvalid: (entry) => invalid.push(entry),
    })
    expect(await collect(list)).toEqual(['b', 'b/c'])
    expect(server.requests.map(({ path }) => path)).not.toContain('/v2/images/a/tags/list')
    expect(invalid).toEqual(['..'])
  })

  it.each<[string, Answer, string, string]>([
    ['has no tree', json({ tags: [] }), 'CONTENT_INVALID', 'names no child repositories'],
    ['has nothing there', status(404), 'UNREACHABLE', "check the upstream's prefix"],
    ['names what is no name', level(['..']), 'CONTENT_INVALID', '".." is no repository name'],
    ['grows for ever', level(['a']), 'CONTENT_INVALID', 'is no repository name'],
  ])('are an error when it %s', async (_, answer, code, words) => {
    await using server = await startScriptedRegistry()
    for (let path = '/v2/images', depth = 0; depth < 200; depth++, path += '/a') {
      server.script(`${path}/tags/list`, answer)
    }
    await expect(collect(connect(server.origin).childRepositories())).rejects.toEqual(failing(code, words))
  })

  it('need a prefix to be found as a tree', async () => {
    const asked = collect(connect('http://registry.test', { prefix: '' }).childRepositories())
    await expect(asked).rejects.toEqual(
      failing('CONFIG_INVALID', 'registry.test', "set the upstream's prefix"),
    )
  })
})

describe('referrers', () => {
  const path = `/v2/images/app/referrers/${DIGEST}`
  const referrer = (label: string) => ({
    mediaType: OCI_MANIFEST,
    digest: makeBlob(label).digest,
    size: 5,
    artifactType: 'application/spdx+json',
  })
  const index = (...labels: string[]) => ({
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: labels.map(referrer),
  })

  it('come page by page', async () => {
    await using server = await start()
    server.script(path, json(index('a', 'b'), { Link: `<${path}?last=b>; rel="next"` }))
    server.script(`${path}?last=b`, json(index('c')))
    const found = await connect(server.origin).repository(APP).referrers(DIGEST)
    expect(found).toEqual(['a', 'b', 'c'].map(referrer))
  })

  it('are unsupported after 404', async () => {
    await using server = await start()
    expect(await connect(server.origin).repository(APP).referrers(DIGEST)).toBe('unsupported')
  })

  it.each<[string, Answer, string]>([
    [
      'filtered unasked',
      json(index(), { 'OCI-Filters-Applied': 'artifactType' }),
      'left some out (artifactType)',
    ],
    ['a manifest', serve(MANIFEST), 'expected an index'],
    ['HTML', serve(blobOf(Buffer.from('<html>'), 'text/html')), 'JSON'],
  ])('that are %s are refused', async (_, answer, words) => {
    await using server = await start()
    server.script(path, answer)
    const asked = connect(server.origin).repository(APP).referrers(DIGEST)
    await expect(asked).rejects.toEqual(failing('CONTENT_INVALID', `images/app@${DIGEST}`, words))
  })
})

describe('a blob', () => {
  const layer = LAYER.digest as Digest
  const path = `/v2/images/app/blobs/${layer}`
  const size = LAYER.bytes.length
  const read = async (body: ReadableStream<Uint8Array>) => readBody(new Response(body), 1_000_000)

  it.each([0, 1, 99_999])('comes from byte %i on', async (from) => {
    await using server = await start()
    const blob = await connect(server.origin).repository(APP).blob(layer, { start: from })
    expect([blob?.start, blob?.size]).toEqual([from, size])
    expect(await read(blob!.body)).toEqual(new Uint8Array(LAYER.bytes.subarray(from)))
  })

  const whole: Answer = (_, response) => void response.end(LAYER.bytes)
  it.each<[string, Answer | readonly Answer[]]>([
    ['ignores the range', whole],
    ['has no bytes from there on', [status(416)]],
    ['takes offence at the range', [status(400)]],
  ])('comes whole when the registry %s', async (_, answers) => {
    await using server = await start()
    server.script(path, answers)
    const blob = await connect(server.origin).repository(APP).blob(layer, { start: 1000 })
    expect(blob?.start).toBe(0)
    expect((await read(blob!.body))?.length).toBe(size)
  })

  const part = (range: string, headers = {}): Answer => {
    return (_, response) => void response.writeHead(206, { 'Content-Range': range, ...headers }).end('part')
  }
  it('may be of unknown size', async () => {
    await using server = await start()
    server.script(path, part('bytes 1000-1003/*'))
    const blob = await connect(server.origin).repository(APP).blob(layer, { start: 1000 })
    expect([blob?.start, blob?.size]).toEqual([1000, undefined])
    await blob!.body.cancel()
  })

  it.each([
    ['begins elsewhere', part('bytes 999-1002/100000')],
    ['ends beyond its end', part('bytes 1000-1003/1003')],
    ['runs backwards', part('bytes 1000-999/100000')],
    ['says nothing of where it begins', part('')],
    ['is in several parts', part('', { 'Content-Type': 'multipart/byteranges; boundary=x' })],
  ])('is refused when its part %s', async (_, answer) => {
    await using server = await start()
    server.script(path, answer)
    const asked = connect(server.origin).repository(APP).blob(layer, { start: 1000 })
    await expect(asked).rejects.toEqual(failing('CONTENT_INVALID', 'from 1000 on', 'gave others'))
  })

  it('is followed to storage, without a credential', async () => {
    await using tokens = await startTokenServer()
    await using storage = await startScriptedRegistry()
    const wanted = `Bearer realm="${tokens.realm}"`
    await using server = await start({
      challenge: ({ headers }) => (tokens.accepts(headers.authorization) ? undefined : wanted),
    })
    const registry = connect(server.origin)
    await registry.repository(APP).resolve(TAG)
    expect(tokens.requests[0]!.headers['user-agent']).toBe('portolan/test')
    server.script(path, status(307, { Location: `${storage.origin}/blob?signature=secret` }))
    storage.script('/blob', serve({ bytes: LAYER.bytes }))
    const blob = await registry.repository(APP).blob(layer, { start: 1000 })
    expect((await read(blob!.body))?.length).toBe(size - 1000)
    expect(server.requests.at(-1)!.headers.authorization).toBe('Bearer token-1')
    expect(storage.requests[0]!.headers).not.toHaveProperty('authorization')
    expect(storage.requests[0]!.headers.range).toBe('bytes=1000-')

    storage.script('/blob', status(403))
    const refused = registry.repository(APP).blob(layer)
    await expect(refused).rejects.toEqual(failing('ACCESS_DENIED', storage.host, '403', 'the storage behind'))
    await expect(refused).rejects.not.toThrow('secret')
  })

  it('that is not there is none', async () => {
    await using server = await start()
    expect(await connect(server.origin).repository(APP).blob(DIGEST)).toBeUndefined()
    expect(await connect(server.origin).repository(APP).stat(DIGEST)).toBeUndefined()
  })

  it.each<[string, Answer | readonly Answer[]]>([
    ['ignores the range', whole],
    ['takes offence at the range', [status(400)]],
    [
      'goes on beyond the range',
      (_, response) =>
        void response
          .writeHead(206, { 'Content-Range': `bytes 1000-99999/${size}` })
          .end(LAYER.bytes.subarray(1000)),
    ],
  ])('ends where it was to when the registry %s', async (_, answers) => {
    await using server = await start()
    server.script(path, answers)
    const blob = await connect(server.origin).repository(APP).blob(layer, { start: 1000, end: 70_000 })
    expect(await read(blob!.body)).toEqual(new Uint8Array(LAYER.bytes.subarray(blob!.start, 70_000)))
  })

  it.each<[string, readonly Answer[], methods: string[]]>([
    ['HEAD', [], ['HEAD']],
    ['GET where HEAD is not allowed', [status(405)], ['HEAD', 'GET']],
  ])('is known by %s', async (_, answers, methods) => {
    await using server = await start()
    server.script(path, answers)
    expect(await connect(server.origin).repository(APP).stat(layer)).toEqual({ size })
    expect(server.requests.map(({ method }) => method)).toEqual(methods)
  })

  it('is unknown when the registry refuses', async () => {
    await using server = await start()
    server.script(path, status(403))
    await expect(connect(server.origin).repository(APP).stat(layer)).rejects.toEqual(
      failing('ACCESS_DENIED', 'HEAD with 403'),
    )
  })

  it.each([
    ['stall in the body', 'nothing came for 0.5 s'],
    ['cut in the body', 'broke off'],
  ] as const)('with a %s breaks off with an error', async (fault, words) => {
    await using server = await startMisbehaving({ content: () => LAYER, fault })
    const blob = await connect(server.origin).repository(APP).blob(layer)
    await expect(read(blob!.body)).rejects.toEqual(failing('UNREACHABLE', `images/app@${layer}`, words))
  })

  it('is given up at once by who asked for it', async () => {
    await using server = await startMisbehaving({ content: () => LAYER, fault: 'stall in the body' })
    const abort = new AbortController()
    const registry = connect(server.origin, { idleTimeout: 60_000 })
    const blob = await registry.repository(APP).blob(layer, { signal: abort.signal })
    const reading = read(blob!.body)
    abort.abort(new Error('enough'))
    await expect(reading).rejects.toThrow('enough')
    await expect(registry.repository(APP).blob(layer, { signal: abort.signal })).rejects.toThrow('enough')
  })
})

describe('a registry', () => {
  it('is asked nothing more once it is to stop', async () => {
    await using server = await start()
    const stop = new AbortController()
    const registry = connect(server.origin, { signal: stop.signal })
    await registry.repository(APP).resolve(TAG)
    stop.abort(new Error('enough'))
    await expect(registry.repository(APP).resolve(TAG)).rejects.toThrow('enough')
    expect(server.requests).toHaveLength(1)
  })

  it.each([
    ['https://registry.test', '', 'registry.test'],
    ['http://127.0.0.1:5000', 'images', '127.0.0.1:5000/images'],
    ['https://registry.test/mirror', 'a/b', 'registry.test/mirror/a/b'],
  ])('at %s with the prefix %j is called %s', (url, prefix, location) => {
    expect(connect(url, { prefix }).location).toBe(location)
  })
})

describe('content that a manifest says lies elsewhere', () => {
  const open = (registry: Registry, url: string, start = 0) =>
    registry.elsewhere(url).open(start, new AbortController().signal)

  it('comes from there, from where it is asked on, and without the login', async () => {
    await using server = await start()
    await using elsewhere = await start()
    const path = `/v2/images/app/blobs/${LAYER.digest}`
    const registry = connect(server.origin, {
      credentials: async () => ({ kind: 'password', username: 'a', password: 'b' }),
    })
    const opened = await open(registry, `${elsewhere.origin}${path}`, 99_990)
    expect(opened).toMatchObject({ start: 99_990, size: 100_000 })
    expect(await new Response(opened!.body).bytes()).toHaveLength(10)
    expect(elsewhere.requests[0]!.headers.authorization).toBeUndefined()
    expect(await open(registry, `${elsewhere.origin}/nowhere`)).toBeUndefined()
  })

  it.each([
    [
      'http://10.0.0.1/x',
      'a manifest of registry.example names http://10.0.0.1/x, and leads to 10.0.0.1, a private address',
    ],
    ['http://169.254.169.254/x', 'a link-local address'],
    ['file:///etc/passwd', 'which is no address of the web'],
    ['nonsense', 'a manifest of registry.example names "nonsense", which is no address of the web'],
    ['https://a:b@c.example/x', 'names https://c.example/x, with a user name or password'],
  ])('is not fetched from %s', async (url, words) => {
    await expect(open(connect('https://registry.example'), url)).rejects.toEqual(
      failing('CONTENT_INVALID', words),
    )
  })
})
