import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Runtime } from '../../../src/runtime.ts'
import type { ObjectStore } from '../../../src/storage/object-store.ts'
import { openStore } from '../../../src/storage/open-store.ts'
import { type GcsLie, type ScriptedGcs, startScriptedGcs } from '../../support/fake-gcs-scripted.ts'
import { lend } from './lent.ts'
import { bytesOf, collect, readAll, writeFrom } from './suite.ts'

const TYPE = { contentType: 'application/octet-stream' }
const LARGE = 16 * 1024 * 1024 + 1000

let server: ScriptedGcs
let store: ObjectStore
beforeEach(async () => {
  server = await startScriptedGcs()
  const fill = { kind: 'gcs', bucket: server.bucket, endpoint: server.origin, prefix: 'p' } as const
  store = await openStore(fill, lend())
})
afterEach(() => server[Symbol.asyncDispose]())

async function uploadWith(lie: GcsLie): Promise<void> {
  const begun = await store.upload('key', LARGE, TYPE)
  server.lie = lie
  await writeFrom(begun, bytesOf('gcs', LARGE))
  await begun.commit()
}

test.each<GcsLie>(['half of each chunk kept', 'a cut after each chunk', '503 once', 'half an answer once'])(
  'an upload gets through in spite of %s',
  async (lie) => {
    await uploadWith(lie)
    server.lie = undefined
    expect((await readAll(await store.get('key')))?.equals(bytesOf('gcs', LARGE))).toBe(true)
  },
)

test.each<[GcsLie, string]>([
  ['nothing kept', 'CONTENT_INVALID'],
  ['more kept than sent', 'CONTENT_INVALID'],
  ['sessions forgotten', 'STORE_REFUSED'],
  ['403 for everything', 'STORE_REFUSED'],
])('an upload breaks at %s, and nobody sees a thing', async (lie, code) => {
  await expect(uploadWith(lie)).rejects.toMatchObject({ name: 'PortolanError', code })
  server.lie = undefined
  expect(await store.stat('key')).toBeUndefined()
})

test('bytes go to nobody but the endpoint', async () => {
  server.lie = 'a session elsewhere'
  await expect(store.upload('key', LARGE, TYPE)).rejects.toMatchObject({ code: 'CONTENT_INVALID' })
})

test('what somebody else wrote meanwhile stays', async () => {
  const begun = await store.upload('key', LARGE, TYPE)
  await writeFrom(begun, bytesOf('mine', LARGE))
  await store.put('key', Buffer.from('theirs'), TYPE)
  await begun.commit()
  expect(String(await readAll(await store.get('key')))).toBe('theirs')
})

describe('is refused:', () => {
  test.each<GcsLie>(['a page of HTML', 'a listing that begins again and again', 'a size that is none'])(
    '%s',
    async (lie) => {
      for (let at = 0; at < 150; at++) await store.put(`many/${at}`, Buffer.from('x'), TYPE)
      server.lie = lie
      const ask = async () => [await store.stat('many/0'), await collect(store.list('many/'))]
      await expect(ask()).rejects.toMatchObject({ code: 'CONTENT_INVALID' })
    },
  )
})

test.each([
  ['small', 1000],
  ['large', LARGE],
])('an upload that is %s is confirmed by its MD5', async (_, size) => {
  const begun = await store.upload('key', size, TYPE)
  await writeFrom(begun, bytesOf('gcs', size))
  expect(await begun.commit()).toBe(true)
})

test('of an upload that an earlier process began, nothing is confirmed', async () => {
  let state = ''
  const save = (next: string) => {
    state = next
  }
  const earlier = await store.upload('key', LARGE, TYPE, { save })
  await writeFrom(earlier, bytesOf('gcs', LARGE), 9 * 1024 * 1024)
  await earlier.suspend()
  const begun = await store.upload('key', LARGE, TYPE, { save, state })
  expect(begun.offset).toBeGreaterThan(0)
  await writeFrom(begun, bytesOf('gcs', LARGE))
  expect(await begun.commit()).toBe(false)
})

test('a small object is one request after the one that looks', async () => {
  await store.upload('other', 1, TYPE)
  server.requests.length = 0
  const begun = await store.upload('key', 1000, TYPE)
  await writeFrom(begun, bytesOf('gcs', 1000))
  await begun.commit()
  expect(server.requests.map((request) => request.split(' ')[0])).toEqual(['GET', 'POST'])
})

test('an answer that stalls in the middle is not waited for without end', async () => {
  const { runtime } = lend()
  const hasty: Runtime = { ...runtime, after: (_, callback) => runtime.after(100, callback) }
  const fill = { kind: 'gcs', bucket: server.bucket, endpoint: server.origin, prefix: '' } as const
  const hurried = await openStore(fill, { ...lend(), runtime: hasty })
  server.lie = 'half an answer, and silence'
  await expect(collect(hurried.list(''))).rejects.toMatchObject({ code: 'UNREACHABLE' })
})

test('the permission that is missing is named', async () => {
  server.lie = '403 for everything'
  await expect(store.stat('key')).rejects.toThrow(/storage\.objects\.get/)
  await expect(collect(store.list(''))).rejects.toThrow(/storage\.objects\.list/)
})
