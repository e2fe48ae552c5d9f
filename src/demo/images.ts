import { createCipheriv, createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { PortolanError } from '../errors.ts'
import { OCI_CONFIG, OCI_EMPTY, type Platform, parseManifest } from '../oci/manifest.ts'
import { LayoutWriter } from '../storage/fs/layout-writer.ts'
import { addImage, addLayer } from './sample-layers.ts'
import { readSampleWorld, type SampleWorld } from './sample-world.ts'

/** Stands in `index.json` to tell a folder of ours from anybody else's; a change to the samples counts it up. */
const TITLE = 'org.opencontainers.image.title'
const FAMILY = 'Portolan sample images, revision '
const REVISION = `${FAMILY}1`

const MIB = 1024 * 1024
const AMD64: Platform = { os: 'linux', architecture: 'amd64' }
const ARM64: Platform = { os: 'linux', architecture: 'arm64' }
const HELLO = Buffer.from('Hello from the port of Portolan.\n')

/**
 * Writes the images of the demo into a folder as one OCI image layout, the same bytes at every time and place:
 *
 * - `demo/hello`, tags `1.0` and `latest`: for two platforms that share their base layer; with a signature under its
 *   cosign tag and an SBOM as its referrer
 * - `demo/team/nested/tool:v1.2.3`: small, for one platform
 *
 * What an earlier run left is used again if it is whole. Everything is written beside the folder (`….partial-…`) and
 * moved there at the end. Throws `CONTENT_INVALID` when the folder holds anything else.
 */
export async function makeSampleImages(folder: string): Promise<SampleWorld> {
  const target = resolve(folder)
  const found = await titleOf(target)
  if (found !== undefined && !found.startsWith(FAMILY)) {
    throw new PortolanError(
      'CONTENT_INVALID',
      `${target} is not empty and holds no sample images; choose another folder`,
      { folder: target },
    )
  }
  if (found === REVISION) {
    const world = await readSampleWorld(target).catch(() => undefined)
    if (world !== undefined) return world
  }
  await mkdir(dirname(target), { recursive: true })
  const partial = await mkdtemp(`${target}.partial-`)
  try {
    await write(new LayoutWriter(partial))
    if (found !== undefined) await rm(target, { recursive: true })
    await rename(partial, target)
  } catch (error) {
    await rm(partial, { recursive: true, force: true })
    // Another demo that was started at the same moment was faster: its images are as good.
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
  return readSampleWorld(target)
}

async function write(layout: LayoutWriter): Promise<void> {
  const base = await addLayer(layout, [
    { path: 'etc/os-release', bytes: Buffer.from('ID=portolan-demo\nNAME="Portolan demo"\n') },
    { path: 'usr/share/base.bin', bytes: seeded('base', 3 * MIB) },
  ])
  const images = []
  for (const platform of [AMD64, ARM64]) {
    const { architecture } = platform
    const layers = [
      base,
      await addLayer(layout, [
        { path: 'usr/lib/runtime.bin', bytes: seeded(`runtime ${architecture}`, 8 * MIB), executable: true },
      ]),
      await addLayer(layout, [
        { path: 'app/hello.bin', bytes: seeded(`app ${architecture}`, 20 * MIB), executable: true },
      ]),
      await addLayer(layout, [{ path: 'app/hello.txt', bytes: HELLO }]),
    ]
    images.push(await addImage(layout, platform, ['/app/hello.bin'], layers))
  }
  const hello = await layout.addIndex(images)
  layout.enter(hello, 'demo/hello:1.0')
  layout.enter(hello, 'demo/hello:latest')

  // What cosign writes, but signed by nobody: the demo shows where a signature travels, not how it is checked.
  const payload = await layout.addJson('application/vnd.dev.cosign.simplesigning.v1+json', {
    critical: {
      identity: { 'docker-reference': 'demo/hello' },
      image: { 'docker-manifest-digest': hello.digest },
      type: 'cosign container image signature',
    },
    optional: null,
  })
  const signature = { 'dev.cosignproject.cosign/signature': seeded('signature', 64).toString('base64') }
  const signatureConfig = await layout.addJson(OCI_CONFIG, {
    architecture: '',
    os: '',
    config: {},
    rootfs: { type: 'layers', diff_ids: [payload.digest] },
  })
  layout.enter(
    await layout.addManifest(signatureConfig, [{ ...payload, annotations: signature }]),
    `demo/hello:${hello.digest.replace(':', '-')}.sig`,
  )

  const document = await layout.addJson('application/spdx+json', {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: 'demo/hello',
    documentNamespace: `https://example.com/spdx/demo/hello/${hello.digest.slice('sha256:'.length)}`,
    creationInfo: { created: '1970-01-01T00:00:00Z', creators: ['Tool: portolan-demo'] },
    packages: [],
  })
  const sbom = await layout.addManifest(await layout.addJson(OCI_EMPTY, {}), [document], {
    artifactType: 'application/spdx+json',
    subject: hello,
    annotations: { 'org.opencontainers.image.description': 'SBOM of demo/hello' },
  })
  layout.enter(sbom)

  const tool = await addImage(
    layout,
    AMD64,
    ['/bin/tool'],
    [
      await addLayer(layout, [{ path: 'etc/tool.conf', bytes: Buffer.from('greeting = hello\n') }]),
      await addLayer(layout, [{ path: 'bin/tool', bytes: seeded('tool', 256 * 1024), executable: true }]),
    ],
  )
  layout.enter(tool, 'demo/team/nested/tool:v1.2.3')
  await layout.finish({ [TITLE]: REVISION })
}

/** Bytes that look random, as compressed content does, and are the same for the same label. */
function seeded(label: string, length: number): Buffer {
  const key = createHash('sha256').update(label).digest()
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length))
}

/** The title of the layout in a folder; empty when something else is there, `undefined` when nothing is. */
async function titleOf(folder: string): Promise<string | undefined> {
  try {
    if ((await readdir(folder)).length === 0) return undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new PortolanError('FILE_UNREADABLE', `cannot read ${folder}`, { folder }, error)
  }
  try {
    const path = join(folder, 'index.json')
    return parseManifest(await readFile(path), path).annotations?.[TITLE] ?? ''
  } catch {
    return ''
  }
}
