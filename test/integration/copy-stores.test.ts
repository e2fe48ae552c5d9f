import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { decodeInventory } from '../../src/inventory/decode.ts'
import { INVENTORY_POINTER_PATH, inventoryPath } from '../../src/inventory/paths.ts'
import { parseInventoryPointer } from '../../src/inventory/pointer.ts'
import { runHosted } from '../support/command-host.ts'
import { makeBlob, makeManifest } from '../support/content.ts'
import { startScriptedRegistry } from '../support/scripted-registry.ts'
import { makeTempFolder } from '../support/temp.ts'

const made = new AsyncDisposableStack()
afterAll(() => made.disposeAsync())
const folder = made.use(await makeTempFolder())
const [config, layer, other] = [makeBlob('config'), makeBlob('layer'), makeBlob('another layer')]
const app = makeManifest(config, layer)
const tool = makeManifest(config, other)
const broken = makeManifest(config, makeBlob('lost'))
const registry = made.use(
  await startScriptedRegistry({
    repositories: [
      { name: 'team/app', tags: { '1.0': app }, blobs: [config, layer] },
      { name: 'team/tool', tags: { '2.0': tool }, blobs: [config, other] },
      { name: 'team/broken', tags: { '1.0': broken }, blobs: [config] },
    ],
  }),
)
const [APP, TOOL, BROKEN] = ['team/app:1.0', 'team/tool:2.0', 'team/broken:1.0'].map(
  (name) => `${registry.host}/${name}`,
) as [string, string, string]
const at = (...names: string[]) => join(folder.path, ...names)
const run = (...words: string[]) => runHosted(words, { folder: folder.path })

async function copy(...words: string[]) {
  const { code, out } = await run('copy', ...words, '--config', 'portolan.yaml', '--json')
  const { images = [], totals, error } = JSON.parse(out)
  const shown = images.map(({ source, target, status, faults }: Record<string, string[]>) => [
    status,
    source,
    target,
    ...faults!,
  ])
  return { code, images: shown, totals, message: error?.message }
}

/** The digests that the inventory of a store lists. */
async function inventoryOf(store: string): Promise<string[]> {
  const pointer = parseInventoryPointer(await readFile(at(store, INVENTORY_POINTER_PATH)))
  const inventory = decodeInventory(await readFile(at(store, inventoryPath(pointer.digest))))
  return [...inventory.entries()].map(({ digest }) => digest).sort()
}
const sorted = (...contents: { digest: string }[]) =>
  [...new Set(contents.map(({ digest }) => digest))].sort()

beforeEach(async () => {
  for (const name of await readdir(folder.path)) await rm(at(name), { recursive: true })
  for (const name of ['paris', 'berlin']) await mkdir(at(name))
  const where = 'my-cloud/berlin'
  const stores = [
    {
      ...{ id: 'paris', url: 'https://paris.test', at: where },
      ...{ manifests: 'manifests/{digest}', fill: { folder: 'paris' } },
    },
    { id: 'berlin', url: 'https://berlin.test', at: where, fill: { folder: 'berlin' } },
    { id: 'cdn', url: 'https://cdn.test', at: where },
  ]
  const upstreams = [{ id: 'main', url: registry.origin, at: where }]
  const sync = { repositories: { list: ['team/app'] } }
  await writeFile(at('portolan.yaml'), JSON.stringify({ version: 1, upstreams, stores, sync }))
})

it('brings images into a store beside what sync has put there, and its inventory lists all of it', async () => {
  expect((await run('sync', '--config', 'portolan.yaml', '--store', 'paris')).code).toBe(0)
  expect(await inventoryOf('paris')).toEqual(sorted(app, config, layer))
  expect(await copy(TOOL, APP, 'store:paris')).toMatchObject({
    code: 0,
    images: [
      ['copied', TOOL, `store:paris@${tool.digest}`],
      ['there', APP, `store:paris@${app.digest}`],
    ],
    totals: { manifests: 1, uploaded: 1, bytes: other.bytes.length + tool.bytes.length, there: 2 },
  })
  const all = sorted(app, tool, config, layer, other)
  expect(await inventoryOf('paris')).toEqual(all)
  expect(await readFile(at('paris/containers/images', other.digest))).toEqual(Buffer.from(other.bytes))
  // Another sync leaves it in the list, and another copy has nothing to do.
  expect((await run('sync', '--config', 'portolan.yaml', '--store', 'paris')).code).toBe(0)
  expect(await inventoryOf('paris')).toEqual(all)
  expect((await copy(TOOL, 'store:paris')).images).toEqual([['there', TOOL, `store:paris@${tool.digest}`]])
})

it('keeps blobs alone where a store is asked for no more, and takes images from archives too', async () => {
  await run('copy', APP, TOOL, 'oci-archive:images.tar')
  const { code, images } = await copy('oci-archive:images.tar', 'store:berlin')
  expect([code, images.map(([status]: string[]) => status)]).toEqual([0, ['copied', 'copied']])
  expect(await inventoryOf('berlin')).toEqual(sorted(config, layer, other))
})

it('says which image is not whole, and brings the others', async () => {
  const gone = `${registry.host}/team/app:gone`
  const { code, images } = await copy(BROKEN, gone, APP, 'store:paris')
  expect([code, ...images]).toEqual([
    1,
    ['failed', BROKEN, `store:paris@${broken.digest}`, expect.stringMatching(/has no blob sha256:/)],
    ['failed', gone, 'store:paris', `${gone} is not there`],
    ['copied', APP, `store:paris@${app.digest}`],
  ])
  expect(await inventoryOf('paris')).toEqual(sorted(app, config, layer))
})

it('takes an image out of a store by its digest, under a name that it is given', async () => {
  await copy(APP, 'store:paris')
  const word = `store:paris@${app.digest}`
  const { code, images } = await copy(word, 'oci:out:team/app:1.0')
  expect([code, images]).toEqual([0, [['copied', word, 'oci:out:team/app:1.0']]])
  const blob = at('out/blobs/sha256', layer.digest.slice(7))
  expect(await readFile(blob)).toEqual(Buffer.from(layer.bytes))
  await writeFile(at('paris/manifests', app.digest), Buffer.from(`${Buffer.from(app.bytes)} `))
  const altered = await copy(word, 'oci:other:team/app:1.0')
  expect(altered.images).toEqual([
    ['failed', word, 'oci:other:team/app:1.0', expect.stringMatching(/was altered in/)],
  ])
})

it('plans without writing', async () => {
  const { code, images } = await copy(APP, 'store:paris', '--dry-run')
  expect([code, images]).toEqual([0, [['planned', APP, `store:paris@${app.digest}`]]])
  expect(await readdir(at('paris'))).toEqual([])
})

it.each([
  [[APP, 'store:rome'], /store:rome is no store of the config.*there are paris, berlin/],
  [[APP, 'store:cdn'], /store:cdn has no "fill"/],
  [[APP, `store:paris@${app.digest}`], /has a digest: content has its own; expected store:paris/],
  [[APP, 'store:paris', '--verify'], /--verify reads registries again/],
  [['store:paris', 'oci:out'], /store:paris has no names: say which image it is by its digest/],
  [['store:paris@1.0', 'oci:out'], /by its digest, as store:paris@sha256/],
  [[`store:berlin@${app.digest}`, 'oci:out:a:b'], /store:berlin keeps no manifests/],
  [[`store:paris@${app.digest}`, 'oci:out'], /has an image without a name/],
])('refuses %j', async (words, message) => {
  const { code, message: said } = await copy(...words)
  expect([code, said]).toEqual([2, expect.stringMatching(message)])
})

it('asks for the config whose store it is', async () => {
  const { code, err } = await run('copy', APP, 'store:paris')
  expect([code, err]).toEqual([2, expect.stringContaining('name that with --config FILE')])
})
