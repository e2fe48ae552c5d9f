import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { startCommand } from '../../../test/support/command.ts'
import { runHosted } from '../../../test/support/command-host.ts'
import { makeBlob, makeManifest, type TestRepository } from '../../../test/support/content.ts'
import { type Answer, json, startScriptedRegistry } from '../../../test/support/scripted-registry.ts'
import { makeTempFolder } from '../../../test/support/temp.ts'
import { until } from '../../../test/support/until.ts'
import { verifyOwnership } from '../../backends/ownership/ownership.ts'
import { importPublicKey } from '../../backends/ownership/ownership-key.ts'

const PRIVATE_KEY = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
`
/** Its public half; both stand in RFC 8410, section 10. */
const PUBLIC_KEY = 'MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE='
const OTHER_PUBLIC_KEY = `MCowBQYDK2VwAyEA${'A'.repeat(43)}=`

const CONFIG = makeBlob('config', 300)
const LAYER = makeBlob('layer', 3_000_000)
const MANIFEST = makeManifest(CONFIG, LAYER)
const TOOL: TestRepository = {
  name: 'team/tool',
  tags: { '1.0': MANIFEST, '2.0': makeManifest(CONFIG) },
  blobs: [CONFIG, LAYER],
}

const folder = await makeTempFolder()
const registry = await startScriptedRegistry({ repositories: [TOOL] })
const tagsPath = '/v2/team/tool/tags/list'
const layerPath = `/v2/team/tool/blobs/${LAYER.digest}`
afterAll(async () => {
  await registry[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})
beforeEach(async () => {
  for (const name of await readdir(folder.path)) await rm(join(folder.path, name), { recursive: true })
  for (const path of [layerPath, tagsPath]) registry.script(path, [])
  for (const name of ['paris', 'berlin']) await mkdir(join(folder.path, name))
  await save({})
})

/** Saves a config with two stores, of which one keeps manifests. */
async function save(changes: object): Promise<void> {
  const at = 'my-cloud/berlin'
  const config = {
    version: 1,
    upstreams: [{ id: 'main', url: registry.origin, at }],
    stores: [
      {
        ...{ id: 'paris', url: 'https://paris.test', at },
        ...{ manifests: 'manifests/{digest}', fill: { folder: 'paris' } },
      },
      { id: 'berlin', url: 'https://berlin.test', at, fill: { folder: 'berlin' } },
      { id: 'cdn', url: 'https://cdn.test', at },
    ],
    sync: { repositories: { list: ['team/tool'] } },
    ...changes,
  }
  await writeFile(join(folder.path, 'portolan.yaml'), JSON.stringify(config))
}

function sync(words: readonly string[] = [], env: Record<string, string> = {}, hasty = false) {
  return runHosted(['sync', '--config', 'portolan.yaml', ...words], { folder: folder.path, env, hasty })
}

function countLayerRequests(): number {
  return registry.requests.filter(({ path }) => path === layerPath).length
}

test('an empty folder becomes a complete store, and the next run repeats nothing', async () => {
  const before = countLayerRequests()
  expect(await sync()).toMatchObject({
    code: 0,
    out: `The chosen tags: 2 images, 2 manifests, 2 blobs.

  store   holds  stored  bytes    failed  withheld  complete  location
  paris   4      4       2.9 MiB  0       0         yes       ${folder.path}/paris
  berlin  2      2       2.9 MiB  0       0         yes       ${folder.path}/berlin

Downloaded 2.9 MiB. Every store is complete.
`,
  })
  for (const store of ['paris', 'berlin']) {
    const stored = await readFile(join(folder.path, store, 'containers/images', LAYER.digest))
    expect(stored.equals(LAYER.bytes)).toBe(true)
  }
  const manifest = await readFile(join(folder.path, 'paris/manifests', MANIFEST.digest))
  expect(manifest.equals(MANIFEST.bytes)).toBe(true)

  const again = await sync()
  expect(again.code).toBe(0)
  expect(again.out).toContain('Downloaded 0 B. Every store is complete.')
  expect(countLayerRequests() - before).toBe(1)
})

test('--json prints the report as data, and progress is JSON lines on standard error', async () => {
  const { code, out, err } = await sync(['--json', '--verify', 'full', '--store', 'paris'])
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject({
    interrupted: false,
    images: 2,
    stores: [{ store: 'paris', complete: true, stored: { blobs: 2, manifests: 2 } }],
    faults: [],
  })
  const lines = err.trim().split('\n')
  const events = lines.map((line) => JSON.parse(line))
  // A machine that is busy sees progress more than once.
  const kinds = [...new Set(events.map(({ kind }) => kind))]
  expect(kinds).toEqual(['walked', 'planned', 'progress', 'finished'])
  expect(events.findLast(({ kind }) => kind === 'progress').stores).toEqual([
    { store: 'paris', sent: expect.any(Number), bytes: expect.any(Number), stored: 4, total: 4 },
  ])
})

test('--dry-run says what is lacking, and changes nothing', async () => {
  const { code, out } = await sync([], { PORTOLAN_SYNC_DRY_RUN: 'true' })
  expect([code, out]).toEqual([
    0,
    `The chosen tags: 2 images, 2 manifests, 2 blobs.

  store   lacks blobs  manifests  bytes    location
  paris   2            2          2.9 MiB  ${folder.path}/paris
  berlin  2            0          2.9 MiB  ${folder.path}/berlin

Nothing was changed: this is the plan. It downloads 2 blobs (2.9 MiB), each once for all stores.
`,
  ])
  expect(await readdir(join(folder.path, 'paris'))).toEqual([])
})

test.each<[words: string[], images: number]>([
  [['--tag', '2.*'], 1],
  [['--tag', '/^1/', '2.*'], 2],
  [['--repository', 'team/*'], 2],
  [['--repository', 'other'], 0],
])('%j chooses among the images', async (words, images) => {
  const { code, out } = await sync(['--dry-run', '--json', ...words])
  // That nothing is chosen is a fault: nobody means it.
  expect([code, JSON.parse(out).images]).toEqual([images === 0 ? 1 : 0, images])
})

test('a store that cannot be written is a fault, the others are filled, and the end is 1', async () => {
  await rm(join(folder.path, 'berlin'), { recursive: true })
  const { code, out } = await sync()
  expect(code).toBe(1)
  expect(out).toContain(`
  store   holds  stored  bytes    failed  withheld  complete  location
  paris   4      4       2.9 MiB  0       0         yes       ${folder.path}/paris
  berlin  ?      0       0 B      0       0         no        ${folder.path}/berlin

Downloaded 2.9 MiB. Not complete: berlin.

1 fault:
  STORE_REFUSED: `)
})

test('a blob that the upstream alters is stored nowhere, and named with the images that it is part of', async () => {
  const altered: Answer = (_, response) =>
    response.end(Buffer.from(LAYER.bytes).fill(0, LAYER.bytes.length - 1))
  registry.script(layerPath, altered)
  const { code, out } = await sync()
  expect(code).toBe(1)
  expect(out).toMatch(/1 fault:\n {2}CONTENT_INVALID: .*sha256:[0-9a-f]{64}.* \(team\/tool:1\.0\)/)
  expect(await readdir(join(folder.path, 'paris/containers/images'))).toEqual([CONFIG.digest])
})

test('an upstream that is not there ends with 3', async () => {
  const at = 'my-cloud/berlin'
  await save({ upstreams: [{ id: 'main', url: 'http://127.0.0.1:1', at }] })
  const { code, out } = await sync([], {}, true)
  expect(code).toBe(3)
  expect(out).toContain('UNREACHABLE: ')
})

test('an upstream that wants to be left alone for an hour is given up at once, saying until when', async () => {
  const before = registry.requests.length
  const later: Answer = (_, response) => response.writeHead(429, { 'Retry-After': '3600' }).end()
  registry.script(tagsPath, later)
  const { code, out, err } = await sync(['--json'])
  expect(code).toBe(3)
  const warning = err.split('\n').find((line) => line.includes('asks to be left alone until'))
  expect(JSON.parse(warning!)).toMatchObject({
    kind: 'warning',
    message: expect.stringMatching(
      / answered 429 .* until 2\d{3}-.*Z; that is longer than sync[.]maxWait \(15m\)/,
    ),
  })
  expect(JSON.parse(out)).toMatchObject({
    stores: [
      { store: 'paris', complete: false, lacking: 0 },
      { store: 'berlin', complete: false, lacking: 0 },
    ],
    faults: [{ code: 'UNREACHABLE', message: expect.stringContaining('left alone for 3600 s') }],
  })
  expect(registry.requests.slice(before)).toHaveLength(1)
})

test('an upstream that wants to be left alone for a minute is, and that is said at once', async () => {
  const before = registry.requests.length
  registry.script(tagsPath, (_, response) => response.writeHead(503, { 'Retry-After': '60' }).end())
  await using running = startCommand(['sync', '--config', 'portolan.yaml'], { folder: folder.path })
  let err = ''
  running.process.stderr!.on('data', (text) => {
    err += text
  })
  await until('the wait to be told', () => err.includes('waiting for 127.0.0.1'))
  expect(registry.requests.slice(before)).toHaveLength(1)
  expect(err).toMatch(/waiting for 127[.]0[.]0[.]1:\d+ until 2.*Z: it answered 503 and asks for that/)
  running.process.kill('SIGINT')
  expect(await running.ended).toMatchObject({ code: 1 })
})

test('stores are marked as the operator’s, by which a door knows them', async () => {
  await writeFile(join(folder.path, 'owner.pem'), PRIVATE_KEY)
  await save({
    ownership: { publicKey: PUBLIC_KEY },
    sync: { repositories: { list: ['team/tool'] }, signingKey: 'owner.pem' },
  })
  expect(await sync()).toMatchObject({ code: 0 })
  const proof = await readFile(join(folder.path, 'berlin/portolan/owner.json'))
  const publicKey = await importPublicKey(PUBLIC_KEY)
  const storeUrl = 'https://berlin.test'
  const demand = { store: 'berlin', storeUrl, publicKey, maxAge: 3_600_000, now: Date.now() }
  const pointer = await readFile(join(folder.path, 'berlin/portolan/inventory.json'), 'utf8')
  const { digest } = JSON.parse(pointer)
  expect(await verifyOwnership(proof, demand)).toMatchObject({ kind: 'proven', inventory: digest })
})

const keys = { repositories: { list: ['team/tool'] }, signingKey: 'owner.pem' }
const usages: [what: string, config: object, words: string[], err: RegExp][] = [
  ['no config', {}, ['--config', 'none.yaml'], /^portolan: cannot read none\.yaml/],
  ['no sync', { sync: undefined }, [], /^portolan: the config has no "sync"/],
  ['nothing to fill', { stores: [] }, [], /^portolan: no store or upstream of the config has "fill"/],
  ['a store that is misspelt', {}, ['--store', 'pari'], /--store "pari" is no store .*did you mean "paris"/],
  [
    'a store that is not filled',
    {},
    ['--store', 'cdn'],
    /--store "cdn" has no "fill"; there are paris, berlin/,
  ],
  ['a pattern', {}, ['--tag', '/(/'], /^portolan: --tag "\/\(\/" must be a regular expression/],
  ['a platform', {}, ['--platform', 'linux'], /^portolan: --platform "linux" must be OS\/ARCHITECTURE/],
  [
    'how many at once',
    {},
    ['--concurrency', '0'],
    /^portolan: --concurrency "0" must be a whole number from 1 to 64/,
  ],
  [
    'how much is read again',
    {},
    ['--verify', 'none'],
    /^portolan: --verify "none" must be one of sample, full/,
  ],
  ['a flag', {}, ['--dry'], /^portolan: unknown option '--dry'/],
  [
    'a key that is not there',
    { sync: keys },
    [],
    /^portolan: cannot read the key that sync\.signingKey names/,
  ],
]

test.each(usages)('wrong usage, %s, is one line and ends with 2', async (_, config, words, err) => {
  await save(config)
  const ended = await sync(words)
  expect(ended).toMatchObject({ code: 2, out: '' })
  expect(ended.err).toMatch(err)
  expect(ended.err.trim()).not.toContain('\n')
})

test.each([
  ['is none', 'hunter2', undefined, 'is not an Ed25519 private key in PEM'],
  [
    'is another',
    PRIVATE_KEY,
    { publicKey: OTHER_PUBLIC_KEY },
    'is not the private half of ownership.publicKey',
  ],
])('a signing key that %s is refused before anything is written', async (_, key, ownership, message) => {
  await writeFile(join(folder.path, 'owner.pem'), key)
  await save({ sync: keys, ownership })
  const { code, err } = await sync()
  expect(code).toBe(2)
  expect(err).toContain(message)
  expect(err).not.toContain('hunter2')
  expect(await readdir(join(folder.path, 'paris'))).toEqual([])
})

test('Ctrl-C ends it cleanly with 1, and the next run goes on in the middle of the blob', async () => {
  const half = LAYER.bytes.length / 2
  registry.script(layerPath, [
    (_, response) => {
      response.writeHead(200, { 'Content-Length': LAYER.bytes.length })
      response.write(LAYER.bytes.subarray(0, half))
    },
  ])
  await using running = startCommand(['sync', '--config', 'portolan.yaml'], { folder: folder.path })
  const spools = join(folder.path, 'portolan-sync/spools')
  const readSpool = async () => {
    const [name] = await readdir(spools)
    return name === undefined ? Buffer.alloc(0) : readFile(join(spools, name))
  }
  await until('some of the blob to be on disk', async () => (await readSpool().catch(() => '')).length > 0)
  running.process.kill('SIGINT')
  const { code, out, err } = await running.ended
  expect(code).toBe(1)
  expect(err).toContain('SIGINT: stopping, and leaving what is under way for the next run')
  expect(out).toContain('Interrupted: the next run goes on from here.')
  expect(await readdir(join(folder.path, 'paris/containers/images'))).toEqual([CONFIG.digest])

  const { length } = await readSpool()
  const before = registry.requests.length
  expect(await sync()).toMatchObject({ code: 0 })
  const asked = registry.requests.slice(before).filter(({ path }) => path === layerPath)
  expect(asked.map(({ headers }) => headers.range)).toEqual([`bytes=${length}-`])
})

test('Ctrl-C while the upstream is asked for its tags ends it, though many are left to ask for', async () => {
  const tags = Array.from({ length: 200 }, (_, index) => `3.${index}`)
  registry.script('/v2/team/tool/tags/list', [json({ name: 'team/tool', tags })])
  for (const tag of tags) registry.script(`/v2/team/tool/manifests/${tag}`, () => {})
  const before = registry.requests.length
  const asked = () => registry.requests.slice(before).filter(({ path }) => path.includes('/manifests/3.'))
  await using running = startCommand(['sync', '--config', 'portolan.yaml'], { folder: folder.path })
  await until('tags to be asked for', () => asked().length > 0)
  running.process.kill('SIGINT')
  const { code, out } = await running.ended
  expect(code).toBe(1)
  expect(out).toContain('Interrupted: the next run goes on from here.')
  expect(asked().length).toBeLessThan(tags.length)
})

test('referrers are asked for again when it is time, and whenever --referrers-recheck says so', async () => {
  const signature = makeManifest(makeBlob('signature', 10))
  const path = `/v2/team/tool/referrers/${MANIFEST.digest}`
  const lists = async (...words: string[]) => {
    const before = registry.requests.length
    const { code, out } = await sync(words)
    const asked = registry.requests.slice(before).filter((request) => request.path.includes('/referrers/'))
    return { code, asked: asked.length, out }
  }
  const index = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [] }
  for (const tagged of Object.values(TOOL.tags)) {
    registry.script(`/v2/team/tool/referrers/${tagged.digest}`, json(index))
  }
  expect(await lists()).toMatchObject({ code: 0, asked: 2 })
  const memory = join(folder.path, 'portolan-sync/files')
  const [file] = (await readdir(memory)).filter((name) => name.startsWith('walk-'))
  // As if the images had been known for an hour.
  const kept = JSON.parse(await readFile(join(memory, file!), 'utf8'))
  for (const entry of kept.repositories[0].referrers) entry[1] -= 3_600_000
  await writeFile(join(memory, file!), JSON.stringify(kept))
  const manifests = [{ mediaType: signature.type, digest: signature.digest, size: signature.bytes.length }]
  registry.script(path, json({ ...index, manifests }))
  expect(await lists()).toMatchObject({ code: 0, asked: 0 })
  expect(await lists('--referrers-recheck', '0s')).toMatchObject({ code: 1, asked: 2 })
  expect(await sync(['--referrers-recheck', '31d'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('must be a duration from 0s to 30d'),
  })
  for (const tagged of Object.values(TOOL.tags))
    registry.script(`/v2/team/tool/referrers/${tagged.digest}`, [])
})

test('a run whose progress nobody reads any more goes on to its end', async () => {
  await using running = startCommand(['sync', '--config', 'portolan.yaml'], { folder: folder.path })
  running.process.stderr!.destroy()
  expect(await running.ended).toMatchObject({ code: 0, out: expect.stringContaining('complete') })
})
