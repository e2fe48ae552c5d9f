import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, it } from 'vitest'
import { runHosted } from '../support/command-host.ts'
import { makeBlob, makeIndex, makeManifest } from '../support/content.ts'
import { PROGRAM } from '../support/portolan.ts'
import { startPushableRegistry } from '../support/pushable-registry.ts'
import { startScriptedRegistry } from '../support/scripted-registry.ts'
import { filesToTar, makeTar } from '../support/tar.ts'
import { makeTempFolder } from '../support/temp.ts'

const made = new AsyncDisposableStack()
afterAll(() => made.disposeAsync())
const folder = made.use(await makeTempFolder())
const [config, layer, other] = [makeBlob('config'), makeBlob('layer'), makeBlob('another layer')]
const app = makeManifest(config, layer)
const tool = makeManifest(config, other)
const broken = makeManifest(config, makeBlob('lost'))
/** As cosign calls what belongs to a digest. */
const SIGNATURE = `${app.digest.replace(':', '-')}.sig`
const index = makeIndex(app)
const registry = made.use(
  await startScriptedRegistry({
    repositories: [
      { name: 'team/app', tags: { '1.0': app }, blobs: [config, layer] },
      { name: 'team/tool', tags: { '2.0': tool }, blobs: [config, other] },
      { name: 'team/many', tags: { '1.0': index }, manifests: [app], blobs: [config, layer] },
      {
        ...{ name: 'team/signed', blobs: [config, layer] },
        tags: { '1.0': app, [SIGNATURE]: makeManifest(config) },
      },
      { name: 'team/broken', tags: { '1.0': broken }, blobs: [config] },
    ],
  }),
)
const APP = `${registry.host}/team/app:1.0`
const TOOL = `${registry.host}/team/tool:2.0`
const MANY = `${registry.host}/team/many:1.0`
const BROKEN = `${registry.host}/team/broken:1.0`
const at = (name: string) => join(folder.path, name)
const run = (...words: string[]) => runHosted(words, { folder: folder.path })

/** A copy by its report. */
async function copy(...words: string[]) {
  const { code, out, err } = await run('copy', ...words, '--json')
  const { images = [], totals, error } = JSON.parse(out) as CopyJson
  return {
    code,
    err,
    totals,
    message: error?.message ?? '',
    images: images.map(({ source, target, status, faults }) => [status, source, target, ...faults]),
  }
}

interface CopyJson {
  readonly images?: readonly { source: string; target: string; status: string; faults: string[] }[]
  readonly totals?: Readonly<Record<string, number>>
  readonly error?: { readonly message: string }
}

it('writes an archive, the same bytes for the same images in any order, and reads it again', async () => {
  const first = await copy(APP, TOOL, 'oci-archive:one.tar')
  expect(first).toMatchObject({ code: 0, totals: { manifests: 2, uploaded: 3 } })
  expect(first.images).toEqual([
    ['copied', APP, `oci-archive:one.tar:${APP}`],
    ['copied', TOOL, `oci-archive:one.tar:${TOOL}`],
  ])
  await copy(TOOL, APP, 'oci-archive:other.tar')
  expect(await readFile(at('other.tar'))).toEqual(await readFile(at('one.tar')))
  expect((await readdir(folder.path)).filter((name) => name.includes('partial'))).toEqual([])

  const target = made.use(await startPushableRegistry())
  const back = await copy('oci-archive:one.tar', `${target.host}/gap`, '--verify')
  expect(back).toMatchObject({
    code: 0,
    images: [
      ['copied', `oci-archive:one.tar:${APP}`, `${target.host}/gap/team/app:1.0`],
      ['copied', `oci-archive:one.tar:${TOOL}`, `${target.host}/gap/team/tool:2.0`],
    ],
  })
})

it('brings signatures that are tags into an archive, and out of it again', async () => {
  const signed = `${registry.host}/team/signed:1.0`
  expect((await copy(signed, 'oci-archive:signed.tar')).code).toBe(0)
  const target = made.use(await startPushableRegistry())
  const { code, images } = await copy('oci-archive:signed.tar', target.host)
  expect([code, images]).toEqual([
    0,
    [['copied', `oci-archive:signed.tar:${signed}`, `${target.host}/team/signed:1.0`]],
  ])
  expect([...target.manifests.keys()]).toContain(`team/signed:${SIGNATURE}`)
  const before = await readFile(at('signed.tar'))
  const onto = await copy('oci-archive:signed.tar', 'oci-archive:signed.tar')
  expect(onto.images.map(([status]) => status)).toEqual(['there'])
  await copy('oci-archive:signed.tar', 'oci-archive:copied.tar')
  expect((await readFile(at('copied.tar'))).equals(before)).toBe(true)
})

it('downloads nothing for an archive that is there, and puts another one in its place whole', async () => {
  await copy(APP, 'oci-archive:again.tar')
  const { ino } = await stat(at('again.tar'))
  const before = registry.requests.length
  const again = await copy(APP, 'oci-archive:again.tar')
  expect(again.images).toEqual([['there', APP, `oci-archive:again.tar:${APP}`]])
  const asked = registry.requests.slice(before)
  expect(asked.filter(({ path, method }) => path.includes('/blobs/') && method === 'GET')).toEqual([])
  expect((await stat(at('again.tar'))).ino).toBe(ino)
  await copy(TOOL, 'oci-archive:again.tar')
  expect((await copy('oci-archive:again.tar', 'oci:after-again')).images).toHaveLength(1)
})

it('takes one image out of an archive, a layout or a bundle, by name or by tag', async () => {
  await copy(APP, TOOL, 'oci-archive:two.tar')
  await copy(APP, TOOL, 'oci:two')
  await run('bundle', 'export', APP, TOOL, '--output', 'bundle')
  for (const place of ['oci-archive:two.tar', 'oci:two', 'bundle:bundle']) {
    for (const word of [TOOL, 'team/tool:2.0', '2.0', tool.digest]) {
      const { images } = await copy(`${place}:${word}`, 'oci:chosen')
      const status = expect.stringMatching(/copied|there/)
      expect(images, word).toEqual([[status, `${place}:${TOOL}`, `oci:chosen:${TOOL}`]])
    }
    const none = await copy(`${place}:9.9`, 'oci:chosen')
    expect([none.code, none.message]).toEqual([
      2,
      `"9.9" names no image in ${place}: ${place}:${APP}, ${place}:${TOOL}`,
    ])
  }
  expect((await copy('bundle:bundle', 'oci:all')).images.map(([status]) => status)).toEqual([
    'copied',
    'copied',
  ])
})

it('gives an image another name in an archive and in a layout', async () => {
  for (const place of ['oci-archive:named.tar', 'oci:named']) {
    const named = await copy(APP, `${place}:registry.example/base/app:stable`)
    expect(named.images).toEqual([['copied', APP, `${place}:registry.example/base/app:stable`]])
    const tagged = await copy(APP, `${place}:stable`)
    expect(tagged.images).toEqual([['copied', APP, `${place}:${APP.replace('1.0', 'stable')}`]])
    const two = await copy(APP, TOOL, `${place}:stable`)
    expect([two.code, two.message]).toEqual([
      2,
      `the target ${place}:stable names one image, which several cannot be`,
    ])
    const digest = await copy(APP, `${place}:app@${app.digest}`)
    expect([digest.code, digest.message]).toEqual([2, expect.stringContaining('has a digest')])
  }
  const mapped = await copy(
    APP,
    'oci-archive:mapped.tar',
    '--map',
    `${registry.host}/team=registry.example/hub`,
  )
  expect(mapped.images).toEqual([['copied', APP, 'oci-archive:mapped.tar:registry.example/hub/app:1.0']])
})

it('reads an archive of one image that has a tag alone, or no name, where it is said what it is to be called', async () => {
  await copy(APP, 'oci:plain')
  const file = at('plain/index.json')
  const list = JSON.parse(await readFile(file, 'utf8'))
  for (const [name, annotations] of [
    ['tagged', { 'org.opencontainers.image.ref.name': 'v1' }],
    ['evil', { 'org.opencontainers.image.ref.name': 'a\u001b[31m' }],
    ['nameless', undefined],
  ] as const) {
    list.manifests[0].annotations = annotations
    await writeFile(file, JSON.stringify(list))
    await writeFile(at(`${name}.tar`), makeTar(await filesToTar(at('plain'))))
    const title = `oci-archive:${name}.tar${{ tagged: ':v1', evil: ':a�[31m', nameless: '' }[name]}`
    const plain = await copy(`oci-archive:${name}.tar`, 'oci:chosen')
    expect([plain.code, plain.message]).toEqual([
      2,
      expect.stringContaining(`${title} has an image without a name`),
    ])
    const named = await copy(`oci-archive:${name}.tar`, `oci:called:${name}:v2`)
    expect(named.images).toEqual([['copied', title, `oci:called:${name}:v2`]])
  }
  expect((await copy('oci-archive:tagged.tar:v1', 'oci:chosen:app:v3')).code).toBe(0)
})

it('leaves an image that is not whole out of an archive, and writes none without an image', async () => {
  const gone = `${registry.host}/team/app:gone`
  const some = await copy(BROKEN, gone, APP, 'oci-archive:some.tar')
  expect([some.code, ...some.images]).toEqual([
    1,
    [
      'failed',
      BROKEN,
      `oci-archive:some.tar:${BROKEN}`,
      expect.stringMatching(/blob sha256:\w+ is not there/),
    ],
    ['failed', gone, expect.anything(), `${gone} is not there`],
    ['copied', APP, `oci-archive:some.tar:${APP}`],
  ])
  const names = (await copy('oci-archive:some.tar', 'oci:from-some')).images
  expect(names).toEqual([['copied', `oci-archive:some.tar:${APP}`, `oci:from-some:${APP}`]])
  const none = await copy(BROKEN, 'oci-archive:none.tar')
  expect([none.code, none.images.map(([status]) => status)]).toEqual([1, ['failed']])
  const other = await copy(MANY, 'oci-archive:none.tar', '--platform', 'linux/s390x')
  expect(other.images).toEqual([
    ['failed', MANY, expect.anything(), 'it has nothing for linux/s390x, only for linux/amd64'],
  ])
  expect(await readdir(folder.path)).not.toContain('none.tar')
  const dry = await copy(APP, 'oci-archive:none.tar', '--dry-run')
  expect(dry.images).toEqual([['planned', APP, `oci-archive:none.tar:${APP}`]])
  expect(await readdir(folder.path)).not.toContain('none.tar')
})

it('writes an archive to standard output, and what it did to standard error', async () => {
  await copy(APP, 'oci-archive:file.tar')
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [PROGRAM, 'copy', APP, 'oci-archive:-'],
    { encoding: 'buffer' },
  )
  expect(stdout).toEqual(await readFile(at('file.tar')))
  expect(stderr.toString()).toContain(`copied  ${APP} → oci-archive:-:${APP}`)
  const json = await run('copy', APP, 'oci-archive:-', '--json')
  expect([json.code, JSON.parse(json.out).error.message]).toEqual([
    2,
    expect.stringContaining('is where the archive goes'),
  ])
})

it.each([
  [['oci-archive:-', 'oci:x'], /an archive is read here and there/],
  [['oci-archive:', 'oci:x'], /expected oci-archive:FILE\[:NAME:TAG\]/],
  [['oci-archive:no.tar', 'oci:x'], /no\.tar: there is no such file/],
  [['bundle:nothing', 'oci:x'], /cannot read nothing/],
  [[APP, 'bundle:x'], /bundle:x is no target of a copy/],
  [[APP, 'oci-archive:a-folder'], /a-folder: not a regular file/],
  [[APP, 'oci-archive:x.tar', '--verify'], /--verify reads registries again/],
])('refuses %j', async (words, message) => {
  await mkdir(at('a-folder'), { recursive: true })
  const { code, message: said } = await copy(...words)
  expect([code, said]).toEqual([2, expect.stringMatching(message)])
})

it('sends whoever copies from a bundle that counts on its target to import', async () => {
  await run('bundle', 'export', APP, '--output', 'first', '--ledger', 'ledger.json')
  await run('bundle', 'export', APP, TOOL, '--output', 'second', '--since', 'ledger.json')
  const { code, message } = await copy('bundle:second', 'oci:x')
  expect([code, message]).toEqual([
    2,
    expect.stringContaining('portolan bundle import second --to HOST/PREFIX'),
  ])
})
