import { createHash } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { runOk } from '../../test/support/programs.ts'
import { makeTempFolder } from '../../test/support/temp.ts'
import { writeImage } from './image.ts'

const OPTIONS = {
  version: '0.1.0',
  commit: 'a'.repeat(40),
  date: new Date('2026-11-27T12:00:00Z'),
  architecture: 'amd64',
  executable: Buffer.from('the program'),
  libraries: [
    { path: '/lib64/ld-linux-x86-64.so.2', bytes: Buffer.from('the loader') },
    { path: '/lib/x86_64-linux-gnu/libc.so.6', bytes: Buffer.from('libc') },
    { path: '/usr/share/doc/libc6/copyright', bytes: Buffer.from('the licence of libc') },
  ],
  licences: Buffer.from('licences'),
}

it('is a layout whose every blob has the digest and the size that is said of it, the config the files that there are', async () => {
  await using folder = await makeTempFolder()
  await writeFile(join(folder.path, 'image.tar'), writeImage(OPTIONS))
  await runOk('tar', ['-xf', 'image.tar'], { cwd: folder.path })
  const read = async (descriptor: { digest: string; size: number }) => {
    const bytes = await readFile(join(folder.path, 'blobs', descriptor.digest.replace(':', '/')))
    expect(bytes.length).toBe(descriptor.size)
    expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).toBe(descriptor.digest)
    return bytes
  }
  const json = async (name: string) => JSON.parse(await readFile(join(folder.path, name), 'utf8'))
  const manifest = JSON.parse(String(await read((await json('index.json')).manifests[0])))
  const config = JSON.parse(String(await read(manifest.config)))
  const layer = gunzipSync(await read(manifest.layers[0]))
  expect(config.rootfs.diff_ids).toEqual([`sha256:${createHash('sha256').update(layer).digest('hex')}`])
  expect(config.config).toMatchObject({ User: '65532:65532', Entrypoint: ['/usr/local/bin/portolan'] })
  const [docker] = await json('manifest.json')
  expect(docker).toMatchObject({ RepoTags: ['localhost/portolan:0.1.0'] })
  expect([
    `sha256:${docker.Config.split('/').at(-1)}`,
    `sha256:${docker.Layers[0].split('/').at(-1)}`,
  ]).toEqual([manifest.config.digest, manifest.layers[0].digest])
  expect((await readdir(join(folder.path, 'blobs/sha256'))).length).toBe(3)

  const root = join(folder.path, 'root')
  await mkdir(root)
  await writeFile(join(folder.path, 'layer.tar'), layer)
  await runOk('tar', ['-xpf', '../layer.tar'], { cwd: root })
  expect(await readFile(join(root, 'usr/local/bin/portolan'), 'utf8')).toBe('the program')
  expect((await stat(join(root, 'usr/local/bin/portolan'))).mode & 0o777).toBe(0o755)
  expect(await readFile(join(root, 'lib64/ld-linux-x86-64.so.2'), 'utf8')).toBe('the loader')
  expect((await stat(join(root, 'lib64/ld-linux-x86-64.so.2'))).mode & 0o777).toBe(0o755)
  expect((await stat(join(root, 'usr/share/doc/libc6/copyright'))).mode & 0o777).toBe(0o644)
  expect((await stat(join(root, 'tmp'))).mode & 0o7777).toBe(0o1777)
  await chmod(join(root, 'tmp'), 0o755)
})

it('is the same bytes each time, and others of another commit', () => {
  expect(writeImage(OPTIONS).equals(writeImage(OPTIONS))).toBe(true)
  expect(writeImage(OPTIONS).equals(writeImage({ ...OPTIONS, commit: 'b'.repeat(40) }))).toBe(false)
})
