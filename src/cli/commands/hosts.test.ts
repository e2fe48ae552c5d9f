import { writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { runHosted } from '../../../test/support/command-host.ts'
import { makeBlob, makeManifest } from '../../../test/support/content.ts'
import { makeTempFolder } from '../../../test/support/temp.ts'
import { OCI_MANIFEST } from '../../oci/manifest.ts'

const CONFIG = makeBlob('config', 300)
const MANIFEST = makeManifest(CONFIG)
const made = new AsyncDisposableStack()
const folder = made.use(await makeTempFolder())
const cdn = await serve((_, reply) => reply.end(CONFIG.bytes))
const tokens = await serve((_, reply) => reply.end('{"token":"t"}'))
const registry = await serve(({ url = '', headers }, reply) => {
  if (headers.authorization !== 'Bearer t') {
    reply.writeHead(401, { 'WWW-Authenticate': `Bearer realm="http://127.0.0.1:${tokens}/token"` }).end()
  } else if (url.includes('/manifests/')) {
    reply.writeHead(200, { 'Content-Type': OCI_MANIFEST }).end(MANIFEST.bytes)
  } else reply.writeHead(307, { Location: `http://127.0.0.1:${cdn}/signed?secret=1` }).end()
})
afterAll(() => made.disposeAsync())

async function serve(answer: RequestListener): Promise<number> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  made.defer(() => void server.close())
  return (server.address() as AddressInfo).port
}

const STORES = [
  {
    ...{ id: 'paris', url: 'https://paris.example', at: 'aws/eu-west-3' },
    fill: { s3: { bucket: 'images', region: 'eu-west-3' } },
  },
]

async function hosts(words: readonly string[], upstream: object = {}, service: object = {}) {
  const main = { id: 'main', url: `http://127.0.0.1:${registry}`, at: 'gcp/us-central1', ...upstream }
  const config = {
    version: 1,
    listen: '0.0.0.0:443',
    admin: 'off',
    upstreams: [main],
    stores: STORES,
    ...service,
  }
  await writeFile(join(folder.path, 'door.yaml'), JSON.stringify(config))
  return runHosted(['hosts', 'door.yaml', ...words], { folder: folder.path })
}

const OFFLINE = [
  { host: '0.0.0.0', port: 443, from: ['clients'], why: ['the door'] },
  {
    ...{ host: '127.0.0.1', port: registry, from: ['clients', 'door'] },
    why: ['upstream main: tags, manifests and blobs'],
  },
  { host: 'paris.example', port: 443, from: ['clients', 'door'], why: ['store paris: blobs'] },
  {
    ...{ host: 'images.s3.eu-west-3.amazonaws.com', port: 443, from: ['sync'] },
    why: ['store paris is filled there'],
  },
]

it('names token services and what an upstream redirects to, which only it can say', async () => {
  const { code, out, err } = await hosts(['--json', '--image', 'tool:1.0'])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(JSON.parse(out)).toEqual({
    version: 1,
    hosts: [
      ...OFFLINE,
      {
        ...{ host: '127.0.0.1', port: tokens, from: ['clients', 'sync'] },
        why: ['upstream main: tokens, also for who is nobody'],
      },
      {
        ...{ host: '127.0.0.1', port: cdn, from: ['clients', 'sync'] },
        why: ['upstream main sends clients there'],
      },
    ],
    asked: true,
    problems: [],
  })
  expect(out).not.toContain('secret')
})

it('of a mirror, clients need the mirror alone, and it asks each registry for what is of it', async () => {
  await writeFile(join(folder.path, 'images.txt'), `127.0.0.1:${registry}/tool:1.0\n`)
  const service = {
    delivery: 'relay',
    cache: { folder: join(folder.path, 'kept'), size: '64MiB', pin: [join(folder.path, 'images.txt')] },
    stores: [],
  }
  const needs = [
    { host: '0.0.0.0', port: 443, from: ['clients'], why: ['the mirror'] },
    { host: '127.0.0.1', port: registry, from: ['door'] },
    { host: '127.0.0.1', port: tokens, from: ['door'] },
    { host: '127.0.0.1', port: cdn, from: ['door'] },
  ]
  for (const words of [[], ['--image', 'other.example/x:1']]) {
    const { code, out, err } = await hosts(['--json', ...words], {}, service)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(JSON.parse(out).hosts).toMatchObject(needs)
  }
})

it('asks a registry with the login that the config of a mirror gives it', async () => {
  const closed = await serve(({ url = '', headers }, reply) => {
    if (headers.authorization !== `Basic ${btoa('jo:secret')}`)
      reply.writeHead(401, { 'WWW-Authenticate': 'Basic realm="x"' }).end()
    else if (url.includes('/manifests/'))
      reply.writeHead(200, { 'Content-Type': OCI_MANIFEST }).end(MANIFEST.bytes)
    else reply.writeHead(307, { Location: `http://127.0.0.1:${cdn}/signed` }).end()
  })
  await writeFile(join(folder.path, 'password'), 'secret\n')
  const credentials = { username: 'jo', passwordFile: 'password' }
  const mirror = { delivery: 'relay', cache: 'off', clients: { public: true }, stores: [] }
  const upstream = { url: `http://127.0.0.1:${closed}`, credentials }
  const { code, out, err } = await hosts(['--image', 'app:1'], upstream, mirror)
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toContain(String(cdn))
})

it('asks nobody with --offline', async () => {
  const { code, out, err } = await hosts(['--json', '--offline'], { url: 'http://upstream.invalid:81' })
  expect({ code, err }).toEqual({ code: 0, err: '' })
  const [door, main, ...rest] = OFFLINE
  const elsewhere = { ...main, host: 'upstream.invalid', port: 81 }
  expect(JSON.parse(out)).toMatchObject({ hosts: [door, elsewhere, ...rest], asked: false })
})

it('says of a listener that takes a free port that it does, and does not call it port 0', async () => {
  const free = { listen: '127.0.0.1:0', admin: '127.0.0.1:0' }
  const { code, out } = await hosts(['--offline'], {}, free)
  expect(code).toBe(0)
  expect(out).toMatch(/ {2}127\.0\.0\.1 +a free one +clients +the door\n/)
  expect(out).toMatch(/ {2}127\.0\.0\.1 +a free one +people +the admin service, never public\n/)
  const printed = await hosts(['--offline', '--json'], {}, free)
  expect(JSON.parse(printed.out).hosts.slice(0, 2)).toEqual([
    { host: '127.0.0.1', port: null, from: ['clients'], why: ['the door'] },
    { host: '127.0.0.1', port: null, from: ['people'], why: ['the admin service, never public'] },
  ])
})

it('is a table, and ends with 3 for what could not be found out', async () => {
  const { code, out, err } = await hosts([])
  expect(code).toBe(3)
  expect(out).toMatch(/^ {2}host +port +for +why\n/)
  expect(out).toMatch(/ {2}paris\.example +443 +clients, door +store paris: blobs\n/)
  expect(err).toBe(
    'portolan: not all is known: upstream main: no image is known of it; name one with --image\n',
  )
})

it('names what takes the place of an old name, where its clients are sent in the end', async () => {
  const phases = [{ phase: 'announce', from: '2027-01-01T00:00:00Z' }]
  const legacy = {
    ...{ host: 'old.example', successor: 'new.example', frozen: '2026-01-01', phases },
    info: 'https://blog.example/move',
  }
  const { out } = await hosts(['--offline', '--json'], {}, { legacy })
  expect(JSON.parse(out).hosts).toEqual(
    expect.arrayContaining([
      { host: 'new.example', port: 443, from: ['clients'], why: ['the new name of old.example'] },
      { host: 'blog.example', port: 443, from: ['people'], why: ['the page on the end of old.example'] },
    ]),
  )
})
