import { describe, expect, it } from 'vitest'
import { makeBlob } from '../../test/support/content.ts'
import { createTestRuntime } from '../../test/support/test-runtime.ts'
import { storeAt } from '../../test/support/view.ts'
import type { ContentCache, Fill, FilledPart } from '../cache/content-cache.ts'
import { placeOf } from '../clouds/places.ts'
import { PortolanError } from '../errors.ts'
import { parseDigest } from '../oci/digest.ts'
import type { Name } from '../oci/name.ts'
import type { NextSource } from '../transfer/source.ts'
import { Blobs } from './blobs.ts'
import { UpstreamRests } from './upstream-rests.ts'

const MIB = 1024 * 1024
const BLOB = makeBlob('blob', 3 * MIB)
const BYTES = Buffer.from(BLOB.bytes)
const DIGEST = parseDigest(BLOB.digest)!
const STORE = storeAt('near', placeOf('anycast'))
const DISK = new PortolanError('FILE_UNWRITABLE', 'the disk is full')
const WRONG = new PortolanError('CONTENT_INVALID', 'it is something else')

/** A fill that a test fails where it wants to. */
interface ScriptedFill {
  /** What is there when somebody asks. */
  readonly position: number
  /** How it fails after so many bytes; absent where it does not. */
  readonly fails?: { readonly after: number; readonly error: PortolanError }
}

/** Blobs over a cache that has one fill, and a backend that gives what is asked for. */
function world(script: ScriptedFill | 'no place' | undefined) {
  const runtime = createTestRuntime()
  const asked: string[] = []
  let running: Fill | undefined
  const begin = (sources: NextSource): Fill | undefined => {
    if (script === 'no place' || script === undefined) return undefined
    // A fill asks its source at once.
    void sources()!.open(0, new AbortController().signal)
    const ended = Promise.withResolvers<void>()
    ended.promise.catch(() => {
      running = undefined
    })
    running = fillOf(script, ended)
    return running
  }
  const cache = {
    stat: () => undefined,
    open: async () => undefined,
    filling: () => running,
    fill: (_, sources) => begin(sources),
  } satisfies Pick<ContentCache, 'stat' | 'open' | 'filling' | 'fill'>
  const blobs = new Blobs({
    runtime,
    cache: script === undefined ? undefined : (cache as Partial<ContentCache> as ContentCache),
    rests: new UpstreamRests(runtime),
    partOf: () => {
      throw new Error('nothing is kept')
    },
    onPassed() {},
    onWrong() {},
    access: {
      repository: async () => undefined,
      async blob(_backend, _name, _digest, { start, end }) {
        asked.push(`${start}-${end ?? ''}`)
        return { start, size: BYTES.length, body: new Blob([BYTES.subarray(start, end)]).stream() }
      },
    },
  })
  const request = { registry: 'a.test', name: 'a/b' as Name, backends: async () => [STORE] }
  const open = (start = 0, end = BYTES.length, size = BYTES.length) =>
    blobs.open(request, { digest: DIGEST, size, start, end })
  const read = async (start = 0, end = BYTES.length) => {
    const opened = await open(start, end)
    const chunks: Uint8Array[] = []
    for await (const bytes of opened!.body as ReadableStream<Uint8Array>) chunks.push(bytes)
    expect(Buffer.concat(chunks).equals(BYTES.subarray(start, end))).toBe(true)
    return opened!.cache
  }
  return { runtime, asked, open, read }
}

function fillOf({ position, fails }: ScriptedFill, ended: PromiseWithResolvers<void>): Fill {
  return {
    size: Promise.resolve(BYTES.length),
    position,
    file: async () => undefined,
    ended: ended.promise,
    async *read({ start, end }: FilledPart) {
      for (let at = start; at < end; at += MIB / 4) {
        if (fails !== undefined && at >= fails.after) {
          ended.reject(fails.error)
          throw fails.error
        }
        yield BYTES.subarray(at, Math.min(end, at + MIB / 4))
      }
    },
  }
}

describe('a blob', () => {
  it('is read from its fill', async () => {
    const { read, asked } = world({ position: 0 })
    expect(await read()).toBe('miss')
    expect(asked).toEqual(['0-'])
  })

  it.each([
    ['there is no cache', undefined],
    ['the cache has no place for it', 'no place'],
  ] as const)('comes straight from a backend when %s', async (_, script) => {
    const { read, asked } = world(script)
    expect(await read()).toBe('pass')
    expect(asked).toEqual(['0-'])
  })

  it('is given to a bounded number of clients past the cache, who make place when they leave', async () => {
    const { open } = world(undefined)
    const opened = await Promise.all(Array.from({ length: 512 }, () => open()))
    await expect(open()).rejects.toMatchObject({ code: 'UNREACHABLE', facts: { retryAfter: '5' } })
    await (opened[0]!.body as ReadableStream).cancel()
    await open()
    for await (const _ of opened[1]!.body as ReadableStream<Uint8Array>);
    await open()
    await expect(open()).rejects.toMatchObject({ code: 'UNREACHABLE' })
  })

  it('goes on from a backend when the disk of its fill fails', async () => {
    const { read, asked } = world({ position: 0, fails: { after: MIB, error: DISK } })
    expect(await read()).toBe('miss')
    expect(asked).toEqual(['0-', `${MIB}-`])
  })

  it('fails with a fill whose bytes are wrong, is refused then for five seconds, and may be had after that', async () => {
    const { read, open, runtime } = world({ position: 0, fails: { after: MIB, error: WRONG } })
    await expect(read()).rejects.toThrow('it is something else')
    await expect(open()).rejects.toMatchObject({ code: 'UNREACHABLE' })
    runtime.advance(4999)
    await expect(open()).rejects.toMatchObject({ code: 'UNREACHABLE' })
    runtime.advance(1)
    expect((await open())!.cache).toBe('miss')
  })

  it.each<[string, number, number, number, 'miss' | 'pass']>([
    ['its beginning', 0, 0, 100, 'miss'],
    ['a part that is there', 2 * MIB, MIB, 2 * MIB, 'miss'],
    ['a part right ahead', 0, 8 * MIB, 8 * MIB + 100, 'miss'],
    ['a part far ahead', 0, 8 * MIB + 1, 8 * MIB + 100, 'pass'],
    ['a part that was far ahead before', 2 * MIB, 10 * MIB, 10 * MIB + 100, 'miss'],
    ['the rest of it', 0, 200 * MIB, Number.POSITIVE_INFINITY, 'miss'],
    ['the rest of it from very far ahead', 0, 300 * MIB, Number.POSITIVE_INFINITY, 'pass'],
  ])('%s comes from its fill or not', async (_, position, start, end, expected) => {
    const size = 400 * MIB
    const { open } = world({ position })
    // The fill that they follow was begun by another one.
    await open(0, 1, BYTES.length)
    const asking = open(start, Math.min(end, size), size)
    // Who is asked past the fill has another size here, and so gives nothing.
    if (expected === 'pass') await expect(asking).rejects.toMatchObject({ code: 'CONTENT_INVALID' })
    else expect((await asking)!.cache).toBe('miss')
  })

  it('begins no fill for a part that is far ahead', async () => {
    const { open, asked } = world({ position: 0 })
    await expect(open(300 * MIB, 400 * MIB, 400 * MIB)).rejects.toMatchObject({ code: 'CONTENT_INVALID' })
    expect(asked).toEqual([`${300 * MIB}-${308 * MIB}`])
  })
})
