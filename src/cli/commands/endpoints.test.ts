import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runHosted } from '../../../test/support/command-host.ts'
import { makeKey } from '../../../test/support/inventory.ts'
import { makeTempFolder } from '../../../test/support/temp.ts'

const KEY = makeKey()
const made = new AsyncDisposableStack()
const folder = made.use(await makeTempFolder())
afterAll(() => made.disposeAsync())

const run = (...words: string[]) => runHosted(words, { folder: folder.path })
const fileOf = (name: string) => join(folder.path, name)
const DRAFT = ['endpoints', 'draft', 'door.yaml', '--registry', 'registry.example', '--offline']

async function writeConfig(stores: readonly string[], rest: object = {}): Promise<void> {
  const config = {
    ...{ version: 1, listen: ':443', admin: 'off', clouds: { refresh: 'off' } },
    upstreams: [{ id: 'main', url: 'https://main.example', at: 'my/main' }],
    stores: stores.map((id) => ({ id, url: `https://${id}.example`, at: 'my/main' })),
    ...rest,
  }
  await writeFile(fileOf('door.yaml'), JSON.stringify(config))
}

beforeAll(async () => {
  await writeFile(fileOf('key.pem'), KEY.privatePem)
  await writeFile(fileOf('other.pem'), makeKey().privatePem)
  await writeConfig(['paris'])
  expect(await run(...DRAFT, '--out', 'first.json')).toMatchObject({ code: 0, out: '' })
  expect(await run('endpoints', 'sign', 'first.json', '--key', 'key.pem')).toMatchObject({ code: 0 })
})

it('lists the hosts of clients by the name that they use, and can be checked', async () => {
  const { endpoints } = JSON.parse(await readFile(fileOf('first.json'), 'utf8'))
  expect(endpoints.map(({ host, port }: { host: string; port: number }) => `${host}:${port}`)).toEqual([
    ...['registry.example:443', 'main.example:443', 'paris.example:443'],
  ])
  const verified = await run('endpoints', 'verify', 'first.json', '--key', KEY.publicKey)
  expect(verified).toMatchObject({ code: 0, err: '' })
  expect(verified.out).toMatch(
    /^registry\.example: serial 1 of .*; what is new is published 14 days before\n/,
  )
  expect(verified.out).toMatch(/ {2}paris\.example +443 +now +store paris: blobs\n/)
})

it('says what a signature of another key means, and ends with 1', async () => {
  await writeFile(fileOf('copy.json'), await readFile(fileOf('first.json')))
  await run('endpoints', 'sign', 'copy.json', '--key', 'other.pem')
  const { code, err } = await run('endpoints', 'verify', 'copy.json', '--key', KEY.publicKey)
  expect({ code, err }).toEqual({
    code: 1,
    err: 'portolan: copy.json is not signed by this key: do not go by it\n',
  })
})

it('tells whoever looks at a door what is new, and refuses an older list', async () => {
  await writeConfig(['rome'])
  await run(...DRAFT, '--previous', 'first.json', '--out', 'second.json')
  const server = createServer((request, reply) => {
    if (request.url === '/.well-known/portolan/endpoints.json')
      void readFile(fileOf('second.json')).then((bytes) => reply.end(bytes))
    else reply.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  made.defer(() => void server.close())
  const door = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { code, out, err } = await run('endpoints', 'verify', door, '--diff', 'first.json')
  expect({ code, err }).toEqual({ code: 0, err: 'its signature was not checked: give --key\n' })
  expect(out).toMatch(/ {2}rome\.example +443 +from \d{4}-\d\d-\d\d on +new +store rome: blobs\n/)
  expect(out).toMatch(/ {2}paris\.example +443 +until \d{4}-\d\d-\d\d +store paris: blobs\n/)
  expect(await run('endpoints', 'verify', 'first.json', '--diff', door)).toMatchObject({
    ...{ code: 1, err: expect.stringContaining('serial 1 is older than 2') },
  })
  expect(await run('endpoints', 'verify', door, '--key', KEY.publicKey)).toMatchObject({
    ...{ code: 3, err: expect.stringMatching(/endpoints\.json\.sig: it answered 404/) },
  })
})

it('lets no list drive the terminal', async () => {
  const evil = '\u001b]0;owned\u0007'
  const list = JSON.parse(await readFile(fileOf('first.json'), 'utf8'))
  list.endpoints[0].why = [evil]
  await writeFile(fileOf('evil.json'), JSON.stringify(list))
  await writeFile(
    fileOf('evil-hosts.json'),
    JSON.stringify({ hosts: [{ host: evil, port: 1, why: [evil], from: [] }] }),
  )
  await writeConfig(['paris'])
  const verified = await run('endpoints', 'verify', 'evil.json')
  const compared = await run('hosts', 'door.yaml', '--offline', '--diff', 'evil-hosts.json')
  expect([verified.code, compared.code]).toEqual([0, 1])
  for (const { out } of [verified, compared]) {
    expect(out).toContain('owned')
    expect(out.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
  }
})

it('hosts --diff says what a config needs beyond a published list, or one of its own', async () => {
  await writeConfig(['paris'])
  const before = await run('hosts', 'door.yaml', '--offline', '--json')
  await writeFile(fileOf('hosts.json'), before.out)
  expect(await run('hosts', 'door.yaml', '--offline', '--diff', 'first.json')).toMatchObject({
    ...{ code: 0, out: 'nothing has changed\n' },
  })
  await writeConfig(['paris', 'rome'])
  for (const old of ['first.json', 'hosts.json']) {
    const { code, out } = await run('hosts', 'door.yaml', '--offline', '--diff', old, '--json')
    expect({ code, ...JSON.parse(out) }).toMatchObject({
      ...{ code: 1, added: [{ host: 'rome.example', port: 443, why: ['store rome: blobs'] }], removed: [] },
    })
  }
  const none = await run('hosts', 'door.yaml', '--offline', '--diff', 'key.pem')
  expect(none).toMatchObject({ code: 1, err: expect.stringContaining('neither what "hosts --json" prints') })
})

it('config check names a list that a door would not take, and backends that get no clients', async () => {
  const endpoints = { file: 'first.json', publicKey: KEY.publicKey }
  await writeConfig(['rome'], { endpoints })
  expect(await run('config', 'check', 'door.yaml')).toMatchObject({
    ...{
      code: 0,
      err: expect.stringContaining('stores[0].url: gets no clients, since its host is not among'),
    },
  })
  await writeConfig(['rome'], { endpoints: { file: 'gone.json', publicKey: KEY.publicKey } })
  expect(await run('config', 'check', 'door.yaml')).toMatchObject({
    ...{ code: 2, err: expect.stringMatching(/endpoints: .*gone\.json cannot be read/) },
  })
  await writeConfig([], { endpoints: { file: 'first.json' }, delivery: 'relay', cache: 'off' })
  const { err } = await run('config', 'check', 'door.yaml')
  expect(err).toContain('needs publicKey, by which the file must be signed')
  expect(err).toContain('is not for a mirror: its clients need no host but the mirror')
})

it.each<[words: string[], code: number, err: RegExp]>([
  [
    [...DRAFT.slice(0, 3), '--registry', 'https://registry.example'],
    2,
    /--registry is "https:.*expected a host/,
  ],
  [[...DRAFT, '--notice', '400'], 2, /must be a whole number from 0 to 365/],
  [[...DRAFT, '--previous', 'key.pem'], 1, /key\.pem is no list of endpoints: is no JSON/],
  [[...DRAFT, '--previous', 'gone.json'], 2, /cannot read gone\.json/],
  [['endpoints', 'sign', 'first.json', '--key', 'gone.pem'], 2, /the key that --key names, gone\.pem/],
  [['endpoints', 'sign', 'first.json', '--key', 'first.json'], 2, /is not an Ed25519 private key/],
  [['endpoints', 'verify', 'http://127.0.0.1:1'], 3, /cannot read http:\/\/127\.0\.0\.1:1\/\.well-known/],
])('%j ends with %i', async (words, code, err) => {
  await writeConfig(['paris'])
  const end = await run(...words)
  expect(end).toMatchObject({ code, out: '' })
  expect(end.err).toMatch(err)
})

it('writes no list where an upstream cannot be asked', async () => {
  await writeConfig(['paris'], { upstreams: [{ id: 'main', url: 'http://127.0.0.1:1', at: 'my/main' }] })
  const words = DRAFT.filter((word) => word !== '--offline')
  const { code, out, err } = await run(...words, '--image', 'app:1')
  expect({ code, out }).toEqual({ code: 3, out: '' })
  expect(err).toContain('no list is written; --offline writes one of what the config alone says')
})

it('publishes the registry once, also where it takes the place of an old name', async () => {
  const phases = [{ phase: 'announce', from: '2027-01-01T00:00:00Z' }]
  const legacy = { host: 'old.example', successor: 'registry.example', frozen: '2026-01-01', phases }
  await writeConfig(['paris'], { legacy })
  const { code, out } = await run(...DRAFT)
  const { endpoints } = JSON.parse(out)
  expect({ code, hosts: endpoints.map(({ host }: { host: string }) => host) }).toEqual({
    ...{ code: 0, hosts: ['registry.example', 'main.example', 'paris.example'] },
  })
})
