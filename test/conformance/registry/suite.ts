import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Digest } from '../../../src/oci/digest.ts'
import type { Name, Tag } from '../../../src/oci/name.ts'
import type {
  BlobOptions,
  OpenedBlob,
  RegistryReader,
  RepositoryReader,
} from '../../../src/registry/reader.ts'
import { ABSENT, CONTENT, IMAGE, INDEX, LAYER, NOTE, OTHER } from './content.ts'

/** A registry that holds {@link CONTENT}. */
export interface ReadPlace extends AsyncDisposable {
  readonly reader: RegistryReader
}

const APP = 'team/app' as Name
const NOWHERE = 'no/where' as Name
const SIZE = LAYER.size

/** Cases that every reader of registries passes. */
export function describeReader(title: string, open: () => Promise<ReadPlace>): void {
  describe(title, () => {
    let place: ReadPlace
    let app: RepositoryReader
    beforeAll(async () => {
      place = await open()
      app = (await place.reader.repository(APP))!
    })
    afterAll(() => place[Symbol.asyncDispose]())

    const openLayer = async (options?: BlobOptions): Promise<OpenedBlob> =>
      (await app.blob(LAYER.digest, options))!

    test('has a name for people', () => {
      expect(app.location).toMatch(/./)
    })

    test('lists every tag once', async () => {
      for (const { name, tags } of CONTENT) {
        const repository = (await place.reader.repository(name as Name))!
        expect((await collect(repository.tags())).toSorted()).toEqual(Object.keys(tags).toSorted())
      }
    })

    test.each(Object.entries(CONTENT[0]!.tags))('resolves and gets by tag: %s', async (tag, manifest) => {
      const { digest, mediaType } = manifest
      expect(await app.resolve(tag as Tag)).toEqual({ digest })
      const found = (await app.manifest(tag as Tag))!
      expect([found.digest, found.mediaType]).toEqual([digest, mediaType])
      expect(Buffer.compare(found.bytes, manifest.bytes)).toBe(0)
    })

    test.each([
      ['an image in an index', IMAGE],
      ['an index', INDEX],
      ['a referrer', NOTE],
    ])('gets by digest: %s', async (_, { digest, mediaType, bytes }) => {
      const found = (await app.manifest(digest))!
      expect([found.digest, found.mediaType]).toEqual([digest, mediaType])
      expect(Buffer.compare(found.bytes, bytes)).toBe(0)
    })

    test('lists what names a digest as its subject, with type and annotations', async () => {
      const { mediaType, digest, size } = NOTE
      const listed = { mediaType, digest, size, artifactType: 'text/x-note', annotations: { by: 'a test' } }
      expect(await app.referrers(INDEX.digest)).toEqual([listed])
      expect(await app.referrers(IMAGE.digest)).toEqual([])
    })

    test('tells the size of a blob', async () => {
      expect(await app.stat(LAYER.digest)).toEqual({ size: SIZE })
    })

    test.each<[string, BlobOptions]>([
      ['whole', {}],
      ['from the middle', { start: 1_000_000 }],
      ['its last byte', { start: SIZE - 1 }],
      ['up to the middle', { end: 1_000_000 }],
      ['a part', { start: 131_071, end: 3_000_001 }],
      ['a part that ends where it ends', { start: 5, end: SIZE }],
      ['a part that would end behind it', { start: 5, end: SIZE + 5 }],
      ['one byte', { start: 7, end: 8 }],
      ['no byte', { start: 7, end: 7 }],
      ['nothing from its end on', { start: SIZE }],
    ])('gives a blob: %s', async (_, options) => {
      const { start, size, body } = await openLayer(options)
      expect(size).toBe(SIZE)
      // Where it was asked to begin, or at 0 where that cannot be.
      expect([0, options.start ?? 0]).toContain(start)
      const bytes = Buffer.concat(await collect(body))
      expect(Buffer.compare(bytes, LAYER.bytes.subarray(start, options.end))).toBe(0)
    })

    test('begins a blob where it is asked to', async () => {
      const { start, body } = await openLayer({ start: 1_000_000 })
      expect(start).toBe(1_000_000)
      await body.cancel()
    })

    test('gives it again after somebody has turned away', async () => {
      const reader = (await openLayer()).body.getReader()
      await reader.read()
      await reader.cancel()
      expect(Buffer.concat(await collect((await openLayer({ start: SIZE - 9 })).body))).toHaveLength(9)
    })

    test('ends with the reason of the signal, before and while it is read', async () => {
      const stop = new AbortController()
      const { body } = await openLayer({ signal: stop.signal })
      const reader = body.getReader()
      await reader.read()
      stop.abort(new Error('enough'))
      const rest = async () => {
        while (!(await reader.read()).done);
      }
      await expect(rest()).rejects.toThrow('enough')
      await expect(openLayer({ signal: stop.signal })).rejects.toThrow('enough')
    })

    describe('finds nothing where there is nothing:', () => {
      const nothing = async (repository: RepositoryReader, digests: readonly Digest[]) => {
        expect(await repository.resolve('absent' as Tag)).toBeUndefined()
        expect(await repository.manifest('absent' as Tag)).toBeUndefined()
        for (const digest of digests) {
          expect(await repository.manifest(digest)).toBeUndefined()
          expect(await repository.stat(digest)).toBeUndefined()
          expect(await repository.blob(digest)).toBeUndefined()
        }
      }

      test('in a repository', () => nothing(app, [ABSENT, OTHER.digest]))

      test('in one that there is not', async () => {
        const repository = await place.reader.repository(NOWHERE)
        if (repository === undefined) return
        expect(await collect(repository.tags())).toEqual([])
        await nothing(repository, [ABSENT, INDEX.digest, LAYER.digest])
      })

      test('no manifest among the blobs, and no blob among the manifests', async () => {
        expect(await app.stat(INDEX.digest)).toBeUndefined()
        expect(await app.manifest(LAYER.digest)).toBeUndefined()
      })
    })
  })
}

async function collect<T>(items: Iterable<T> | AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
