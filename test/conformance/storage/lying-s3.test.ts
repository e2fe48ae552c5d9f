import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ObjectStore } from '../../../src/storage/object-store.ts'
import { openStore } from '../../../src/storage/open-store.ts'
import { type S3Lie, type ScriptedS3, startScriptedS3 } from '../../support/s3-server-scripted.ts'
import { lend } from './lent.ts'
import { bytesOf, collect, readAll, writeFrom } from './suite.ts'

const TYPE = { contentType: 'application/octet-stream' }
const PART = 8 * 1024 * 1024
const LARGE = 2 * PART + 1000

let server: ScriptedS3
let store: ObjectStore
beforeEach(async () => {
  server = await startScriptedS3()
  const fill = { kind: 's3', bucket: server.bucket, endpoint: server.origin, prefix: 'p' } as const
  store = await openStore(fill, lend(server.environment))
})
afterEach(async () => {
  await store.close()
  await server[Symbol.asyncDispose]()
})

async function upload(bytes: Uint8Array): Promise<void> {
  const upload = await store.upload('key', bytes.length, TYPE)
  await writeFrom(upload, bytes)
  await upload.commit()
}

describe('is refused:', () => {
  test.each<[S3Lie, RegExp]>([
    ['a truncated listing without a token', /cut short/],
    ['a listing that counts more than it shows', /cut short/],
    ['a listing that ends in the middle', /cannot be read/],
    ['a listing that begins again and again', /listed after/],
    ['a listing of other keys', /listed below/],
    ['a listing without order', /listed after/],
    ['a page of HTML', /cut short|cannot be read/],
  ])('%s', async (lie, message) => {
    for (let at = 0; at < 150; at++) await store.put(`many/${at}`, Buffer.from('x'), TYPE)
    server.lie = lie
    await expect(collect(store.list('many/'))).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      message: expect.stringMatching(message),
    })
  })

  test.each<[S3Lie, string]>([
    ['the whole object for a range', 'CONTENT_INVALID'],
    ['another range', 'CONTENT_INVALID'],
    ['half an object', 'UNREACHABLE'],
  ])('%s', async (lie, code) => {
    await store.put('key', bytesOf('range', 100_000), TYPE)
    server.lie = lie
    const read = async () => readAll(await store.get('key', { start: 10, end: 90_000 }))
    await expect(read()).rejects.toMatchObject({ name: 'PortolanError', code })
  })

  test.each<[S3Lie, string]>([
    ['a part without an ETag', 'CONTENT_INVALID'],
    ['an error in a 200', 'UNREACHABLE'],
    ['an upload that is gone', 'STORE_REFUSED'],
    ['503 for everything', 'UNREACHABLE'],
  ])('%s, with nothing left under the key', async (lie, code) => {
    const begun = await store.upload('key', LARGE, TYPE)
    server.lie = lie
    const write = async () => {
      await writeFrom(begun, bytesOf('part', LARGE))
      await begun.commit()
    }
    await expect(write()).rejects.toMatchObject({ name: 'PortolanError', code })
    server.lie = undefined
    await begun.abort()
    expect(await store.stat('key')).toBeUndefined()
    expect(server.uploads.size).toBe(0)
  })
})

test('a HEAD that is forbidden is neither present nor absent, and says which permission is missing', async () => {
  await store.put('key', Buffer.from('x'), TYPE)
  server.lie = '403 for HEAD'
  await expect(store.stat('key')).rejects.toMatchObject({
    code: 'STORE_REFUSED',
    message: expect.stringMatching(/s3:GetObject.*s3:ListBucket/),
  })
})

test('a host that finds nothing at all is no empty bucket', async () => {
  server.lie = '404 for everything'
  await expect(store.stat('key')).rejects.toMatchObject({ code: 'STORE_REFUSED' })
})

test('a store that knows no conditions is written to without any, and asked but once', async () => {
  server.lie = 'no notion of conditions'
  await upload(bytesOf('small', 100))
  await store.delete('key')
  const before = server.requests.length
  await upload(bytesOf('large', LARGE))
  expect((await readAll(await store.get('key')))?.equals(bytesOf('large', LARGE))).toBe(true)
  expect(server.requests.slice(before).filter((request) => request.startsWith('POST')).length).toBe(2)
})

test('what somebody else wrote meanwhile stays, and nothing is left of the upload', async () => {
  const begun = await store.upload('key', LARGE, TYPE)
  await writeFrom(begun, bytesOf('mine', LARGE))
  await store.put('key', Buffer.from('theirs'), TYPE)
  await begun.commit()
  expect(String(await readAll(await store.get('key')))).toBe('theirs')
  expect(server.uploads.size).toBe(0)
})

test('a completion whose answer was lost is found to have been one', async () => {
  const begun = await store.upload('key', LARGE, TYPE)
  await writeFrom(begun, bytesOf('lost', LARGE))
  server.lie = 'a lost answer to the completion'
  await begun.commit()
  expect((await readAll(await store.get('key')))?.equals(bytesOf('lost', LARGE))).toBe(true)
})

test.each<[S3Lie | undefined, number]>([
  [undefined, 2 * PART],
  ['other ETags in the list of parts', PART],
  ['no list of parts', 0],
  ['an upload that is gone', 0],
])('an upload goes on after what the store can show: with %s, from byte %i', async (lie, offset) => {
  const bytes = bytesOf('resumed', LARGE)
  let state = ''
  const save = (next: string) => {
    state = next
  }
  const begun = await store.upload('key', LARGE, TYPE, { save })
  await writeFrom(begun, bytes)
  await begun.suspend()
  server.lie = lie
  const resumed = await store.upload('key', LARGE, TYPE, { state, save })
  server.lie = undefined
  expect(resumed.offset).toBe(offset)
  await writeFrom(resumed, bytes)
  await resumed.commit()
  expect((await readAll(await store.get('key')))?.equals(bytes)).toBe(true)
})

test('bytes go out with their length and as they are, never in signed chunks', async () => {
  const sent: (string | undefined)[] = []
  server.onRequest = ({ method, url, headers }) => {
    if (method !== 'PUT' || url?.includes('/portolan/')) return
    sent.push(headers['content-length'], headers['content-encoding'], headers['transfer-encoding'])
  }
  await upload(bytesOf('small', 100))
  await store.delete('key')
  await upload(bytesOf('large', LARGE))
  expect(sent.filter((_, at) => at % 3 === 0)).toEqual(['100', String(PART), String(PART), '1000'])
  expect(sent.filter((_, at) => at % 3 !== 0).every((value) => value === undefined)).toBe(true)
})
