import { expect, test } from 'vitest'
import { PortolanError } from '../../errors.ts'
import { silentLog } from '../../telemetry/log.ts'
import { WatchedFile } from './watched-file.ts'

/** A file whose reading the test decides, and how often it was read. */
async function watch() {
  const disk = { print: '1', read: async (): Promise<string> => 'first', reads: 0 }
  const file = await WatchedFile.open(
    '/file',
    () => {
      disk.reads++
      return disk.read()
    },
    { storage: { print: async () => disk.print }, log: silentLog },
  )
  disk.reads = 0
  return { disk, file }
}

const fails = (error: Error) => () => Promise.reject(error)

test.each<[string, Error, number]>([
  ['what is wrong with it stays wrong', new PortolanError('CONTENT_INVALID', 'is no JSON'), 1],
  ['what keeps it from being read may pass', new Error('EACCES'), 3],
])('of a file that has changed and cannot be used, %s', async (_, error, reads) => {
  const { disk, file } = await watch()
  Object.assign(disk, { print: '2', read: fails(error) })
  for (let look = 0; look < 3; look++) await file.look()
  expect({ reads: disk.reads, value: file.value }).toEqual({ reads, value: 'first' })
  Object.assign(disk, { print: '3', read: async () => 'second' })
  await file.look()
  expect(file.value).toBe('second')
})

test('looks that come while one is under way wait for that', async () => {
  const { disk, file } = await watch()
  const { promise, resolve } = Promise.withResolvers<string>()
  Object.assign(disk, { print: '2', read: () => promise })
  const looks = [file.look(), file.look(), file.look()]
  resolve('second')
  await Promise.all(looks)
  expect({ reads: disk.reads, value: file.value }).toEqual({ reads: 1, value: 'second' })
})
