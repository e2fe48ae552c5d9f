import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeTempFolder, type TempFolder } from '../../../test/support/temp.ts'
import { SlicedFile } from './sliced-file.ts'

const numberOf = (name: string) => (/^\d\.part$/.test(name) ? Number(name[0]) : undefined)
const slicing = (size: number | undefined) => ({
  nameOf: (number: number) => `${number}.part`,
  numberOf,
  size,
})
const bytes = (text: string) => new TextEncoder().encode(text)
const text = (read: Uint8Array) => new TextDecoder().decode(read)

let folder: TempFolder
beforeEach(async () => {
  folder = await makeTempFolder()
})
afterEach(() => folder[Symbol.asyncDispose]())

const inFolder = async () => {
  const names = (await readdir(folder.path)).sort()
  return Promise.all(names.map((name) => readFile(join(folder.path, name), 'utf8')))
}

describe('a sliced file', () => {
  it.each([
    [undefined, ['abcdefghij']],
    [4, ['abcd', 'efgh', 'ij']],
    [5, ['abcde', 'fghij']],
    [10, ['abcdefghij']],
    [11, ['abcdefghij']],
  ])('of %s bytes a slice is cut there, whatever comes at once', async (size, slices) => {
    const file = await SlicedFile.open(folder.path, slicing(size))
    for (const piece of ['abc', '', 'defghi', 'j']) await file.append(bytes(piece))
    const read = [await file.read(3, 9), await file.read(8, 99)]
    expect(await inFolder()).toEqual(slices)
    expect([file.length, ...read.map(text)]).toEqual([10, 'defghi', 'ij'])
    await file.finish()
    const again = await SlicedFile.open(folder.path, slicing(size))
    await again.append(bytes('k'))
    expect(text(await again.read(0, 99))).toBe('abcdefghijk')
    await again.close()
  })

  it.each([
    [0, []],
    [3, ['abc']],
    [4, ['abcd']],
    [6, ['abcd', 'ef']],
    [10, ['abcd', 'efgh', 'ij']],
  ])('is cut off at %i, and goes on there', async (length, slices) => {
    const file = await SlicedFile.open(folder.path, slicing(4))
    await file.append(bytes('abcdefghij'))
    await file.truncate(length)
    expect(await inFolder()).toEqual(slices)
    await file.append(bytes('XYZ'))
    expect(text(await file.read(0, 99))).toBe(`${'abcdefghij'.slice(0, length)}XYZ`)
    await file.close()
  })

  it('is not opened without a slice, or with one that is too short or too long', async () => {
    const file = await SlicedFile.open(folder.path, slicing(4))
    await file.append(bytes('abcdefghij'))
    await file.close()
    const opening = () => SlicedFile.open(folder.path, slicing(4))
    await writeFile(join(folder.path, '3.part'), 'ijklm')
    await expect(opening()).rejects.toThrow(/3\.part: it has 5 bytes; expected 4/)
    await truncate(join(folder.path, '2.part'), 3)
    await expect(opening()).rejects.toThrow(/2\.part: it has 3 bytes; expected 4/)
    await rm(join(folder.path, '1.part'))
    await expect(opening()).rejects.toThrow(/1\.part: it is not there, though there are later parts/)
    await expect(SlicedFile.open(folder.path, slicing(undefined))).rejects.toThrow(/1\.part/)
  })

  it('is spoilt by nobody who writes it at the same time', async () => {
    const [mine, theirs] = [
      await SlicedFile.open(folder.path, slicing(4)),
      await SlicedFile.open(folder.path, slicing(4)),
    ]
    await mine.append(bytes('abcdef'))
    await mine.read(0, 6)
    await theirs.append(bytes('XYZ'))
    await expect(theirs.append(bytes('XYZ'))).rejects.toThrow(/another process writes it/)
    await expect(theirs.truncate(0)).rejects.toThrow(/another process writes it/)
    await mine.append(bytes('ghij'))
    await mine.finish()
    expect(await inFolder()).toEqual(['abcd', 'efgh', 'ij'])
    await theirs.close()
  })
})
