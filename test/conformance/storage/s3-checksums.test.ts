import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Digest } from '../../../src/oci/digest.ts'
import type { ObjectStore } from '../../../src/storage/object-store.ts'
import { openStore } from '../../../src/storage/open-store.ts'
import { type S3Lie, type ScriptedS3, startScriptedS3 } from '../../support/s3-server-scripted.ts'
import { lend } from './lent.ts'
import { bytesOf, readAll, writeFrom } from './suite.ts'

const TYPE = { contentType: 'application/octet-stream' }
const SIZES = [0, 1000, 8 * 1024 * 1024 + 1000]

let server: ScriptedS3
let store: ObjectStore
beforeEach(async () => {
  server = await startScriptedS3()
  store = await open('auto')
})
afterEach(async () => {
  await store.close()
  await server[Symbol.asyncDispose]()
})

function open(checksum: 'auto' | 'sha256' | 'md5' | 'off'): Promise<ObjectStore> {
  const fill = { kind: 's3', bucket: server.bucket, endpoint: server.origin, prefix: '', checksum } as const
  return openStore(fill, lend(server.environment))
}

/** Whether each of some uploads is confirmed; all of them have to arrive. */
async function uploadAll(): Promise<boolean[]> {
  const confirmed: boolean[] = []
  for (const size of SIZES) {
    const upload = await store.upload(`key-${size}`, size, TYPE)
    await writeFrom(upload, bytesOf('checked', size))
    confirmed.push(await upload.commit())
    expect((await readAll(await store.get(`key-${size}`)))?.equals(bytesOf('checked', size))).toBe(true)
  }
  return confirmed
}

/** The headers of what was written under keys of ours, but not on trial. */
function watchWrites(): { sha256: number; md5: number; none: number } {
  const seen = { sha256: 0, md5: 0, none: 0 }
  server.onRequest = ({ method, url, headers }: IncomingMessage) => {
    if (method !== 'PUT' || url?.includes('/portolan/')) return
    if (headers['x-amz-checksum-sha256'] !== undefined) seen.sha256++
    else if (headers['content-md5'] !== undefined) seen.md5++
    else seen.none++
  }
  return seen
}

test.each<[lie: S3Lie | undefined, kind: 'sha256' | 'md5' | 'none', confirmed: boolean]>([
  [undefined, 'sha256', true],
  ['a demand for checksums', 'sha256', true],
  ['no answer with a checksum', 'sha256', false],
  ['501 for checksums but MD5', 'md5', true],
  ['a demand for MD5', 'md5', true],
  ['no notion of checksums', 'none', false],
  ['any checksum taken for right', 'none', false],
  ['500 for checksums', 'none', false],
])('with %s, uploads go with %s, and are confirmed: %s', async (lie, kind, confirmed) => {
  server.lie = lie
  const seen = watchWrites()
  expect(await uploadAll()).toEqual(SIZES.map(() => confirmed))
  // Of the large one, two parts.
  expect(seen).toEqual({ sha256: 0, md5: 0, none: 0, [kind]: 4 })
  expect([...server.objects.keys()].filter((key) => !key.startsWith('key-'))).toEqual([])
})

test.each<['sha256' | 'md5' | 'off', 'sha256' | 'md5' | 'none']>([
  ['sha256', 'sha256'],
  ['md5', 'md5'],
  ['off', 'none'],
])('a config that says %s needs no trial', async (setting, kind) => {
  store = await open(setting)
  const seen = watchWrites()
  expect(await uploadAll()).toEqual(SIZES.map(() => setting !== 'off'))
  expect(seen).toEqual({ sha256: 0, md5: 0, none: 0, [kind]: 4 })
  expect(server.requests.filter((request) => request.includes('/portolan/'))).toEqual([])
})

test('every part is signed by the hash of what it brings, large ones too, whose checksum that is', async () => {
  const signed: unknown[] = []
  server.onRequest = ({ method, url, headers }: IncomingMessage) => {
    if (method === 'PUT' && !url?.includes('/portolan/')) signed.push(headers['x-amz-content-sha256'])
  }
  await uploadAll()
  const sum = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
  const [none, small, large] = SIZES.map((size) => bytesOf('checked', size)) as [Buffer, Buffer, Buffer]
  const part = 8 * 1024 * 1024
  expect(signed).toEqual([none, small, large.subarray(0, part), large.subarray(part)].map(sum))
})

test('what is tried is tried once, also by many at once, and not for a small object alone', async () => {
  await store.put('small', Buffer.from('x'), TYPE)
  expect(server.requests.filter((request) => request.includes('/portolan/'))).toEqual([])
  await Promise.all(SIZES.map((size) => store.upload(`key-${size}`, size, TYPE)))
  const tried = server.requests.filter((request) => request.includes('/portolan/'))
  expect(tried.map((request) => request.split(' ')[0])).toEqual(['PUT', 'PUT', 'DELETE'])
})

test('of a small object that is content, the checksum is confirmed', async () => {
  const digest = `sha256:${createHash('sha256').update('x').digest('hex')}` as Digest
  expect(await store.put('small', Buffer.from('x'), TYPE, digest)).toBe(true)
})

test('a small object is written where a checksum is demanded, too', async () => {
  server.lie = 'a demand for checksums'
  expect(await store.put('small', Buffer.from('x'), TYPE)).toBe(true)
  expect(await store.put('small', Buffer.from('y'), TYPE)).toBe(true)
  expect(await store.replace('other', Buffer.from('z'), TYPE, undefined)).toBe(true)
  expect(await store.replace('other', Buffer.from('z'), TYPE, undefined)).toBe(false)
})

test('what a bucket demands and nobody can give is told as the bucket says it', async () => {
  store = await open('off')
  server.lie = 'a demand for checksums'
  await expect(store.put('small', Buffer.from('x'), TYPE)).rejects.toMatchObject({
    code: 'STORE_REFUSED',
    message: expect.stringMatching(/InvalidRequest, 400/),
  })
})

test('a trial that gets no answer is made again', async () => {
  server.lie = '503 for everything'
  await expect(store.upload('key', 1, TYPE)).rejects.toMatchObject({ code: 'UNREACHABLE' })
  server.lie = undefined
  expect(await uploadAll()).toEqual(SIZES.map(() => true))
})

test('what goes on from another process is confirmed as a whole', async () => {
  const size = SIZES.at(-1)!
  let state = ''
  const save = (next: string) => {
    state = next
  }
  const earlier = await store.upload('key', size, TYPE, { save })
  await writeFrom(earlier, bytesOf('checked', size), 8 * 1024 * 1024 + 1)
  await earlier.suspend()
  const other = await open('auto')
  const upload = await other.upload('key', size, TYPE, { save, state })
  expect(upload.offset).toBeGreaterThan(0)
  await writeFrom(upload, bytesOf('checked', size))
  expect(await upload.commit()).toBe(true)
  await other.close()
})

test('parts that went with another checksum are not gone on with', async () => {
  const size = SIZES.at(-1)!
  let state = ''
  const save = (next: string) => {
    state = next
  }
  const earlier = await store.upload('key', size, TYPE, { save })
  await writeFrom(earlier, bytesOf('checked', size), 8 * 1024 * 1024 + 1)
  await earlier.suspend()
  const other = await open('md5')
  expect((await other.upload('key', size, TYPE, { save, state })).offset).toBe(0)
  await other.close()
})
