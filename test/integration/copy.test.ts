import { execFile, spawnSync } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, it } from 'vitest'
import { startCommand } from '../support/command.ts'
import { runHosted } from '../support/command-host.ts'
import { makeBlob, makeIndex, makeManifest } from '../support/content.ts'
import { startPushableRegistry } from '../support/pushable-registry.ts'
import { startScriptedRegistry } from '../support/scripted-registry.ts'
import { makeTempFolder } from '../support/temp.ts'
import { until } from '../support/until.ts'

const made = new AsyncDisposableStack()
afterAll(() => made.disposeAsync())
const folder = made.use(await makeTempFolder())
const [config, layer] = [makeBlob('config'), makeBlob('layer')]
const manifest = makeManifest(config, layer)
const [otherConfig, signed] = [makeBlob('another config'), makeBlob('signed')]
const other = makeManifest(otherConfig, layer)
const twice = makeManifest(config, layer, layer, layer)
const signature = makeManifest(config, signed)
const index = makeIndex(manifest)
const registry = made.use(
  await startScriptedRegistry({
    repositories: [
      { name: 'team/app', tags: { '1.0': manifest }, blobs: [config, layer] },
      { name: 'fork/app', tags: { '1.0': other, same: manifest }, blobs: [config, otherConfig, layer] },
      {
        name: 'team/signed',
        tags: { '1.0': manifest, [`${manifest.digest.replace(':', '-')}.sig`]: signature },
        blobs: [config, layer, signed],
      },
      { name: 'team/twice', tags: { '1.0': twice }, blobs: [config, layer] },
      { name: 'team/many', tags: { '1.0': index }, manifests: [manifest], blobs: [config, layer] },
    ],
  }),
)
const [app, many] = [`${registry.host}/team/app:1.0`, `${registry.host}/team/many:1.0`]
const copy = (...words: string[]) => runHosted(['copy', ...words], { folder: folder.path })

it('Ctrl-C in the middle of a copy is no bug: it ends with 1, and the same command goes on', async () => {
  const path = `/v2/team/app/blobs/${layer.digest}`
  const isAsked = () => registry.requests.some((seen) => seen.path === path)
  registry.script(path, (_, response) => {
    response.writeHead(200, { 'Content-Length': layer.bytes.length })
    response.write(layer.bytes.subarray(0, 2))
  })
  await using running = startCommand(['copy', app, 'oci:broken', '--json'], { folder: folder.path })
  await until('the blob to be asked for', async () => isAsked())
  running.process.kill('SIGINT')
  const { code, out, err } = await running.ended
  expect({ code, error: JSON.parse(out).error.code }).toEqual({ code: 1, error: 'INTERRUPTED' })
  expect(err).toContain('the same command goes on')
  expect(err).not.toContain('bug')

  registry.script(path, [])
  expect(await copy(app, 'oci:broken')).toMatchObject({ code: 0, out: expect.stringMatching(/1 copied/) })
})

const canMount = spawnSync('unshare', ['-rm', 'true']).status === 0

it.skipIf(!canMount)('a disk that is read-only is called so, not a folder that is not there', async () => {
  const disk = join(folder.path, 'disk')
  await mkdir(disk)
  const program = join(import.meta.dirname, '../../src/cli/main.ts')
  const script = 'mount -t tmpfs -o ro tmpfs "$1" && exec "$2" "$3" copy "$4" "oci:$1/deep/layout"'
  const words = ['-rm', 'sh', '-c', script, 'sh', disk, process.execPath, program, app]
  const failed = await promisify(execFile)('unshare', words).catch((error) => error)
  expect([failed.code, failed.stderr]).toEqual([1, expect.stringMatching(/cannot write .*EROFS: read-only/)])
})

it('two copies into one layout do not undo each other: the second is told who is at it', async () => {
  const path = `/v2/team/app/blobs/${layer.digest}`
  registry.script(path, (_, response) => {
    response.writeHead(200, { 'Content-Length': layer.bytes.length })
    response.write(layer.bytes.subarray(0, 2))
  })
  const before = registry.requests.length
  await using running = startCommand(['copy', app, 'oci:shared'], { folder: folder.path })
  await until('the blob to be asked for', async () => {
    return registry.requests.slice(before).some((seen) => seen.path === path)
  })
  const fork = `${registry.host}/fork/app:1.0`
  const refused = await copy(fork, 'oci:shared')
  expect(refused.code).toBe(1)
  expect(refused.err).toMatch(/is in use by process \d+ on .*; wait for it to end, or use another folder/)
  registry.script(path, [])
  running.process.kill('SIGKILL')
  await running.ended
  expect((await copy(fork, 'oci:shared')).code).toBe(0)
  expect((await copy(app, 'oci:shared')).code).toBe(0)
  const { manifests } = JSON.parse(await readFile(join(folder.path, 'shared/index.json'), 'utf8'))
  expect(manifests).toHaveLength(2)
  expect((await readdir(join(folder.path, 'shared'))).sort()).toEqual(['blobs', 'index.json', 'oci-layout'])
})

it('a dry run says what it would copy, counts nothing that it did not do, and writes nothing', async () => {
  const { code, out } = await copy(app, 'oci:dry', '--dry-run')
  expect({ code, out }).toEqual({
    code: 0,
    out: `planned ${app} → oci:dry:${app}\n\n1 image: 1 planned. Nothing was written: this is the plan.\n`,
  })
  expect(await readdir(folder.path)).not.toContain('dry')
})

it('an image without the wanted platform is a fault, and nothing of it is written', async () => {
  const { code, out } = await copy(many, 'oci:other', '--platform', 'linux/s390x')
  expect(code).toBe(1)
  expect(out).toContain('        it has nothing for linux/s390x, only for linux/amd64\n')
  expect((await copy(many, 'oci:other', '--platform', 'linux/amd64')).code).toBe(0)
})

it('a map that is about none of the images is said', async () => {
  const { code, err } = await copy(app, 'oci:mapped', '--map', 'docker.io/libary=hub')
  expect(code).toBe(0)
  expect(err).toContain('--map docker.io/libary=hub is about none of these images')
})

it('what a layout names is written as one would write it', async () => {
  await mkdir(join(folder.path, 'empty'))
  await writeFile(join(folder.path, 'empty/index.json'), '{"schemaVersion":2,"manifests":[]}')
  await copy(app, 'oci:from')
  const { out } = await copy('oci:from', 'oci:to')
  expect(out).toContain(`copied  oci:from:${app} → oci:to:${app}\n`)
})

it('ends with 3 where all that went wrong is that somebody could not be reached, and else with 1', async () => {
  const nobody = '127.0.0.1:1/team/app:1.0'
  const missing = `${registry.host}/team/app:9.9`
  const run = (...words: string[]) =>
    runHosted(['copy', ...words, '--json'], { folder: folder.path, hasty: true })
  const outcome = async (...words: string[]) => {
    const { code, out } = await run(...words)
    return { code, isUnreachable: JSON.parse(out).isUnreachable }
  }
  expect(await outcome(app, nobody, 'oci:reached')).toEqual({ code: 3, isUnreachable: true })
  expect(await outcome(app, '127.0.0.1:1')).toEqual({ code: 3, isUnreachable: true })
  expect(await outcome(app, nobody, missing, 'oci:reached')).toEqual({ code: 1, isUnreachable: false })
  expect(await outcome(app, 'oci:reached')).toEqual({ code: 0, isUnreachable: false })
})

it.each(['registry', 'layout'])(
  'two images under one name of a %s are both refused, and others copied',
  async (kind) => {
    await using target = await startPushableRegistry()
    const fork = `${registry.host}/fork/app`
    const maps = [`${registry.host}/team=one`, `${registry.host}/fork=one`].flatMap((map) => ['--map', map])
    const place = kind === 'registry' ? target.host : 'oci:one'
    const both = await copy(app, `${fork}:1.0`, many, place, ...maps)
    expect({ code: both.code, images: both.out.match(/^(?:copied|failed) +\S+/gm) }).toEqual({
      code: 1,
      images: [`failed  ${app}`, `failed  ${fork}:1.0`, `copied  ${many}`],
    })
    expect(both.out).toContain(
      `        ${fork}:1.0, which is something else, would become one/app:1.0 too: give one of them another name with --map, or leave it out\n`,
    )
    const planned = await copy(app, `${fork}:1.0`, place, ...maps, '--dry-run')
    expect(planned.code).toBe(1)
    // A tag of its own, or the same content: nothing is lost.
    expect((await copy(app, `${fork}:same`, place, ...maps)).code).toBe(0)
    expect((await copy(app, `${fork}:1.0@${manifest.digest}`, place, ...maps)).code).toBe(0)
  },
)

it('--verify reads signatures by tag, too', async () => {
  await using target = await startPushableRegistry()
  const run = async () => {
    const { code, out } = await copy(`${registry.host}/team/signed:1.0`, target.host, '--verify', '--json')
    const { manifests, blobs, faults } = JSON.parse(out).verification
    return { code, manifests, blobs, faults }
  }
  expect(await run()).toEqual({ code: 0, manifests: 2, blobs: 3, faults: [] })
  target.blobs.set(`team/signed@${signed.digest}`, Buffer.from('forged'))
  expect(await run()).toMatchObject({ code: 1, faults: [expect.stringContaining(signed.digest)] })
})

it('a blob that an image names several times is sent once, and mounted once elsewhere', async () => {
  await using target = await startPushableRegistry()
  const { out } = await copy(`${registry.host}/team/twice:1.0`, app, target.host, '--json')
  const bytes = config.bytes.length + layer.bytes.length
  expect(JSON.parse(out).totals).toEqual({ manifests: 2, uploaded: 2, bytes, mounted: 2, there: 0 })
})
