import { cp, mkdir, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startCommand } from '../../../test/support/command.ts'
import { runHosted } from '../../../test/support/command-host.ts'
import { makeBlob, makeManifest } from '../../../test/support/content.ts'
import { startFolderServer } from '../../../test/support/folder-server.ts'
import { startScriptedRegistry } from '../../../test/support/scripted-registry.ts'
import { makeTempFolder } from '../../../test/support/temp.ts'
import { until } from '../../../test/support/until.ts'

const CONFIG = makeBlob('config', 300)
const LAYER = makeBlob('layer', 5000)
const ORPHAN = makeBlob('orphan', 2048)
/** Layers without a byte are rare, and legal. */
const EMPTY = makeBlob('', 0)
const BLOBS = [CONFIG, LAYER, EMPTY]
const TOOL = { name: 'team/tool', tags: { '1.0': makeManifest(CONFIG, LAYER, EMPTY) }, blobs: BLOBS }

const folder = await makeTempFolder()
const registry = await startScriptedRegistry({ repositories: [TOOL] })
const store = join(folder.path, 'paris')
const server = await startFolderServer(store)
const blobs = join(store, 'containers/images')

const audit = (...words: string[]) =>
  runHosted(['audit', '--config', 'portolan.yaml', ...words], { folder: folder.path })

async function save(upstream: string): Promise<void> {
  const at = 'my-cloud/berlin'
  const config = {
    version: 1,
    upstreams: [{ id: 'main', url: upstream, at }],
    stores: [{ id: 'paris', url: server.origin, at, fill: { folder: 'paris' } }],
    sync: { repositories: { list: ['team/tool'] } },
  }
  await writeFile(join(folder.path, 'portolan.yaml'), JSON.stringify(config))
}

beforeAll(async () => {
  await mkdir(store)
  await save(registry.origin)
  const filled = await runHosted(['sync', '--config', 'portolan.yaml'], { folder: folder.path })
  expect(filled).toMatchObject({ code: 0 })
  await cp(store, join(folder.path, 'filled'), { recursive: true })
})
beforeEach(async () => {
  await rm(store, { recursive: true })
  await cp(join(folder.path, 'filled'), store, { recursive: true })
  await save(registry.origin)
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await registry[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

/** Lays something in the store that nothing leads to, written so many days ago. */
async function layOrphan(days: number): Promise<void> {
  const file = join(blobs, ORPHAN.digest)
  await writeFile(file, ORPHAN.bytes)
  const then = Date.now() / 1000 - days * 86_400
  await utimes(file, then, then)
}

test('a store that was filled is proven: complete, unaltered and public', async () => {
  const { code, out } = await audit()
  expect(code).toBe(0)
  expect(out).toMatch(
    /^store paris \(.*\): nothing wrong; 3 of 3 there, 3 read \(.*\), 3 fetched as clients do\n {2}note: .*\n {2}it took 10 requests with credentials, and 9 as clients make them \(.* bytes\)\n$/,
  )
})

test('a blob that is gone and one that was altered are named with the image, and the end is 1', async () => {
  await rm(join(blobs, CONFIG.digest))
  await writeFile(join(blobs, LAYER.digest), Buffer.alloc(LAYER.bytes.length))
  const { code, out } = await audit('--full')
  expect(code).toBe(1)
  expect(out).toContain(CONFIG.digest)
  expect(out).toMatch(/altered: 1\n.*team\/tool:1\.0/)
})

test('--json prints the report as data', async () => {
  await rm(join(blobs, CONFIG.digest))
  const { code, out, err } = await audit('--json')
  expect(code).toBe(1)
  expect(JSON.parse(out)).toMatchObject({ stores: [{ store: 'paris', expected: 3, held: 2 }], faults: [] })
  for (const line of err.trim().split('\n'))
    expect(JSON.parse(line)).toMatchObject({ kind: expect.any(String) })
})

test('an upstream that is not there ends with 3', async () => {
  await save('http://127.0.0.1:1')
  const words = ['audit', '--config', 'portolan.yaml']
  const { code, out } = await runHosted(words, { folder: folder.path, hasty: true })
  expect(code).toBe(3)
  expect(out).toMatch(/^upstream: 1 could not be read/)
})

test('orphans are no fault, and stay', async () => {
  await layOrphan(30)
  const { code, out } = await audit()
  expect(code).toBe(0)
  expect(out).toMatch(/orphans: 1, .* 30 days ago/)
  expect(await readdir(blobs)).toContain(ORPHAN.digest)
})

test.each<[age: number, words: string[], left: boolean]>([
  [30, [], false],
  [6, [], true],
  [6, ['--older-than', '5d'], false],
  [30, ['--older-than', '31d'], true],
])('an orphan of %i days, --delete-orphans %j: stays: %s', async (days, words, stays) => {
  await layOrphan(days)
  const { code, out } = await audit('--delete-orphans', '--yes', ...words)
  expect(code).toBe(0)
  expect((await readdir(blobs)).includes(ORPHAN.digest)).toBe(stays)
  expect(out).toMatch(
    stays
      ? /There is no orphan to delete: none is old enough and in no inventory\.\n$/
      : new RegExp(`paris +2\\.0 KiB +${days}d +containers/images/${ORPHAN.digest}\\n\\nDeleted 1 object`),
  )
})

test('without a terminal nothing is deleted unless --yes says so', async () => {
  await layOrphan(30)
  const { code, err } = await audit('--delete-orphans')
  expect([code, err]).toEqual([
    2,
    'portolan: --delete-orphans asks before it deletes; without a terminal, say --yes too\n',
  ])
  expect(await readdir(blobs)).toContain(ORPHAN.digest)
})

test.each<[words: string[], err: RegExp]>([
  [['--sample', '0'], /^portolan: --sample "0" must be a number of objects, or a share from 1% to 100%/],
  [['--sample', '101%'], /--sample "101%" must be/],
  [['--sample', '5', '--full'], /^portolan: --full and --sample exclude each other/],
  [['--older-than', 'a week'], /--older-than "a week" must be a duration, such as 12h or 7d/],
  [['--store', 'pari'], /--store "pari" is no store or upstream of the config \(did you mean "paris"\?\)/],
])('wrong usage, %j, is one line and ends with 2', async (words, message) => {
  const { code, out, err } = await audit(...words)
  expect([code, out]).toEqual([2, ''])
  expect(err).toMatch(message)
  expect(err.trim()).not.toContain('\n')
})

test('Ctrl-C ends it at once with 1, and leaves nothing behind that is in the way of the next', async () => {
  const path = '/v2/team/tool/manifests/1.0'
  registry.script(path, [() => {}])
  const before = registry.requests.length
  await using running = startCommand(['audit', '--config', 'portolan.yaml'], { folder: folder.path })
  const asked = () => registry.requests.slice(before).some((request) => request.path === path)
  await until('the upstream to be asked', asked)
  running.process.kill('SIGINT')
  const { code, out, err } = await running.ended
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(err).toContain('SIGINT: stopping, and reporting nothing; once more ends at once')
  expect(await audit()).toMatchObject({ code: 0 })
})
