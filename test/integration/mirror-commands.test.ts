import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runHosted } from '../support/command-host.ts'
import { makeBlob, makeManifest } from '../support/content.ts'
import { type Portolan, startPortolan } from '../support/portolan.ts'
import { findFreePort } from '../support/ports.ts'
import { type ScriptedRegistry, startScriptedRegistry } from '../support/scripted-registry.ts'
import { makeTempFolder, type TempFolder } from '../support/temp.ts'
import { until } from '../support/until.ts'

const made = new AsyncDisposableStack()
const [config, layer] = [makeBlob('config'), makeBlob('layer', 3_000_000)]
const manifest = makeManifest(config, layer)
const CONTENTS = 3
/** For a process to start on a machine that others load, in milliseconds. */
const START = 60_000
const file = 'mirror.json'
let folder: TempFolder
let registry: ScriptedRegistry
let mirror: Portolan
let settings: object

beforeAll(async () => {
  folder = made.use(await makeTempFolder())
  registry = made.use(
    await startScriptedRegistry({
      repositories: [{ name: 'team/app', tags: { '1.0': manifest }, blobs: [config, layer] }],
    }),
  )
  const [port, adminPort] = [await findFreePort(), await findFreePort()]
  settings = {
    ...{ version: 1, listen: `127.0.0.1:${port}`, admin: `127.0.0.1:${adminPort}`, delivery: 'relay' },
    cache: { folder: join(folder.path, 'kept'), size: '1GiB' },
    upstreams: [{ id: 'main', url: registry.origin, at: 'test/main' }],
    registries: [{ host: 'registry.test', upstreams: ['main'] }],
  }
  await writeConfig(file, settings)
  mirror = made.use(await startPortolan(settings))
}, START)
afterAll(() => made.disposeAsync())

const writeConfig = (name: string, value: object) => writeFile(join(folder.path, name), JSON.stringify(value))
const run = (...words: string[]) => runHosted(['mirror', ...words], { folder: folder.path })
const layerFile = () => {
  const hex = layer.digest.slice('sha256:'.length)
  return join(folder.path, 'kept/blobs/sha256', hex.slice(0, 2), hex)
}

async function status(): Promise<Record<string, unknown>> {
  const { out } = await run('status', '--config', file, '--json')
  return JSON.parse(out)
}

it('says in its log that a mirror is open, and not a door', () => {
  const said = mirror.log.map(({ msg }) => msg)
  expect(said).toContain('the mirror is open')
  expect(said).not.toContain('the door is open')
})

it('a mirror is warmed, verified, emptied and looked after while it runs', async () => {
  const warmed = await run('warm', '--config', file, 'registry.test/team/app:1.0', '--json')
  expect(warmed).toMatchObject({ code: 0, err: '' })
  expect(JSON.parse(warmed.out).images).toEqual([
    { image: 'registry.test/team/app:1.0', contents: CONTENTS, bytes: expect.any(Number) },
  ])
  expect(await status()).toMatchObject({
    ...{ version: 1, running: true, fills: [], partials: { bytes: 0 } },
    ...{ contents: { count: CONTENTS }, records: { answers: 1 } },
  })
  expect((await run('status', file)).out).toContain(`${CONTENTS} contents`)

  expect(await run('verify', '--config', file)).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^3 contents .* all are right\n$/),
  })
  await writeFile(layerFile(), Buffer.alloc(3_000_000))
  const found = await run('verify', '--config', file, '--json')
  expect(found.code).toBe(1)
  expect(JSON.parse(found.out)).toMatchObject({ checked: CONTENTS, lost: 1, names: [layer.digest] })
  // What was dropped is fetched again by whoever wants it.
  expect((await run('warm', '--config', file, 'registry.test/team/app:1.0')).code).toBe(0)
  expect((await run('verify', '--config', file)).code).toBe(0)

  const evicted = await run('evict', '--config', file, layer.digest, '--json')
  expect(JSON.parse(evicted.out)).toEqual({ version: 1, running: true, count: 1, bytes: 3_000_000, kept: 0 })
  expect(await status()).toMatchObject({ contents: { count: CONTENTS - 1 } })
})

it('what cannot be warmed is said, and fails', async () => {
  const { code, out, err } = await run('warm', '--config', file, 'registry.test/team/app:2.0')
  expect([code, out]).toEqual([1, ''])
  expect(err).toMatch(
    /^registry\.test\/team\/app:2\.0: the mirror at .* says that there is no tag 2\.0 of it\n$/,
  )
  const foreign = await run('warm', '--config', file, 'other.test/app:1')
  expect(foreign.err).toBe('other.test/app:1: the config has no registry other.test, only registry.test\n')
  expect(await run('warm', '--config', file)).toMatchObject({
    code: 2,
    err: expect.stringContaining('cache.pin has no list'),
  })
})

it('a digest that is not kept is said to be none of what went', async () => {
  const { code, out, err } = await run('evict', '--config', file, `sha256:${'0'.repeat(64)}`)
  expect({ code, out, err }).toEqual({
    code: 0,
    out: '0 contents (0 B) dropped\n',
    err: '1 content is not kept here\n',
  })
})

it('its admin service does nothing that a page of a browser could have asked for', async () => {
  const ask = (path: string, init: RequestInit) =>
    fetch(`http://127.0.0.1:${mirror.adminPort}${path}`, init).then(({ status }) => status)
  const headers = { 'Portolan-Action': 'portolan' }
  expect(await ask('/mirror/evict?all=true', { method: 'POST' })).toBe(403)
  expect(await ask('/mirror/evict?all=true', { headers })).toBe(405)
  expect(await ask('/mirror/evict', { method: 'POST', headers })).toBe(400)
  expect(await ask('/mirror/evict?unusedFor=x', { method: 'POST', headers })).toBe(400)
  expect(await ask('/mirror/evict?al=true', { method: 'POST', headers })).toBe(400)
  expect(await ask('/mirror', { method: 'POST', headers })).toBe(405)
  expect((await status()).contents).toMatchObject({ count: CONTENTS - 1 })
})

it('the folder of a mirror that does not answer is left alone, and one of none is looked after', async () => {
  await writeConfig('silent.json', { ...settings, admin: 'off' })
  const held = await run('status', '--config', 'silent.json')
  expect(held.code).toBe(1)
  expect(held.err).toMatch(/kept is in use by process [0-9]+ on /)

  await mirror.stop()
  expect((await run('status', '--config', file)).out).toContain('no mirror runs')
  expect((await run('verify', '--config', file)).code).toBe(0)
  const evicted = await run('evict', '--config', file, '--all', '--json')
  expect(JSON.parse(evicted.out)).toMatchObject({ running: false, count: CONTENTS - 1 })
  expect(await status()).toMatchObject({ running: false, contents: { count: 0 }, used: 0, size: 1024 ** 3 })
})

it.each([
  [['evict', '--config', file], 'say what is to go'],
  [['evict', '--config', file, 'sha256:x'], 'is no digest'],
  [['evict', '--config', file, '--all', '--bytes', '1GiB'], '--all'],
  [['status', '--config', 'door.json'], 'is no config of a mirror'],
])('mirror %j is refused', async (words, why) => {
  await writeConfig('door.json', {
    version: 1,
    upstreams: [{ id: 'main', url: registry.origin, at: 'test/main' }],
  })
  const { code, err } = await run(...words)
  expect(code).toBe(2)
  expect(err).toContain(why)
})

it('a pull through a mirror that asks its clients for passwords is explained to whoever has its config', async () => {
  const hash = `$2y$04$${'a'.repeat(53)}`
  await writeFile(join(folder.path, 'users'), `jo:${hash}\n`)
  await writeConfig('users.json', { ...settings, clients: { htpasswd: 'users' } })
  const words = ['explain', 'registry.test/team/app:1.0', '--from', '10.0.0.1', '--config', 'users.json']
  const { code, out } = await runHosted(words, { folder: folder.path })
  expect(out).toMatch(/works: 200 \(GET/)
  expect(out).not.toContain('FAILS')
  expect(code).toBe(0)
})

it('status says whether a mirror could do without the internet, and ends with 1 where it could not', async () => {
  await using own = await makeTempFolder()
  const list = join(own.path, 'images.txt')
  await writeFile(list, 'registry.test/team/app:1.0\nregistry.test/team/app:2.0\n')
  const pinning = {
    ...settings,
    ...{ listen: '127.0.0.1:0', admin: `127.0.0.1:${await findFreePort()}` },
    cache: { folder: join(own.path, 'kept'), size: '1GiB', pin: [list] },
  }
  await writeConfig('pinning.json', pinning)
  await using _mirror = await startPortolan(pinning)
  await until('the images to be looked for', async () =>
    /missing: /.test((await run('status', 'pinning.json')).out),
  )
  const { code, out } = await run('status', 'pinning.json')
  expect(code).toBe(1)
  expect(out).toContain(
    'ready to lose the internet: no, of 2 pinned images this 1 is missing: registry.test/team/app:2.0',
  )
  expect(out).toContain('registry.test has no registry.test/team/app:2.0')
  const { pinnedImages } = JSON.parse((await run('status', 'pinning.json', '--json')).out)
  expect(pinnedImages).toMatchObject({ ready: 'no', images: { kept: 1, missing: 1, unknown: 0 } })
})
