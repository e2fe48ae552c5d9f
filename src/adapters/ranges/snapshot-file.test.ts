import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeTempFolder } from '../../../test/support/temp.ts'
import { readSnapshotFile, writeSnapshotFile } from './snapshot-file.ts'

test('a file is replaced whole, and nothing else is left behind', async () => {
  await using folder = await makeTempFolder()
  const file = join(folder.path, 'ranges.bin')
  expect(await readSnapshotFile(file)).toBeUndefined()
  await writeSnapshotFile(file, Uint8Array.of(1, 2, 3))
  await writeSnapshotFile(file, Uint8Array.of(4))
  expect([...(await readSnapshotFile(file))!]).toEqual([4])
  expect(await readdir(folder.path)).toEqual(['ranges.bin'])
})

test('where a file cannot be replaced, the error names it and nothing is left behind', async () => {
  await using folder = await makeTempFolder()
  // A folder cannot be replaced by a file, whoever asks.
  await expect(writeSnapshotFile(folder.path, Uint8Array.of(1))).rejects.toMatchObject({
    code: 'FILE_UNWRITABLE',
    message: expect.stringContaining(`cannot write ${folder.path}: `),
  })
  const missing = join(folder.path, 'missing', 'ranges.bin')
  await expect(writeSnapshotFile(missing, Uint8Array.of(1))).rejects.toMatchObject({
    code: 'FILE_UNWRITABLE',
  })
  expect(await readdir(folder.path)).toEqual([])
  expect(
    (await readdir(join(folder.path, '..'))).filter((name) => name.startsWith('.portolan-test-')),
  ).toEqual([])
})

test('what is no file is an error that names it', async () => {
  await using folder = await makeTempFolder()
  await expect(readSnapshotFile(folder.path)).rejects.toMatchObject({
    code: 'FILE_UNREADABLE',
    message: expect.stringContaining(`cannot read ${folder.path}: `),
  })
  await writeFile(join(folder.path, 'file'), 'x')
  await expect(readSnapshotFile(join(folder.path, 'file', 'ranges.bin'))).rejects.toMatchObject({
    code: 'FILE_UNREADABLE',
  })
  expect(await readFile(join(folder.path, 'file'), 'utf8')).toBe('x')
})
