import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PortolanError } from '../../errors.ts'
import type { Digest } from '../../oci/digest.ts'
import { type Descriptor, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST } from '../../oci/manifest.ts'
import type { Name, Tag } from '../../oci/name.ts'
import { type ImageLayout, openImageLayout } from './image-layout.ts'
import { blobFile } from './layout-files.ts'
import type { LayoutRepository } from './layout-repository.ts'

const REF = 'org.opencontainers.image.ref.name'
const CONTAINERD = 'io.containerd.image.name'

let root: string
let now: number
let reported: PortolanError[]

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'portolan-'))
  now = 0
  reported = []
})
afterEach(() => rm(root, { recursive: true }))

const open = () =>
  openImageLayout(root, { runtime: { now: () => now }, report: (problem) => reported.push(problem) })

const repositoryOf = async (layout: ImageLayout, name: string): Promise<LayoutRepository> =>
  (await layout.repository(name as Name))!

const messages = (layout: ImageLayout) => layout.warnings.map(({ message }) => message)

/** Writes one image layout folder. */
class Folder {
  readonly path: string
  #entries: object[] = []

  constructor(path = root) {
    this.path = path
  }

  async blob(content: string, mediaType = 'text/plain', algorithm = 'sha256'): Promise<Descriptor> {
    const digest = `${algorithm}:${createHash(algorithm).update(content).digest('hex')}` as Digest
    await mkdir(dirname(blobFile(this.path, digest)), { recursive: true })
    await writeFile(blobFile(this.path, digest), content)
    return { mediaType, digest, size: Buffer.byteLength(content) }
  }

  /** An image with one layer, which holds `label`. */
  async image(label: string, extras: object = {}, algorithm?: string): Promise<Descriptor> {
    const config = await this.blob(`{"label":"${label}"}`, OCI_CONFIG)
    const manifest = { schemaVersion: 2, config, layers: [await this.blob(label)], ...extras }
    return this.blob(JSON.stringify(manifest), OCI_MANIFEST, algorithm)
  }

  index(manifests: Descriptor[]): Promise<Descriptor> {
    return this.blob(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }), OCI_INDEX)
  }

  enter(
    descriptor: Descriptor,
    ref?: string,
    annotations: object = ref === undefined ? {} : { [REF]: ref },
  ): this {
    this.#entries.push({ ...descriptor, annotations })
    return this
  }

  async write(): Promise<void> {
    await mkdir(this.path, { recursive: true })
    await writeFile(join(this.path, 'oci-layout'), '{"imageLayoutVersion": "1.0.0"}')
    await this.writeIndex(JSON.stringify({ schemaVersion: 2, manifests: this.#entries }))
  }

  /** As careful tools do: a new file takes the old one's place, so that its inode tells even in a coarse clock. */
  async writeIndex(text: string): Promise<void> {
    await writeFile(join(this.path, 'new'), text)
    await rename(join(this.path, 'new'), join(this.path, 'index.json'))
  }
}

test('reads one layout with many repositories, each entry named NAME:TAG', async () => {
  const folder = new Folder()
  const [one, two] = [await folder.image('one'), await folder.image('two')]
  folder.enter(one, 'team/app:1.0').enter(one, 'team/app:Latest').enter(two, 'team/app:beta')
  folder.enter(two, undefined, { [CONTAINERD]: 'docker.io/library/tool:v2', [REF]: 'v2' })
  folder.enter(one, `registry.example:5000/pinned@${one.digest}`)
  await folder.write()

  const layout = await open()
  expect(layout.names()).toEqual(['library/tool', 'pinned', 'team/app'])
  expect(messages(layout)).toEqual([])
  const app = await repositoryOf(layout, 'team/app')
  expect(app.tags()).toEqual(['1.0', 'Latest', 'beta'])
  for (const reference of ['1.0' as Tag, 'Latest' as Tag, one.digest]) {
    const manifest = (await app.manifest(reference))!
    expect(manifest).toMatchObject({ mediaType: OCI_MANIFEST, digest: one.digest })
    expect(JSON.parse(Buffer.from(manifest.bytes).toString())).toMatchObject({ schemaVersion: 2 })
  }
  expect(await app.manifest('2.0' as Tag)).toBeUndefined()
  expect((await repositoryOf(layout, 'pinned')).tags()).toEqual([])
  expect(await (await repositoryOf(layout, 'pinned')).manifest(one.digest)).toBeDefined()
  expect(await layout.repository('nobody' as Name)).toBeUndefined()
})

test('reads a tree of layouts, each the repository of its path', async () => {
  const app = new Folder(join(root, 'team/app'))
  const [untagged, mistagged] = [await app.image('untagged'), await app.image('mistagged')]
  await app
    .enter(await app.image('one'), '1.0')
    .enter(untagged)
    .enter(mistagged, 'no tag!')
    .write()
  const below = new Folder(join(root, 'team/app/below'))
  await below.enter(await below.image('two'), 'host.example/team/app/below:2.0').write()
  for (const passedBy of ['.uploads', 'Upper', 'team/app/blobs/sha256']) {
    const folder = new Folder(join(root, passedBy))
    await folder.enter(await folder.image('hidden'), '1.0').write()
  }
  await symlink(app.path, join(root, 'link'))

  const layout = await open()
  expect(layout.names()).toEqual(['team/app', 'team/app/below'])
  const repository = await repositoryOf(layout, 'team/app')
  expect(repository.tags()).toEqual(['1.0'])
  for (const { digest } of [untagged, mistagged]) expect(await repository.manifest(digest)).toBeDefined()
  expect(messages(layout)).toEqual([
    `${join(app.path, 'index.json')}: manifests[2] has no tag: its name is "no tag!"; expected a tag`,
  ])
  expect((await repositoryOf(layout, 'team/app/below')).tags()).toEqual(['2.0'])
})

test('gives access to what a name leads to, and to nothing else', async () => {
  const folder = new Folder()
  const [amd64, arm64] = [await folder.image('amd64'), await folder.image('arm64', {}, 'sha512')]
  const cached = await folder.blob('a layer that an index names, as build caches do')
  const nested = await folder.index([arm64, cached])
  const foreign = await folder.image('foreign')
  folder.enter(await folder.index([amd64, nested]), 'app:1.0').enter(foreign, 'other:1.0')
  const stray = await folder.blob('named by nobody')
  await folder.write()

  const app = await repositoryOf(await open(), 'app')
  for (const { digest } of [amd64, arm64, nested]) expect((await app.manifest(digest))?.digest).toBe(digest)
  const layer = await folder.blob('arm64')
  for (const { digest, size } of [layer, cached]) expect(await app.stat(digest)).toEqual({ size })
  expect(await app.manifest(foreign.digest)).toBeUndefined()
  const foreignLayer = await folder.blob('foreign')
  for (const { digest } of [foreignLayer, stray, amd64]) expect(await app.stat(digest)).toBeUndefined()
})

test('lists as referrers whatever names a subject: without a name, under the fallback tag, about a referrer', async () => {
  const folder = new Folder()
  const image = await folder.image('image')
  const sbom = await folder.image('sbom', {
    subject: image,
    artifactType: 'application/spdx+json',
    annotations: { a: 'b' },
  })
  const signature = await folder.image('signature', { subject: sbom })
  const listed = await folder.image('listed', { subject: image })
  const fallback = await folder.index([listed])
  folder
    .enter(signature)
    .enter(sbom)
    .enter(fallback, `app:${image.digest.replace(':', '-')}`)
  await folder
    .enter(image, 'app:1.0')
    .enter(await folder.image('other'), 'other:1.0')
    .write()

  const layout = await open()
  expect(messages(layout)).toEqual([])
  const app = await repositoryOf(layout, 'app')
  expect(await app.referrers(image.digest)).toEqual([
    { ...listed, artifactType: OCI_CONFIG },
    { ...sbom, artifactType: 'application/spdx+json', annotations: { a: 'b' } },
  ])
  expect(await app.referrers(sbom.digest)).toEqual([{ ...signature, artifactType: OCI_CONFIG }])
  expect(await app.referrers(signature.digest)).toEqual([])
  expect(await app.manifest(signature.digest)).toBeDefined()
  const other = await repositoryOf(layout, 'other')
  expect(await other.referrers(image.digest)).toEqual([])
  expect(await other.manifest(sbom.digest)).toBeUndefined()
})

test('warns of what it leaves out, and serves the rest', async () => {
  const folder = new Folder()
  const image = await folder.image('image')
  const nameless = await folder.image('nameless')
  const altered = await folder.image('altered')
  await writeFile(blobFile(root, altered.digest), '{}')
  const lost = await folder.image('lost')
  await rm(blobFile(root, lost.digest))
  const page = await folder.blob('<html>', OCI_MANIFEST)
  folder.enter(nameless).enter(nameless, '1.0').enter(nameless, 'UPPER:1.0').enter(page, 'app:page')
  folder
    .enter(altered, 'app:altered')
    .enter(lost, 'app:lost')
    .enter({ ...image, mediaType: 'text/xml' }, 'app:xml')
  await folder.enter(nameless, 'app:1.0').enter(image, 'app:1.0').write()
  const layout = await open()

  expect((await repositoryOf(layout, 'app')).tags()).toEqual(['1.0'])
  expect((await (await repositoryOf(layout, 'app')).manifest('1.0' as Tag))?.digest).toBe(image.digest)
  const index = join(root, 'index.json')
  expect(messages(layout)).toEqual([
    `${index}: manifests[6] is left out: "text/xml" is no manifest`,
    `${blobFile(root, page.digest)} is not JSON in UTF-8`,
    expect.stringContaining(`${blobFile(root, altered.digest)} was altered: its digest is sha256:`),
    `${blobFile(root, lost.digest)} is not there, though a manifest of this digest is named`,
    `${index}: manifests[8] takes the tag app:1.0 from ${nameless.digest}, which stands before it`,
  ])
  expect(reported).toEqual(layout.warnings)
})

test.each([
  [undefined, 'it has no org.opencontainers.image.ref.name'],
  ['1.0', 'its name is "1.0"'],
  ['UPPER/x:1.0/y', 'its name is "UPPER/x:1.0/y"'],
])('warns of an entry that has no usable name: %s', async (ref, why) => {
  const folder = new Folder()
  await folder.enter(await folder.image('image'), ref).write()
  const layout = await open()
  expect(layout.names()).toEqual([])
  expect(messages(layout)).toEqual([
    `${join(root, 'index.json')}: manifests[0] is left out: ${why}; expected NAME:TAG`,
  ])
})

test('gives a part of a blob, nothing for one that vanished, and never one of the wrong size', async () => {
  const folder = new Folder()
  await folder.enter(await folder.image('0123456789'), 'app:1.0').write()
  const { digest } = await folder.blob('0123456789')
  const app = await repositoryOf(await open(), 'app')

  const blob = (await app.blob(digest, { start: 2, end: 5 }))!
  expect([blob.start, blob.size]).toEqual([2, 10])
  expect(await new Response(blob.body).text()).toBe('234')
  await writeFile(blobFile(root, digest), '01234')
  await expect(app.stat(digest)).rejects.toMatchObject({ code: 'CONTENT_INVALID' })
  await expect(app.blob(digest)).rejects.toMatchObject({ code: 'CONTENT_INVALID' })
  await rm(blobFile(root, digest))
  expect(await app.stat(digest)).toBeUndefined()
  expect(await app.blob(digest)).toBeUndefined()
})

test('never gives a manifest that is not what its digest says', async () => {
  const folder = new Folder()
  const { digest } = await folder.image('image')
  await folder.enter(await folder.image('image'), 'app:1.0').write()
  const app = await repositoryOf(await open(), 'app')
  await writeFile(blobFile(root, digest), '{}')
  await expect(app.manifest('1.0' as Tag)).rejects.toMatchObject({ code: 'CONTENT_INVALID' })
  await rm(blobFile(root, digest))
  expect(await app.manifest('1.0' as Tag)).toBeUndefined()
})

/** A file beside the root with these bytes, and its descriptor. */
async function outside(
  content: string,
  mediaType: string,
): Promise<{ path: string; descriptor: Descriptor }> {
  const path = `${root}-outside`
  await writeFile(path, content)
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}` as Digest
  return { path, descriptor: { mediaType, digest, size: Buffer.byteLength(content) } }
}

test('leaves out a manifest that is a link out of the folder, and serves the rest', async () => {
  const folder = new Folder()
  const good = await folder.image('good')
  const { path, descriptor } = await outside(
    await readFile(blobFile(root, good.digest), 'utf8').then((text) => `${text}\n`),
    OCI_MANIFEST,
  )
  await symlink(path, blobFile(root, descriptor.digest))
  await folder.enter(good, 'app:good').enter(descriptor, 'app:bad').write()
  const layout = await open()
  await rm(path)
  expect((await repositoryOf(layout, 'app')).tags()).toEqual(['good'])
  expect(messages(layout)).toEqual([expect.stringContaining(`it leads out of ${root}`)])
})

test('leaves out a manifest that is a named pipe, and serves the rest', async () => {
  const folder = new Folder()
  const [good, bad] = [await folder.image('good'), await folder.image('bad')]
  await rm(blobFile(root, bad.digest))
  execFileSync('mkfifo', [blobFile(root, bad.digest)])
  await folder.enter(bad, 'app:bad').enter(good, 'app:good').write()
  const layout = await open()
  expect((await repositoryOf(layout, 'app')).tags()).toEqual(['good'])
  expect(messages(layout)).toEqual([expect.stringContaining('not a regular file')])
})

test('gives no blob out that is a link out of the folder, or a named pipe', async () => {
  const folder = new Folder()
  const secret = await outside('the secret of another service', 'text/plain')
  const pipe = await folder.blob('pipe')
  await rm(blobFile(root, pipe.digest))
  execFileSync('mkfifo', [blobFile(root, pipe.digest)])
  await symlink(secret.path, blobFile(root, secret.descriptor.digest))
  const layers = [secret.descriptor, pipe]
  await folder.enter(await folder.image('app', { layers }), 'app:1.0').write()
  const app = await repositoryOf(await open(), 'app')
  for (const [{ digest }, message] of [
    [secret.descriptor, 'it leads out of'],
    [pipe, 'not a regular file'],
  ] as const) {
    const refusal = { code: 'FILE_UNREADABLE', message: expect.stringContaining(message) }
    await expect(app.blob(digest)).rejects.toMatchObject(refusal)
    await expect(app.stat(digest)).rejects.toMatchObject(refusal)
  }
  await rm(secret.path)
})

test.each(['blobs', 'blobs/sha256'])('does not follow %s out of the folder', async (name) => {
  const folder = new Folder()
  await folder.enter(await folder.image('app'), 'app:1.0').write()
  const away = `${root}-away`
  await rename(join(root, name), away)
  await symlink(away, join(root, name))
  const layout = await open()
  await rm(away, { recursive: true })
  expect(layout.names()).toEqual([])
  expect(messages(layout)).toEqual([expect.stringContaining('it leads out of')])
})

test('follows links within the folder, and to it', async () => {
  const [one, two] = [new Folder(join(root, 'one')), new Folder(join(root, 'two'))]
  await one.enter(await one.image('shared'), '1.0').write()
  await two.enter(await two.image('shared'), '2.0').write()
  await rm(join(root, 'two/blobs'), { recursive: true })
  await symlink('../one/blobs', join(root, 'two/blobs'))
  const link = `${root}-link`
  await symlink(root, link)
  const layout = await openImageLayout(link, { runtime: { now: () => 0 }, report: () => {} })
  const [{ digest, size }] = [await one.blob('shared')]
  expect(layout.names()).toEqual(['one', 'two'])
  for (const name of layout.names()) {
    expect(await (await repositoryOf(layout, name)).stat(digest)).toEqual({ size })
  }
  await rm(link)
})

const LAYOUT = '{"imageLayoutVersion":"1.0.0"}'
test.each([
  ['an empty folder', {}, 'CONTENT_INVALID', ' is not an OCI image layout'],
  ['no index.json', { 'oci-layout': LAYOUT }, 'FILE_UNREADABLE', 'index.json'],
  [
    'a broken index.json',
    { 'oci-layout': LAYOUT, 'index.json': '{' },
    'CONTENT_INVALID',
    'index.json is not JSON',
  ],
  [
    'a bad descriptor',
    { 'oci-layout': LAYOUT, 'index.json': '{"manifests":[{}]}' },
    'CONTENT_INVALID',
    'manifests[0].mediaType is missing',
  ],
  [
    'another version',
    { 'oci-layout': '{"imageLayoutVersion":"2"}' },
    'CONTENT_INVALID',
    'imageLayoutVersion "2"; expected "1.0.0"',
  ],
  ['a broken oci-layout', { 'oci-layout': 'null' }, 'CONTENT_INVALID', 'imageLayoutVersion undefined'],
  [
    'a broken layout in a tree',
    { 'app/oci-layout': LAYOUT, 'app/index.json': '[]' },
    'CONTENT_INVALID',
    'app/index.json is a list',
  ],
])('refuses to open %s', async (_, files, code, message) => {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  await expect(open()).rejects.toMatchObject({ code, message: expect.stringContaining(message) })
})

test('refuses to open a folder that is not there', async () => {
  const options = { runtime: { now: () => 0 }, report: () => {} }
  const path = join(root, 'absent')
  const refused = { code: 'FILE_UNREADABLE', message: expect.stringContaining(`cannot read ${path}: ENOENT`) }
  await expect(openImageLayout(path, options)).rejects.toMatchObject(refused)
})

test('takes over a changed index.json at the first request after a second, whole', async () => {
  const folder = new Folder()
  await folder.enter(await folder.image('one'), 'app:1.0').write()
  const layout = await open()
  const before = await repositoryOf(layout, 'app')
  await folder.enter(await folder.image('two'), 'app:2.0').write()

  now = 999
  expect((await repositoryOf(layout, 'app')).tags()).toEqual(['1.0'])
  now = 1000
  const checking = layout.repository('app' as Name)
  expect(layout.repository('app' as Name)).toBe(before)
  expect((await checking)?.tags()).toEqual(['1.0', '2.0'])
  expect(before.tags()).toEqual(['1.0'])
  expect(reported).toEqual([])
})

test('keeps what it has while the new index.json is broken, and says so once', async () => {
  const folder = new Folder()
  await folder.enter(await folder.image('one'), 'app:1.0').write()
  const layout = await open()
  await folder.writeIndex('{"manifests": [')
  for (now = 1000; now < 5000; now += 1000) {
    expect((await repositoryOf(layout, 'app')).tags()).toEqual(['1.0'])
  }
  expect(reported.map(({ message }) => message)).toEqual([`${join(root, 'index.json')} is not JSON in UTF-8`])

  await folder.enter(await folder.image('two'), 'app:2.0').write()
  expect((await repositoryOf(layout, 'app')).tags()).toEqual(['1.0', '2.0'])
})

test('takes in a manifest that arrives after the index.json that names it', async () => {
  const folder = new Folder()
  const [one, late] = [await folder.image('one'), await folder.image('late')]
  await rename(blobFile(root, late.digest), join(root, 'late'))
  await folder.enter(one, 'app:1.0').enter(late, 'app:2.0').write()
  const layout = await open()
  expect((await repositoryOf(layout, 'app')).tags()).toEqual(['1.0'])

  await rename(join(root, 'late'), blobFile(root, late.digest))
  now = 1000
  expect((await repositoryOf(layout, 'app')).tags()).toEqual(['1.0', '2.0'])
  expect(layout.warnings).toEqual([])
})

test('takes in and lets go of repositories of a tree', async () => {
  const one = new Folder(join(root, 'one'))
  await one.enter(await one.image('one'), '1.0').write()
  const layout = await open()
  const before = await repositoryOf(layout, 'one')

  const two = new Folder(join(root, 'team/two'))
  await two.enter(await two.image('two'), '2.0').write()
  now = 1000
  expect((await repositoryOf(layout, 'team/two')).tags()).toEqual(['2.0'])
  expect(await layout.repository('one' as Name)).toBe(before)

  await rm(one.path, { recursive: true })
  now = 2000
  expect(await layout.repository('one' as Name)).toBeUndefined()
  expect(layout.names()).toEqual(['team/two'])
})
