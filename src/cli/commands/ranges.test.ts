import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { runHosted } from '../../../test/support/command-host.ts'
import { list, startListServer, status } from '../../../test/support/list-server.ts'
import { makeTempFolder } from '../../../test/support/temp.ts'
import { listOf } from '../../../test/support/test-ranges.ts'
import { providers } from '../../clouds/providers.ts'
import { escapeRegExp } from '../../internal/escape-reg-exp.ts'

const folder = await makeTempFolder()
const server = await startListServer()
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})
afterEach(async () => {
  server.replies.clear()
  for (const name of await readdir(folder.path)) await rm(join(folder.path, name), { recursive: true })
})

/** Runs `portolan ranges …` in the folder, as a user would. */
function ranges(...words: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const env = { PORTOLAN_RANGES_UPDATE_NO_GEO: 'true' }
  return runHosted(['ranges', ...words], { folder: folder.path, env })
}

async function save(lists: Record<string, string>): Promise<void> {
  await mkdir(join(folder.path, 'lists'), { recursive: true })
  for (const [name, text] of Object.entries(lists)) await writeFile(join(folder.path, 'lists', name), text)
}

/** Options by which these providers' lists come from the server, and no others are asked for. */
function only(...ids: string[]): string[] {
  return providers.flatMap(({ id }) => [
    '--source',
    `${id}=${ids.includes(id) ? `${server.origin}/${id}` : 'off'}`,
  ])
}

test('saved lists become a snapshot, and lookup says place, prefix, source and date in the order asked', async () => {
  await save({
    'gcp.json': listOf('gcp', '8.8.0.0/16'),
    'fastly.json': listOf('fastly', '7.7.0.0/16'),
    'notes.txt': 'mine',
  })
  const updated = await ranges('update', '--from', 'lists')
  expect(updated.code).toBe(0)
  expect(updated.out).toContain('There was no snapshot to compare with.')
  expect(updated.err).toContain('portolan: there is no aws.json in lists; it is left out\n')
  expect(updated.err).not.toContain('gcp.json')
  const { code, out, err } = await ranges('lookup', '192.0.2.1', '7.7.0.1', '::ffff:8.8.0.1')
  expect([code, err]).toEqual([0, ''])
  expect(out.split('\n').map((line) => line.trim().split(/\s{2,}/))).toEqual([
    ['address', 'place', 'prefix', 'source', 'date'],
    ['192.0.2.1', 'unknown', '-', '-', '-'],
    ['7.7.0.1', 'fastly', '7.7.0.0/16', 'range of fastly', expect.stringMatching(/^20\d\d-/)],
    ['::ffff:8.8.0.1', 'gcp/europe-west9', '8.8.0.0/16', 'range of gcp', '2026-07-29T07:05:53.849365'],
    [''],
  ])
  const json = await ranges('lookup', '--json', '8.8.0.1', '192.0.2.1')
  const lines = json.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines).toEqual([
    {
      version: 1,
      address: '8.8.0.1',
      place: 'gcp/europe-west9',
      cloud: 'gcp',
      region: 'europe-west9',
      country: 'FR',
      prefix: '8.8.0.0/16',
      source: 'range',
      provider: 'gcp',
      date: '2026-07-29T07:05:53.849365',
    },
    {
      ...Object.fromEntries(Object.keys(lines[0]).map((key) => [key, null])),
      version: 1,
      address: '192.0.2.1',
    },
  ])
})

test('a second update says what is new by provider and place, and keeps lists that are not there', async () => {
  await save({ 'gcp.json': listOf('gcp', '8.8.0.0/16'), 'fastly.json': listOf('fastly', '7.7.0.0/16') })
  await ranges('update', '--from', 'lists')
  await rm(join(folder.path, 'lists', 'fastly.json'))
  await save({ 'gcp.json': listOf('gcp', '8.9.0.0/16', '8.10.0.0/16') })
  const { code, out, err } = await ranges('update', '--from', 'lists')
  expect(code).toBe(0)
  expect(out).toMatch(/^ {2}gcp +2 +1 +0\n {4}gcp\/europe-west9 +502 +2 +1 +0$/m)
  expect(err).toMatch(/there is no fastly\.json in lists; its list of 20.* is kept\n/)
  expect((await ranges('lookup', '7.7.0.1')).out).toContain('fastly')
  const again = await ranges('update', '--from', 'lists', '--json')
  expect(JSON.parse(again.out)).toMatchObject({ version: 1, file: 'ranges.bin', changes: [] })
})

test('lists are downloaded, with redirects, from the mirrors that are named', async () => {
  server.replies.set('/fastly', status(302, { Location: '/moved' }))
  server.replies.set('/moved', list(listOf('fastly', '7.7.0.0/16')))
  expect(await ranges('update', ...only('fastly'))).toMatchObject({ code: 0, err: '' })
  expect((await ranges('lookup', '7.7.0.1')).out).toContain('range of fastly')
})

test('a list that does not come ends with 3 and changes nothing, unless that is allowed', async () => {
  server.replies.set('/fastly', list(listOf('fastly', '7.7.0.0/16')))
  server.replies.set('/gcp', list(listOf('gcp', '8.8.0.0/16')))
  await ranges('update', ...only('fastly', 'gcp'))
  const before = await readFile(join(folder.path, 'ranges.bin'))
  server.replies.set('/gcp', status(503))
  const failed = await ranges('update', ...only('fastly', 'gcp'))
  expect(failed).toMatchObject({ code: 3, out: '' })
  expect(failed.err).toContain(
    `cannot fetch the list of Google Cloud from ${server.origin}/gcp: it answered 503\n`,
  )
  expect(await readFile(join(folder.path, 'ranges.bin'))).toEqual(before)
  const allowed = await ranges('update', '--allow-missing', ...only('fastly', 'gcp'))
  expect(allowed).toMatchObject({
    code: 0,
    err: expect.stringContaining('its list of 2026-07-29T07:05:53.849365 is kept'),
  })
  expect((await ranges('lookup', '8.8.0.1')).out).toContain('range of gcp')
  expect((await ranges('update', '--allow-missing', ...only('gcp'))).code).toBe(3)
})

test.each([
  ['truncated', listOf('gcp').slice(0, -9), 'not JSON'],
  ['empty', '', 'not JSON'],
  ['a web page', '<!DOCTYPE html>', 'a web page instead of a list'],
  ['ten times too large', ' '.repeat(10_000_000), 'larger than the 1000000 bytes allowed'],
  ['half of what it was', listOf('gcp'), 'fewer than 70 % of the'],
])('a list that is %s is refused, saved or downloaded, and the snapshot stays', async (_, text, reason) => {
  const others = Array.from({ length: 500 }, (_, at) => `9.${at >>> 8}.${at & 255}.0/24`)
  await save({ 'gcp.json': listOf('gcp', ...others) })
  await ranges('update', '--from', 'lists')
  const before = await readFile(join(folder.path, 'ranges.bin'))
  await save({ 'gcp.json': text })
  server.replies.set('/gcp', list(text))
  for (const { code, out, err } of [
    await ranges('update', '--from', 'lists'),
    await ranges('update', ...only('gcp')),
  ]) {
    expect([code, out]).toEqual([1, ''])
    expect(err).toMatch(/^portolan: the list of Google Cloud .* is refused: /m)
    expect(err).toContain(reason)
    expect(err).toContain('portolan: ranges.bin stays as it was\n')
  }
  const { code, out } = await ranges('update', '--from', 'lists', '--json')
  expect({ code, out: JSON.parse(out) }).toMatchObject({
    code: 1,
    out: {
      version: 1,
      error: { code: 'SNAPSHOT_INVALID', message: 'ranges.bin stays as it was' },
      refused: [{ provider: 'gcp', reason: expect.stringContaining(reason) }],
    },
  })
  expect(await readFile(join(folder.path, 'ranges.bin'))).toEqual(before)
})

test('a list that has lost many prefixes is taken when that is forced', async () => {
  const others = Array.from({ length: 500 }, (_, at) => `9.${at >>> 8}.${at & 255}.0/24`)
  await save({ 'gcp.json': listOf('gcp', ...others) })
  await ranges('update', '--from', 'lists')
  await save({ 'gcp.json': listOf('gcp') })
  expect((await ranges('update', '--from', 'lists', '--force')).code).toBe(0)
  expect((await ranges('lookup', '9.0.0.1')).out).toContain('unknown')
})

test('a file that is no snapshot is neither asked nor replaced, unless that is forced', async () => {
  await save({ 'fastly.json': listOf('fastly') })
  await writeFile(join(folder.path, 'ranges.bin'), 'a text of mine')
  expect(await ranges('lookup', '7.7.0.1')).toEqual({
    code: 1,
    out: '',
    err: 'portolan: ranges.bin: this is not a usable range snapshot: it does not begin with "PORTOLAN"\n',
  })
  const { code, err } = await ranges('update', '--from', 'lists')
  expect([code, err]).toEqual([1, expect.stringContaining('portolan: ranges.bin is not replaced, because')])
  expect((await ranges('update', '--from', 'lists', '--force')).code).toBe(0)
})

test.each<[string[], RegExp]>([
  [
    ['lookup', '7.7.0.1'],
    /^portolan: there is no ranges\.bin; "portolan ranges update --out ranges\.bin" makes it\n$/,
  ],
  [['lookup'], /^portolan: missing required argument 'address'\n$/],
  [['lookup', '7.7.0.1', '7.7.0.256'], /^portolan: "7\.7\.0\.256" is not an IPv4 or IPv6 address\n$/],
  [['update', '--from', 'nowhere'], /^portolan: cannot read nowhere: ENOENT.*\n$/],
  [
    ['update', '--from', '.'],
    /^portolan: \. holds no list; one is named aws\.json, gcp\.json, azure\.json, .*\n$/,
  ],
  [
    ['update', '--source', 'aws'],
    /^portolan: --source "aws": expected PROVIDER=URL .* aws, gcp, azure, .*\n$/,
  ],
  [['update', '--source', 'awz=off'], /^portolan: --source "awz=off": expected /],
  [['update', '--source', 'aws=ftp://mirror.example/'], /^portolan: --source .*: expected /],
  [['update', '--from', '.', '--source', 'aws=off'], /exclude each other/],
  [['bogus'], /^portolan: /],
])('wrong usage, %j, is said and ends with 2', async (words, err) => {
  expect(await ranges(...words)).toEqual({ code: 2, out: '', err: expect.stringMatching(err) })
})

test('about names every provider and the licences, as a command and as an option', async () => {
  const { code, out } = await ranges('about')
  expect(code).toBe(0)
  for (const { id, url } of providers)
    expect(out).toMatch(new RegExp(`^ {2}${id} .*${escapeRegExp(url)}`, 'm'))
  expect(out).toContain('CC BY 4.0')
  expect(out).toContain('IP Geolocation by DB-IP, https://db-ip.com')
  expect((await ranges('--about')).out).toBe(out)
  await save({ 'fastly.json': listOf('fastly') })
  await ranges('update', '--from', 'lists')
  const json = JSON.parse((await ranges('about', '--json')).out)
  expect(json.snapshot.sources).toMatchObject([{ provider: 'fastly', from: 'fastly.json', prefixes: 10 }])
})

test('every command has help with an example', async () => {
  for (const words of [[], ['update'], ['lookup'], ['about']]) {
    const { code, out } = await ranges(...words, '--help')
    expect([code, out]).toEqual([0, expect.stringMatching(/Examples?:\n {2}\$ portolan ranges/)])
  }
})
