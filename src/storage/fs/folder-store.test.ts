import { createHash } from 'node:crypto'
import { copyFile, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeTempFolder, type TempFolder } from '../../../test/support/temp.ts'
import { createTestRuntime } from '../../../test/support/test-runtime.ts'
import type { Digest } from '../../oci/digest.ts'
import type { ObjectInfo } from '../object-store.ts'
import { FolderStore } from './folder-store.ts'

const TYPE = { contentType: 'text/plain' }
let temp: TempFolder
let folder: string
let partial: string
let store: FolderStore

beforeEach(async () => {
  temp = await makeTempFolder()
  folder = join(temp.path, 'store')
  partial = join(temp.path, '.portolan-partial/store')
  await mkdir(folder)
  store = new FolderStore(folder, createTestRuntime({ random: Math.random }))
})
afterEach(() => temp[Symbol.asyncDispose]())

async function list(prefix: string): Promise<ObjectInfo[]> {
  const all: ObjectInfo[] = []
  for await (const info of store.list(prefix)) all.push(info)
  return all
}

test.each([
  '../outside',
  'a/../../outside',
  '/etc/passwd',
  'a//b',
  './a',
  'a/',
  '',
  'a\\b',
  'a\0b',
  '.portolan-partial/x',
])('the key %j leads nowhere', async (key) => {
  const refused = { code: 'STORE_REFUSED' }
  await expect(store.put(key, Buffer.from('x'), TYPE)).rejects.toMatchObject(refused)
  await expect(store.upload(key, 1, TYPE)).rejects.toMatchObject(refused)
  await expect((async () => store.stat(key))()).rejects.toMatchObject(refused)
  await expect(store.get(key)).rejects.toMatchObject(refused)
  await expect(store.delete(key)).rejects.toMatchObject(refused)
  expect(await readdir(temp.path)).toEqual(['store'])
})

test('an object is a plain file, and an upload on its way lies beside the folder, where nobody serves it', async () => {
  const upload = await store.upload('containers/images/sha256:ab', 4, TYPE)
  await upload.write(Buffer.from('blob'))
  expect(await readdir(folder)).toEqual([])
  expect(await readdir(partial)).toHaveLength(1)
  expect(await list('')).toEqual([])
  await upload.commit()
  expect(String(await readFile(join(folder, 'containers/images/sha256:ab')))).toBe('blob')
  expect(await readdir(partial)).toEqual([])
})

test('nothing is left beside the objects when an upload is given up or a put fails', async () => {
  const upload = await store.upload('a', 4, TYPE)
  await upload.write(Buffer.from('b'))
  await upload.abort()
  await mkdir(join(folder, 'taken/by'), { recursive: true })
  await expect(store.put('taken', Buffer.from('x'), TYPE)).rejects.toMatchObject({ code: 'STORE_REFUSED' })
  expect(await readdir(partial)).toEqual([])
})

test('an upload goes on at the length of its file', async () => {
  let state = ''
  const save = (next: string) => {
    state = next
  }
  const begun = await store.upload('a', 10, TYPE, { save })
  await begun.write(Buffer.from('0123'))
  await begun.suspend()
  const resumed = await store.upload('a', 10, TYPE, { state, save })
  expect(resumed.offset).toBe(4)
  await resumed.write(Buffer.from('456789'))
  await resumed.commit()
  expect(String(await readFile(join(folder, 'a')))).toBe('0123456789')
})

test('a file that is longer than the object is begun anew', async () => {
  await mkdir(partial, { recursive: true })
  await writeFile(join(partial, 'abc'), 'far too long')
  const upload = await store.upload('a', 2, TYPE, { state: 'abc', save() {} })
  expect(upload.offset).toBe(0)
  await upload.write(Buffer.from('ok'))
  await upload.commit()
  expect(String(await readFile(join(folder, 'a')))).toBe('ok')
})

test('folders, links and what lies under a file are no objects', async () => {
  await writeFile(join(temp.path, 'secret'), 'x')
  await symlink(join(temp.path, 'secret'), join(folder, 'link'))
  await store.put('a/b', Buffer.from('x'), TYPE)
  expect(await store.stat('link')).toBeUndefined()
  expect(await store.get('link')).toBeUndefined()
  expect(await store.stat('a')).toBeUndefined()
  expect(await store.get('a')).toBeUndefined()
  expect(await store.stat('a/b/c')).toBeUndefined()
  expect((await list('')).map(({ key }) => key)).toEqual(['a/b'])
  await store.delete('a/b/c')
})

test('a name that is too long for the file system is refused by name', async () => {
  await expect(store.put('x'.repeat(300), Buffer.from('x'), TYPE)).rejects.toMatchObject({
    code: 'STORE_REFUSED',
    message: expect.stringContaining('ENAMETOOLONG; the name is too long'),
  })
})

test.each<[string, () => Promise<unknown>]>([
  ['put', () => store.put('linked/deep/a', Buffer.from('x'), TYPE)],
  ['replace', () => store.replace('linked/deep/a', Buffer.from('x'), TYPE, undefined)],
  ['upload', () => store.upload('linked/a', 1, TYPE)],
  ['stat', () => store.stat('linked/secret')],
  ['get', () => store.get('linked/secret')],
  ['delete', () => store.delete('linked/secret')],
])('a folder below its root that is a link is refused: %s', async (_, act) => {
  const outside = join(temp.path, 'outside')
  await mkdir(outside)
  await writeFile(join(outside, 'secret'), 'x')
  await symlink(outside, join(folder, 'linked'))
  await expect(act()).rejects.toMatchObject({
    code: 'STORE_REFUSED',
    message: expect.stringContaining('"linked" is a symbolic link'),
  })
  expect(await readdir(outside)).toEqual(['secret'])
})

test('the root itself may be a link', async () => {
  await symlink(folder, join(temp.path, 'link'))
  const linked = new FolderStore(join(temp.path, 'link'), createTestRuntime({ random: Math.random }))
  await linked.put('a/b', Buffer.from('x'), TYPE)
  expect(String(await readFile(join(folder, 'a/b')))).toBe('x')
})

test('whoever names the folder otherwise has its uploads at the same place', async () => {
  await mkdir(join(temp.path, 'elsewhere'))
  await symlink(folder, join(temp.path, 'elsewhere/link'))
  const linked = new FolderStore(
    join(temp.path, 'elsewhere/link'),
    createTestRuntime({ random: Math.random }),
  )
  await linked.upload('a', 4, TYPE)
  expect(await readdir(partial)).toHaveLength(1)
})

test('uploads lie where the config says, and what an earlier version has left in the folder is gone', async () => {
  await mkdir(join(folder, '.portolan-partial'))
  await writeFile(join(folder, '.portolan-partial/abc-1'), 'half a blo')
  const given = join(temp.path, 'uploads')
  const other = new FolderStore(folder, createTestRuntime({ random: Math.random }), given)
  const upload = await other.upload('a', 4, TYPE)
  expect(await readdir(folder)).toEqual([])
  expect(await readdir(given)).toHaveLength(1)
  await upload.write(Buffer.from('blob'))
  await upload.commit()
  expect(await readdir(folder)).toEqual(['a'])
})

test.each([
  ['in the folder', () => join(folder, 'uploads'), /which is in it, and so is served; name another/],
  ['in it by a link', () => join(temp.path, 'link/uploads'), /which is in it, and so is served/],
  ['on another file system', () => '/dev/shm/portolan-test', /which is on another file system; name another/],
  ['where nothing can be made', () => join(temp.path, 'file/uploads'), /which cannot be made \(ENOTDIR\)/],
])('uploads that would lie %s are refused, and nothing is written', async (_, given, message) => {
  await symlink(folder, join(temp.path, 'link'))
  await writeFile(join(temp.path, 'file'), '')
  const other = new FolderStore(folder, createTestRuntime({ random: Math.random }), given())
  const refused = { code: 'STORE_REFUSED', message: expect.stringMatching(message) }
  await expect(other.put('a', Buffer.from('x'), TYPE)).rejects.toMatchObject(refused)
  await expect(other.replace('a', Buffer.from('x'), TYPE, undefined)).rejects.toMatchObject(refused)
  expect(await list('')).toEqual([])
})

test('two uploads that go on with one state write files of their own', async () => {
  let state = ''
  const save = (next: string) => {
    state ||= next
  }
  const first = await store.upload('a', 8, TYPE, { save })
  await first.write(Buffer.from('0123'))
  const second = await store.upload('a', 8, TYPE, { state, save })
  expect(second.offset).toBe(4)
  await second.write(Buffer.from('4567'))
  await second.commit()
  await first.write(Buffer.from('4567'))
  expect(String(await readFile(join(folder, 'a')))).toBe('01234567')
})

test.each<[string, boolean, (file: string) => Promise<string>]>([
  ['the very file, where it may be', true, async (file) => file],
  ['a copy, where it may not', false, async (file) => file],
  [
    'a copy, from another file system',
    true,
    async (file) => {
      const elsewhere = `/dev/shm/portolan-${process.pid}`
      await copyFile(file, elsewhere)
      return elsewhere
    },
  ],
])('an upload can begin with a file: it is %s', async (_, mayBeIt, where) => {
  const mine = join(temp.path, 'mine')
  await writeFile(mine, 'blob')
  const path = await where(mine)
  const digest = `sha256:${createHash('sha256').update('blob').digest('hex')}` as Digest
  const upload = await store.upload('a/b', 4, TYPE, { digest, save() {}, file: { path, mayBeIt } })
  expect(upload.offset).toBe(4)
  await upload.commit()
  expect(await readFile(join(folder, 'a/b'), 'utf8')).toBe('blob')
  expect((await stat(join(folder, 'a/b'))).ino === (await stat(mine)).ino).toBe(mayBeIt && path === mine)
  await rm(path)
  expect(await readFile(join(folder, 'a/b'), 'utf8')).toBe('blob')
  expect(await readdir(partial)).toEqual([])
})

test('an upload that was to begin with a file that is gone begins with nothing, and a copy that is not as its file gets no name', async () => {
  const gone = await store.upload('a', 4, TYPE, {
    ...{ save() {}, file: { path: join(temp.path, 'gone'), mayBeIt: true } },
  })
  expect(gone.offset).toBe(0)
  await gone.abort()
  await writeFile(join(temp.path, 'mine'), 'blob')
  const digest = `sha256:${createHash('sha256').update('blob').digest('hex')}` as Digest
  const file = { path: join(temp.path, 'mine'), mayBeIt: false }
  const wrong = await store.upload('a', 4, TYPE, { digest, save() {}, file })
  const [copy] = await readdir(partial)
  await writeFile(join(partial, copy!), 'bloc')
  await expect(wrong.commit()).rejects.toMatchObject({ code: 'CONTENT_INVALID' })
  await wrong.abort()
  expect(await list('')).toEqual([])
})

test('what is not what its digest says never gets its name', async () => {
  const digest = `sha256:${createHash('sha256').update('right').digest('hex')}` as Digest
  const upload = await store.upload('a', 5, TYPE, { digest, save() {} })
  await upload.write(Buffer.from('wrong'))
  await expect(upload.commit()).rejects.toMatchObject({
    code: 'CONTENT_INVALID',
    message: expect.stringContaining(`expected ${digest}`),
  })
  await upload.abort()
  expect(await list('')).toEqual([])
})
