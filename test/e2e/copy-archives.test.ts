import { execFileSync } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeSampleImages } from '../../src/demo/images.ts'
import { runCommand } from '../support/command.ts'
import { installedContainerds, startContainerd } from '../support/containerd.ts'
import { PROGRAM } from '../support/portolan.ts'
import { findProgram, runOk } from '../support/programs.ts'
import { makeTempFolder, type TempFolder } from '../support/temp.ts'

const [skopeo, podman, ctr] = ['skopeo', 'podman', 'ctr'].map(findProgram)
const HELLO = 'localhost/demo/hello:1.0'

let folder: TempFolder
let layout: string
let archive: string
const file = (name: string) => join(folder.path, name)

async function copy(...words: readonly string[]) {
  const { code, out, err } = await runCommand(['copy', ...words, '--json'], { folder: folder.path })
  const { images } = JSON.parse(out) as { images?: { status: string; source: string; digest: string }[] }
  expect(code, err + out).toBe(0)
  return images!
}

beforeAll(async () => {
  folder = await makeTempFolder()
  layout = `oci:${file('sample')}`
  archive = `oci-archive:${file('sample.tar')}`
  await makeSampleImages(file('sample'))
  await copy(layout, archive)
})
afterAll(() => folder?.[Symbol.asyncDispose]())

if (skopeo === undefined) console.warn('no archive is read or written by skopeo; it is not there')
describe.skipIf(skopeo === undefined)('skopeo', () => {
  it('reads an archive of many images by their names', async () => {
    const raw = await runOk(skopeo!, ['inspect', '--raw', `${archive}:${HELLO}`])
    const [one] = await copy(`${archive}:${HELLO}`, `oci:${file('one')}`)
    await writeFile(file('raw'), raw)
    const said = (await runOk(skopeo!, ['manifest-digest', file('raw')])).toString().trim()
    expect(said).toBe(one?.digest)
  })

  it.each(['', ':v1', ':localhost/demo/hello:v1'])(
    'writes an archive that is read: oci-archive:FILE%s',
    async (name) => {
      const written = `oci-archive:${file('skopeo.tar')}`
      await rm(file('skopeo.tar'), { force: true })
      await runOk(skopeo!, [
        'copy',
        '--all',
        '--preserve-digests',
        `${archive}:${HELLO}`,
        `${written}${name}`,
      ])
      const [before] = await copy(`${archive}:${HELLO}`, `oci:${file('before')}`)
      const [after] = await copy(written, `oci:${file('after')}:demo/hello:v1`)
      expect(after).toMatchObject({ source: `${written}${name}`, digest: before?.digest })
    },
  )
})

const noPodman = podman === undefined || process.getuid?.() !== 0
if (noPodman) console.warn('nothing is loaded or saved by podman; it needs root and podman')
describe.skipIf(noPodman)('podman', () => {
  const run = (...words: readonly string[]) =>
    runOk(podman!, [
      ...['--root', file('podman'), '--runroot', file('podman-run'), '--storage-driver', 'vfs'],
      ...words,
    ])

  // It takes archives with one entry in their list: a referrer would be another one.
  const ALONE = '--no-referrers'

  it('loads an archive, from a file and from a pipe, and saves one that is read', async () => {
    expect(await copy(`${archive}:${HELLO}`, `oci-archive:${file('hello.tar')}`, ALONE)).toHaveLength(1)
    expect((await run('load', '--input', file('hello.tar'))).toString()).toContain(HELLO)
    await run('rmi', HELLO)
    const piped = execFileSync(
      process.execPath,
      [PROGRAM, 'copy', `${archive}:${HELLO}`, 'oci-archive:-', ALONE],
      {
        stdio: ['ignore', 'pipe', 'ignore'],
        maxBuffer: 1024 ** 3,
      },
    )
    await writeFile(file('piped.tar'), piped)
    expect((await run('load', '--input', file('piped.tar'))).toString()).toContain(HELLO)
    await run('save', '--format', 'oci-archive', '--output', file('podman.tar'), HELLO)
    const [saved] = await copy(`oci-archive:${file('podman.tar')}`, `oci:${file('saved')}`)
    expect(saved).toMatchObject({ source: `oci-archive:${file('podman.tar')}:${HELLO}`, status: 'copied' })
  })
})

const containerds = process.getuid?.() === 0 && ctr !== undefined ? await installedContainerds() : []
if (containerds.length === 0) console.warn('nothing is imported by ctr; it needs root, containerd and ctr')
describe.each(containerds)('containerd $version.version', (installed) => {
  it('imports an archive complete, and exports one that is read', async () => {
    await using home = await makeTempFolder()
    const config = join(home.path, 'config.toml')
    await writeFile(config, 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
    await using _ = await startContainerd(installed, { folder: home.path, config })
    const images = (...words: readonly string[]) =>
      runOk(ctr!, ['-a', join(home.path, 'c.sock'), 'images', ...words])
    await images('import', '--all-platforms', '--snapshotter', 'native', file('sample.tar'))
    const checked = (await images('check')).toString()
    for (const name of ['demo/hello:1.0', 'demo/hello:latest', 'demo/team/nested/tool:v1.2.3'])
      expect(checked).toMatch(new RegExp(`^localhost/${name} .* complete `, 'm'))
    await images('export', '--all-platforms', file('ctr.tar'), HELLO)
    const [before] = await copy(`${archive}:${HELLO}`, `oci:${file('from-ours')}`)
    const [after] = await copy(`oci-archive:${file('ctr.tar')}`, `oci:${file('from-ctr')}`)
    expect([after?.digest]).toEqual([before?.digest])
  })
})
