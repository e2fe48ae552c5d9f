import { execFileSync } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeSampleImages } from '../../src/demo/images.ts'
import { runCommand } from '../support/command.ts'
import { installedContainerds, startContainerd } from '../support/containerd.ts'
import { type DockerRegistry, noDockerRegistry, startDockerRegistry } from '../support/docker-registry.ts'
import { findProgram, runOk } from '../support/programs.ts'
import { digestOf, type PushedImages, pushImages } from '../support/pushed-images.ts'
import { makeTempFolder, type TempFolder } from '../support/temp.ts'

if (noDockerRegistry !== undefined) console.warn(`nothing is bundled; ${noDockerRegistry}`)

describe.skipIf(noDockerRegistry !== undefined)('bundle export', () => {
  let source: DockerRegistry
  let pushed: PushedImages
  let references: string[]
  let folder: TempFolder
  let output: string

  const bundle = async (...words: readonly string[]) => {
    const ended = await runCommand(['bundle', 'export', ...words, '--json'], { folder: tmpdir() })
    return { ...ended, report: JSON.parse(ended.out || '{}') as { missing: unknown[]; parts: number } }
  }

  beforeAll(async () => {
    source = await startDockerRegistry()
    pushed = await pushImages(source.host, 'images')
    references = pushed.images
      .filter(({ tag }) => !tag.startsWith('sha256-'))
      .map(({ name, tag }) => `${source.host}/images/${name}:${tag}`)
    folder = await makeTempFolder()
    output = join(folder.path, 'bundle')
    const { code, report, err } = await bundle(...references, '--output', output)
    expect({ code, missing: report.missing, parts: report.parts }, err).toEqual({
      code: 0,
      missing: [],
      parts: 1,
    })
  })
  afterAll(async () => {
    await source?.[Symbol.asyncDispose]()
    await folder?.[Symbol.asyncDispose]()
  })

  it('has every manifest and blob once, with its bytes, as tar unpacks them', async () => {
    const unpacked = join(folder.path, 'unpacked')
    await mkdir(unpacked)
    execFileSync('tar', ['-xf', join(output, 'bundle.0001.tar'), '-C', unpacked])
    const listed = execFileSync('tar', ['-tf', join(output, 'bundle.0001.tar')], { encoding: 'utf8' })
    expect(listed.split('\n').slice(0, 3)).toEqual(['oci-layout', 'index.json', 'bundle.json'])
    const wanted = [...pushed.manifests.keys(), ...pushed.blobs.keys()].sort()
    const found = await readdir(join(unpacked, 'blobs/sha256'))
    expect(found.map((hex) => `sha256:${hex}`).sort()).toEqual(wanted)
    for (const hex of found)
      expect(digestOf(await readFile(join(unpacked, 'blobs/sha256', hex)))).toBe(`sha256:${hex}`)
  })

  it('is the same to the byte in parts, and from a layout', async () => {
    const [parts, layout, again] = ['parts', 'layout', 'again'].map((name) => join(folder.path, name))
    const small = references.filter((reference) => !reference.includes('/large:'))
    await bundle(...small, '--output', join(folder.path, 'small'))
    const whole = await readFile(join(folder.path, 'small/bundle.0001.tar'))
    const { report } = await bundle(...small, '--output', parts!, '--part-size', '8MiB-1')
    const names = (await readdir(parts!)).sort()
    expect(names).toHaveLength(report.parts)
    const slices = await Promise.all(names.map((name) => readFile(join(parts!, name))))
    expect(slices.slice(0, -1).every(({ length }) => length === 8 * 1024 * 1024 - 1)).toBe(true)
    // The size of parts stands in the index, before all contents.
    const contents = (stream: Buffer) => stream.subarray(stream.indexOf('blobs/sha256/'))
    expect(contents(Buffer.concat(slices)).equals(contents(whole))).toBe(true)
    await runCommand(['copy', ...small, `oci:${layout}`], { folder: tmpdir() })
    const { code, err } = await bundle(`oci:${layout}`, '--output', again!)
    expect(code, err).toBe(0)
    expect((await readFile(join(again!, 'bundle.0001.tar'))).equals(whole)).toBe(true)
  })

  it.skipIf(findProgram('skopeo') === undefined)('is read by skopeo as an oci-archive', async () => {
    const archive = join(output, 'bundle.0001.tar')
    for (const { name, tag, digest } of pushed.images.filter(
      ({ name }) => name === 'app' || name === 'chart',
    )) {
      if (tag.startsWith('sha256-')) continue
      const copied = join(folder.path, `skopeo-${name}`)
      const from = `oci-archive:${archive}:${source.host}/images/${name}:${tag}`
      await runOk(findProgram('skopeo')!, ['copy', '--all', '--preserve-digests', from, `dir:${copied}`])
      expect(digestOf(await readFile(join(copied, 'manifest.json')))).toBe(digest)
    }
  })
})

const ctr = findProgram('ctr')
const containerds = process.getuid?.() === 0 && ctr !== undefined ? await installedContainerds() : []
if (containerds.length === 0) console.warn('nothing is imported by ctr; it needs root, containerd and ctr')

it.each(containerds)(
  'containerd $version.version imports a bundle with ctr, and finds it complete',
  async (installed) => {
    await using folder = await makeTempFolder()
    const file = (name: string) => join(folder.path, name)
    await makeSampleImages(file('sample'))
    const words = ['bundle', 'export', `oci:${file('sample')}`, '--output', file('bundle')]
    expect((await runCommand(words, { folder: folder.path })).code).toBe(0)
    await writeFile(file('config.toml'), 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
    await using _ = await startContainerd(installed, { folder: folder.path, config: file('config.toml') })
    const images = (...more: readonly string[]) => runOk(ctr!, ['-a', file('c.sock'), 'images', ...more])
    await images('import', '--snapshotter', 'native', file('bundle/bundle.0001.tar'))
    const checked = (await images('check')).toString()
    for (const name of ['demo/hello:1.0', 'demo/hello:latest', 'demo/team/nested/tool:v1.2.3'])
      expect(checked).toMatch(new RegExp(`^localhost/${name} .* complete `, 'm'))
  },
)
