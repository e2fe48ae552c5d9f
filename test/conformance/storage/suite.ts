import { createCipheriv } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PortolanError } from '../../../src/errors.ts'
import type { ObjectHeaders, ObjectStore, Upload } from '../../../src/storage/object-store.ts'

/** A place that drivers can be opened on, again and again. */
export interface Place extends AsyncDisposable {
  open(): Promise<ObjectStore>
  /** A driver of the same place with wrong credentials. */
  openRefused?(): Promise<ObjectStore>
  /** A driver of a bucket, container or folder that is not there. */
  openMissing?(): Promise<ObjectStore>
  /** Ends the server for good. */
  stop?(): Promise<void>
}

/** What some stores cannot do, whatever their driver does. */
export type Lack =
  | 'content types'
  | 'a key that is the folder of others'
  | 'a range of the first byte'
  | 'order'
  | 'pages'
  | 'news of an upload'
  | 'writes that are whole'
  | 'conditions'
  | 'credentials'
  | 'missing places'
  | 'a server'

export interface Traits {
  readonly lacks?: readonly Lack[]
  /** What must not turn up in a message. */
  readonly secrets?: readonly string[]
}

const MIB = 1024 * 1024
/** Of every driver, for objects that are not huge. */
const PART = 8 * MIB

/** Of an object without bytes. */
const EMPTY_RANGES = [
  [0, 1],
  [0, 1000],
  [5, 6],
] as const

const TYPE: ObjectHeaders = { contentType: 'application/vnd.test+json', cacheControl: 'public, max-age=60' }

/** Bytes that repeat nowhere, the same for the same label. */
export function bytesOf(label: string, size: number): Buffer {
  const cipher = createCipheriv('aes-128-ctr', label.padEnd(16).slice(0, 16), Buffer.alloc(16))
  return cipher.update(Buffer.alloc(size))
}

export async function readAll(body: ReadableStream<Uint8Array> | undefined): Promise<Buffer | undefined> {
  return body && Buffer.concat(await collect(body))
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

/** Writes in pieces that fit no boundary. */
export async function writeFrom(upload: Upload, bytes: Uint8Array, end = bytes.length): Promise<void> {
  const piece = 300_007
  for (let at = upload.offset; at < end; at += piece) {
    // The driver copies what it keeps, so that nobody minds what becomes of the piece.
    const lent = Buffer.from(bytes.subarray(at, Math.min(at + piece, end)))
    await upload.write(lent)
    lent.fill(0)
  }
}

async function keysOf(store: ObjectStore, prefix: string): Promise<string[]> {
  return (await collect(store.list(prefix))).map(({ key }) => key)
}

/** Whether two contents are one, without a diff of millions of bytes. */
function expectBytes(actual: Buffer | undefined, expected: Buffer): void {
  expect(actual?.length).toBe(expected.length)
  expect(actual?.equals(expected)).toBe(true)
}

/** Every driver passes these cases. */
export function describeStore(name: string, start: () => Promise<Place>, traits: Traits = {}): void {
  const { lacks = [], secrets = [] } = traits
  const has = (what: Lack) => !lacks.includes(what)
  const contentType = has('content types') ? TYPE.contentType : undefined
  let place: Place
  let store: ObjectStore
  beforeAll(async () => {
    place = await start()
    store = await place.open()
  }, 60_000)
  afterAll(async () => {
    await store?.close()
    await place?.[Symbol.asyncDispose]()
  })
  const read = async (key: string, range?: { start: number; end: number }) =>
    readAll(await store.get(key, range))
  const uploadWhole = async (key: string, bytes: Buffer) => {
    const upload = await store.upload(key, bytes.length, TYPE)
    await writeFrom(upload, bytes)
    await upload.commit()
  }

  describe.runIf(has('conditions'))(`conditional writes of ${name}`, () => {
    const small = (text: string) => Buffer.from(text)

    test('put an object only where there is none, or over the very one that was read', async () => {
      const key = 'conditions/one'
      expect(await store.read(key, 100)).toBeUndefined()
      expect(await store.replace(key, small('first'), TYPE, undefined)).toBe(true)
      expect(await store.replace(key, small('late'), TYPE, undefined)).toBe(false)
      const first = (await store.read(key, 100))!
      expect(String(Buffer.from(first.bytes))).toBe('first')
      expect(await store.replace(key, small('second'), TYPE, first.version)).toBe(true)
      expect(await store.replace(key, small('late'), TYPE, first.version)).toBe(false)
      expect(String(await read(key))).toBe('second')
      expect((await store.stat(key))!.contentType).toBe(contentType)
    })

    test('go to one of many who come at once', async () => {
      const key = 'conditions/race'
      await store.put(key, small('before'), TYPE)
      const { version } = (await store.read(key, 100))!
      const written = await Promise.all(
        Array.from({ length: 5 }, (_, index) => store.replace(key, small(`by ${index}`), TYPE, version)),
      )
      expect(written.filter(Boolean)).toHaveLength(1)
      expect(String(await read(key))).toBe(`by ${written.indexOf(true)}`)
    })

    test('are refused over what was deleted', async () => {
      const key = 'conditions/gone'
      await store.put(key, small('before'), TYPE)
      const { version } = (await store.read(key, 100))!
      await store.delete(key)
      expect(await store.replace(key, small('after'), TYPE, version)).toBe(false)
    })
  })

  describe(`objects of ${name}`, () => {
    test('that are small are read whole, with a limit', async () => {
      await store.put('objects/small', Buffer.from('small'), TYPE)
      expect(String(Buffer.from((await store.read('objects/small', 5))!.bytes))).toBe('small')
      await expect(store.read('objects/small', 4)).rejects.toMatchObject({ code: 'CONTENT_INVALID' })
    })

    test('come back as they were put, with what is known of them', async () => {
      const bytes = bytesOf('object', 100_000)
      const before = Date.now()
      await store.put('objects/one', bytes, TYPE)
      expectBytes(await read('objects/one'), bytes)
      const info = (await store.stat('objects/one'))!
      expect(info).toMatchObject({ key: 'objects/one', size: 100_000 })
      expect(info.contentType).toBe(contentType)
      expect(Math.abs(info.modified - before)).toBeLessThan(60_000)
    })

    test('are replaced as a whole', async () => {
      await store.put('objects/replaced', Buffer.from('the first, which is longer'), TYPE)
      await store.put('objects/replaced', Buffer.from('the second'), TYPE)
      expect(String(await read('objects/replaced'))).toBe('the second')
    })

    test('can be empty', async () => {
      await store.put('objects/empty', new Uint8Array(), TYPE)
      expect((await store.stat('objects/empty'))?.size).toBe(0)
      expect((await read('objects/empty'))?.length).toBe(0)
      for (const [start, end] of has('a range of the first byte') ? EMPTY_RANGES : []) {
        expect((await read('objects/empty', { start, end }))?.length).toBe(0)
      }
    })

    test('can be empty uploads, which end like any other', async () => {
      const upload = await store.upload('objects/nothing', 0, TYPE)
      await upload.commit()
      expect((await store.stat('objects/nothing'))?.size).toBe(0)
      expect((await read('objects/nothing'))?.length).toBe(0)
      const again = await store.upload('objects/nothing', 0, TYPE)
      await again.commit()
      expect((await read('objects/nothing'))?.length).toBe(0)
    })

    test.each([
      ...(has('a range of the first byte') ? [[0, 1] as [number, number]] : []),
      [0, 1000],
      [1, 2],
      [500, 1000],
      [999, 1000],
      [999, 5000],
      [0, 0],
      [7, 7],
      [1000, 1001],
      [5000, 6000],
    ])('give the bytes from %i to %i', async (start, end) => {
      const bytes = bytesOf('ranges', 1000)
      await store.put('objects/ranges', bytes, TYPE)
      expectBytes(await read('objects/ranges', { start, end }), bytes.subarray(start, end))
    })

    test('that are missing are nothing, for whoever asks', async () => {
      expect(await store.stat('missing/object')).toBeUndefined()
      expect(await store.get('missing/object')).toBeUndefined()
      expect(await store.get('missing/object', { start: 0, end: 10 })).toBeUndefined()
      expect(await store.get('missing/object', { start: 3, end: 3 })).toBeUndefined()
    })

    test('can be deleted, and deleted again', async () => {
      await store.put('objects/deleted', Buffer.from('x'), TYPE)
      await store.delete('objects/deleted')
      expect(await store.stat('objects/deleted')).toBeUndefined()
      await store.delete('objects/deleted')
    })

    test('can be left in the middle of reading', async () => {
      await store.put('objects/left', bytesOf('left', 4 * MIB), TYPE)
      const reader = (await store.get('objects/left'))!.getReader()
      await reader.read()
      await reader.cancel()
      expect((await read('objects/left', { start: 0, end: 10 }))?.length).toBe(10)
    })

    test.each([
      'keys/containers/images/sha256:0a1b',
      'keys/with space, +plus & 100% = "quotes"',
      'keys/ünïcödé/日本語/🚢',
      "keys/it's/a?question#fragment;semicolon",
      'keys/~tilde/(brackets)[]{}',
    ])('keep the key %s', async (key) => {
      await store.put(key, Buffer.from(key), TYPE)
      expect(String(await read(key))).toBe(key)
      expect(await keysOf(store, key)).toEqual([key])
      await store.delete(key)
      expect(await store.stat(key)).toBeUndefined()
    })
  })

  describe(`a listing of ${name}`, () => {
    test.runIf(has('order'))(
      'has every object below a prefix, in the order of the bytes of its keys',
      async () => {
        const keys = ['a', 'a-b', 'a.b', 'a/b', 'a/b-c', 'a/b/c', 'a0', 'B', 'ab', 'é', 'z'].filter(
          (key) => has('a key that is the folder of others') || !['a', 'a/b'].includes(key),
        )
        for (const key of keys) await store.put(`order/${key}`, Buffer.from(key), TYPE)
        const sorted = keys
          .map((key) => `order/${key}`)
          .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
        expect(await keysOf(store, 'order/')).toEqual(sorted)
        expect(await keysOf(store, 'order/a')).toEqual(sorted.filter((key) => key.startsWith('order/a')))
        expect(await keysOf(store, 'order/a/')).toEqual(sorted.filter((key) => key.startsWith('order/a/')))
        expect(await keysOf(store, 'order/nothing')).toEqual([])
        const infos = await collect(store.list('order/a-b'))
        expect(infos).toMatchObject([{ key: 'order/a-b', size: 3 }])
        expect(infos[0]!.modified).toBeGreaterThan(Date.now() - 60_000)
      },
    )

    test.runIf(has('pages'))('goes on beyond a page', { timeout: 60_000 }, async () => {
      const keys = Array.from({ length: 1101 }, (_, at) => `many/${String(at).padStart(4, '0')}`)
      for (let at = 0; at < keys.length; at += 50) {
        await Promise.all(keys.slice(at, at + 50).map((key) => store.put(key, Buffer.from(key), TYPE)))
      }
      expect(await keysOf(store, 'many/')).toEqual(keys)
    })
  })

  describe(`an upload to ${name}`, () => {
    test.each([
      ['no bytes', 0],
      ['one byte', 1],
      ['exactly one part', PART],
      ['a part and a byte', PART + 1],
      ['exactly two parts', 2 * PART],
      ['20 MB', 20_000_000],
    ])('of %s arrives', async (label, size) => {
      const bytes = bytesOf(label, size)
      await uploadWhole(`uploads/${size}`, bytes)
      expectBytes(await read(`uploads/${size}`), bytes)
      const info = await store.stat(`uploads/${size}`)
      expect(info?.size).toBe(size)
      expect(info?.contentType).toBe(contentType)
    })

    test.each([
      ['small', 1000],
      ['large', 2 * PART + 5],
    ])('that is %s is seen by nobody before it is committed', async (label, size) => {
      const key = `unseen/${label}`
      const upload = await store.upload(key, size, TYPE)
      await writeFrom(upload, bytesOf(label, size))
      expect(await store.stat(key)).toBeUndefined()
      expect(await store.get(key)).toBeUndefined()
      expect(await keysOf(store, 'unseen/')).toEqual([])
      await upload.commit()
      expect(await keysOf(store, 'unseen/')).toEqual([key])
      await store.delete(key)
    })

    test.each([
      ['small', 1000],
      ['large', 2 * PART + 5],
    ])('that is %s and given up leaves nothing', async (label, size) => {
      const key = `aborted/${label}`
      const upload = await store.upload(key, size, TYPE)
      await writeFrom(upload, bytesOf(label, size))
      await upload.abort()
      expect(await store.stat(key)).toBeUndefined()
      expect(await keysOf(store, '')).not.toContain(key)
      await uploadWhole(key, bytesOf('again', size))
      expectBytes(await read(key), bytesOf('again', size))
    })

    test.each([
      ['fewer', 999, 1000],
      ['more', 1001, 1000],
      ['fewer', 2 * PART, 2 * PART + 1],
      ['more', 2 * PART + 3, 2 * PART + 1],
    ])('of %s bytes than it said is refused: %i of %i', async (_, written, size) => {
      const upload = await store.upload('wrong-size', size, TYPE)
      await writeFrom(upload, bytesOf('wrong', written))
      await expect(upload.commit()).rejects.toMatchObject({
        code: 'CONTENT_INVALID',
        message: expect.stringMatching(new RegExp(`wrong-size.*${written} bytes.*expected ${size}`)),
      })
      await upload.abort()
      expect(await store.stat('wrong-size')).toBeUndefined()
    })

    test.each([
      ['small', 1000],
      ['large', PART + 1000],
    ])('that is %s replaces what was there when it began', async (label, size) => {
      const key = `repaired/${label}`
      await store.put(key, bytesOf('damaged', size), TYPE)
      await uploadWhole(key, bytesOf('whole', size))
      expectBytes(await read(key), bytesOf('whole', size))
    })

    test.runIf(has('writes that are whole')).each([
      ['small', 1000],
      ['large', 2 * PART + 5],
    ])('that is %s and one of somebody else both end, and one of them is there', async (label, size) => {
      const key = `both/${label}`
      const other = await place.open()
      const [mine, theirs] = [bytesOf('mine', size), bytesOf('theirs', size)]
      const uploads = await Promise.all([store.upload(key, size, TYPE), other.upload(key, size, TYPE)])
      await Promise.all([writeFrom(uploads[0], mine), writeFrom(uploads[1], theirs)])
      await Promise.all(uploads.map((upload) => upload.commit()))
      const stored = (await read(key))!
      expect(stored.equals(mine) || stored.equals(theirs)).toBe(true)
      await other.close()
    })

    test.runIf(has('news of an upload'))('goes on from another driver where it was suspended', async () => {
      const bytes = bytesOf('resumed', 3 * PART + 12_345)
      const states: string[] = []
      const save = (state: string) => {
        states.push(state)
      }
      const first = await place.open()
      const begun = await first.upload('resumed', bytes.length, TYPE, { save })
      expect(begun.offset).toBe(0)
      await writeFrom(begun, bytes, 2 * PART + 77)
      await begun.suspend()
      await first.close()
      expect(await store.stat('resumed')).toBeUndefined()

      const upload = await store.upload('resumed', bytes.length, TYPE, { state: states.at(-1)!, save })
      expect(upload.offset).toBeGreaterThanOrEqual(PART)
      await writeFrom(upload, bytes)
      await upload.commit()
      expectBytes(await read('resumed'), bytes)
      expect((await store.stat('resumed'))?.contentType).toBe(contentType)
    })

    test.each([
      '',
      'nonsense',
      '{"uploadId":"x","etags":["\\"a\\""]}',
      '../../../../etc/passwd',
      'null',
      '[]',
    ])('with the useless state %j begins anew', async (state) => {
      const bytes = bytesOf('useless', PART + 10)
      const upload = await store.upload('useless', bytes.length, TYPE, { state, save() {} })
      expect(upload.offset).toBe(0)
      await writeFrom(upload, bytes)
      await upload.commit()
      expectBytes(await read('useless'), bytes)
    })

    test('whose earlier state was committed or given up long ago begins anew', async () => {
      const bytes = bytesOf('ended', 2 * PART + 10)
      for (const end of ['commit', 'abort'] as const) {
        let state = ''
        const save = (next: string) => {
          state = next
        }
        const earlier = await store.upload('ended', bytes.length, TYPE, { save })
        await writeFrom(earlier, bytes)
        await earlier[end]()
        const upload = await store.upload('ended', bytes.length, TYPE, { state, save })
        await writeFrom(upload, bytes)
        await upload.commit()
        expectBytes(await read('ended'), bytes)
      }
    })
  })

  /** Every way to ask, each with a key of its own. */
  const ways: Readonly<Record<string, (store: ObjectStore) => Promise<unknown>>> = {
    stat: (store) => store.stat('refused'),
    get: (store) => store.get('refused'),
    put: (store) => store.put('refused', Buffer.from('x'), TYPE),
    upload: (store) => store.upload('refused', 10, TYPE),
    list: (store) => collect(store.list('')),
  }
  const expectError = async (result: Promise<unknown>, code: string, store: ObjectStore) => {
    const error = await result.then(
      () => undefined,
      (error: PortolanError) => error,
    )
    expect(error).toMatchObject({ name: 'PortolanError', code })
    const shown = `${error?.message} ${JSON.stringify(error?.facts)} ${error?.cause}`
    expect(shown).toContain(store.location)
    for (const secret of secrets) expect(shown).not.toContain(secret)
  }

  describe.runIf(has('credentials'))(`whoever ${name} does not let in`, () => {
    test.each(Object.keys(ways))('hears so at %s', async (way) => {
      const refused = await place.openRefused!()
      await expectError(ways[way]!(refused), 'STORE_REFUSED', refused)
      await refused.close()
    })
  })

  describe.runIf(has('missing places'))(`whoever asks ${name} for a place that is not there`, () => {
    test.each(Object.keys(ways))('hears so at %s', async (way) => {
      const missing = await place.openMissing!()
      await expectError(ways[way]!(missing), 'STORE_REFUSED', missing)
      await missing.close()
    })
  })

  // Last, since the place does not live on.
  describe.runIf(has('a server'))(`when the server of ${name} dies`, () => {
    test('an upload breaks, and so does everything else', async () => {
      const bytes = bytesOf('dying', 4 * PART)
      const upload = await store.upload('dying', bytes.length, TYPE)
      await writeFrom(upload, bytes, 2 * PART + 1000)
      await place.stop!()
      await expectError(
        writeFrom({ ...upload, write: (piece) => upload.write(piece), offset: 2 * PART + 1000 }, bytes).then(
          () => upload.commit(),
        ),
        'UNREACHABLE',
        store,
      )
      await upload.suspend()
      for (const way of Object.values(ways)) await expectError(way(store), 'UNREACHABLE', store)
    })
  })
}
