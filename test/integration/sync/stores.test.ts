import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { PortolanError } from '../../../src/errors.ts'
import type { Runtime } from '../../../src/runtime.ts'
import type { ObjectStore } from '../../../src/storage/object-store.ts'
import { LIES, lyingStore } from '../../support/lying-store.ts'
import type { MemoryRegistry } from '../../support/memory-registry.ts'
import { type MemoryTarget, makeMemoryTarget } from '../../support/memory-target.ts'
import { makeTempFolder } from '../../support/temp.ts'
import {
  blobRequests,
  createHastyRuntime,
  expectFilled,
  expectUnaltered,
  LARGE_BYTES,
  makeUpstream,
  noise,
  runSync,
  type TestUpstream,
} from './world.ts'

let folder: string
let upstream: TestUpstream

beforeEach(async () => {
  const temp = await makeTempFolder()
  folder = join(temp.path, 'workspace')
  upstream = makeUpstream()
  return () => temp[Symbol.asyncDispose]()
})

const run = (targets: readonly MemoryTarget[], options = {}) =>
  runSync({ folder, targets, upstream: upstream.registry, ...options })

const unreachable = () => new PortolanError('UNREACHABLE', 'the store does not answer')

describe('a store that lies', () => {
  const SAID: Readonly<Record<(typeof LIES)[number], RegExp>> = {
    'corrupts the first byte': /was altered: bytes 0–\d+ are not those that were sent$/,
    'corrupts the last byte': /was altered: bytes \d+–\d+ are not those that were sent$/,
    forgets: /is not there, though the store took it$/,
    'cuts off': /has \d+ bytes; expected \d+$/,
    'serves it as HTML': /is served as text\/html; expected application\/octet-stream$/,
  }
  const cases = LIES.flatMap((lie) => (['large', 'small'] as const).map((size) => [lie, size] as const))

  it.each(cases)('%s of a %s blob: is found out, and nothing of it stays visible', async (lie, size) => {
    const { digest } = upstream[size]
    const liar = makeMemoryTarget('liar', { misbehave: lyingStore(lie, `blobs/${digest}`) })
    const honest = makeMemoryTarget('honest')
    const report = await run([liar, honest])
    expect(report.faults).toMatchObject([
      {
        code: 'CONTENT_INVALID',
        store: 'liar',
        digest,
        message: expect.stringMatching(SAID[lie]),
        images: ['app:v1'],
      },
    ])
    expect(report.faults[0]!.message).toContain(`store liar: blobs/${digest}`)
    expect(liar.bucket.objects.has(`blobs/${digest}`)).toBe(false)
    expect(report.stores).toMatchObject([
      { store: 'liar', complete: false, failed: 1, withheld: 3, stored: { blobs: 5, manifests: 0 } },
      { store: 'honest', complete: true },
    ])
    expectFilled(honest.bucket, upstream)

    const better = makeMemoryTarget('liar', liar)
    const again = await run([better, honest])
    expect(again.stores).toMatchObject([
      { complete: true, planned: { blobs: 1, manifests: 3 } },
      { complete: true, planned: { blobs: 0 } },
    ])
  })

  it('about a byte in the middle: is found out when all is read', async () => {
    const key = `blobs/${upstream.large.digest}`
    const misbehave = (honest: ObjectStore): Partial<ObjectStore> => ({
      async get(asked, range) {
        const object = liar.bucket.objects.get(key)
        if (object !== undefined) object.bytes[LARGE_BYTES / 2 + 1] = 0
        return honest.get(asked, range)
      },
    })
    const liar: MemoryTarget = makeMemoryTarget('liar', { misbehave })
    const { faults } = await run([liar], { verify: 'full' })
    expect(faults).toMatchObject([{ code: 'CONTENT_INVALID', digest: upstream.large.digest }])
    expect(liar.bucket.objects.has(key)).toBe(false)
  })
})

describe('a store that fails', () => {
  it('gets what it missed on a later try, and the upload goes on where it was', async () => {
    let failures = 0
    const misbehave = (honest: ObjectStore): Partial<ObjectStore> => ({
      async put(key, bytes, headers) {
        if (key === `blobs/${upstream.small.digest}` && failures++ < 2) throw unreachable()
        return honest.put(key, bytes, headers)
      },
      async upload(key, size, headers, resume) {
        const upload = await honest.upload(key, size, headers, resume)
        offsets.push(upload.offset)
        let written = upload.offset
        return {
          offset: upload.offset,
          async write(bytes) {
            written += bytes.length
            if (offsets.length < 3 && written > offsets.length * 9 * 1024 * 1024) throw unreachable()
            await upload.write(bytes)
          },
          commit: () => upload.commit(),
          abort: () => upload.abort(),
          suspend: () => upload.suspend(),
        }
      },
    })
    const offsets: number[] = []
    const paris = makeMemoryTarget('paris', { misbehave })
    const { faults, stores, events } = await run([paris])
    expect(faults).toEqual([])
    expect(stores[0]).toMatchObject({ complete: true })
    expectFilled(paris.bucket, upstream)
    expect(offsets).toEqual([0, 8 * 1024 * 1024, 16 * 1024 * 1024])
    expect(blobRequests(upstream.registry)).toHaveLength(6)
    const uploaded = events
      .filter((event) => event.kind === 'uploaded')
      .reduce((sum, { bytes }) => sum + bytes, 0)
    expect(uploaded).toBe(stores[0]!.planned.bytes)
  })

  it.each([
    ['a small blob', 'small'],
    ['a large one', 'large'],
  ] as const)('and never answers one write of %s is asked again', async (_, size) => {
    const key = `blobs/${upstream[size].digest}`
    let hung = 0
    const once = <T>(asked: string, work: () => Promise<T>): Promise<T> =>
      asked === key && hung++ === 0 ? new Promise<never>(() => {}) : work()
    const paris = makeMemoryTarget('paris', {
      misbehave: (honest) => ({
        put: (asked, ...rest) => once(asked, () => honest.put(asked, ...rest)),
        async upload(asked, ...rest) {
          const upload = await honest.upload(asked, ...rest)
          return {
            offset: upload.offset,
            write: (bytes) => upload.write(bytes),
            commit: () => once(asked, () => upload.commit()),
            abort: () => upload.abort(),
            suspend: () => upload.suspend(),
          }
        },
      }),
    })
    const hasty = createHastyRuntime()
    // Only the time limit of a write comes, and at once.
    const after: Runtime['after'] = (milliseconds, work) =>
      hasty.after(milliseconds >= 300_000 ? 0 : milliseconds, work)
    const { faults, stores } = await run([paris], { runtime: { ...hasty, after } })
    expect([faults, stores]).toMatchObject([[], [{ complete: true }]])
    expect(hung).toBeGreaterThan(1)
    expectFilled(paris.bucket, upstream)
  })

  it('is given up after some failures in a row, and holds up nobody else', async () => {
    const { registry } = upstream
    for (let blob = 0; blob < 30; blob++) {
      registry.tag('app', `many-${blob}`, registry.addImage('app', { layers: [`many ${blob}`] }))
    }
    const refuse = async () => {
      throw new PortolanError('STORE_REFUSED', 'the store says no')
    }
    const closed = makeMemoryTarget('closed', { misbehave: () => ({ put: refuse, upload: refuse }) })
    const open = makeMemoryTarget('open')
    const report = await run([closed, open], { concurrency: 1 })
    expect(report.stores).toMatchObject([
      { complete: false, failed: report.blobs + report.manifests, stored: { blobs: 0 } },
      { complete: true, failed: 0 },
    ])
    // Those that were on their way at that moment fail too.
    expect(report.faults.length).toBeLessThan(10)
    expect(report.faults.map(({ message }) => message)).toContain(
      'store closed failed 5 times in a row; nothing more is sent to it in this run',
    )
  })

  it.each([
    ['blobs', 'blobs/', 5000],
    ['anything', '', 30_000],
  ])(
    'holds up nobody else while it never answers about %s, and the run ends when it is told to',
    async (_, prefix, limit) => {
      const never = () => new Promise<never>(() => {})
      const stuck = makeMemoryTarget('stuck', {
        misbehave: ({ put }) => ({
          put: (key, ...rest) => (key.startsWith(prefix) ? never() : put(key, ...rest)),
          upload: never,
        }),
      })
      const free = makeMemoryTarget('free')
      const stop = new AbortController()
      const prove = async () => {
        stop.abort()
        return new Uint8Array(1)
      }
      const report = await run([stuck, free], {
        signal: stop.signal,
        runtime: createHastyRuntime(limit),
        signer: { prove, sign: async () => '' },
      })
      expect(report).toMatchObject({
        interrupted: true,
        stores: [{ complete: false }, { store: 'free', complete: true }],
      })
      expectFilled(free.bucket, upstream)
    },
  )

  it('has what a killed process stored but did not note looked at, not sent again', async () => {
    const paris = makeMemoryTarget('paris')
    const stop = new AbortController()
    // As if it was killed between the two: the object is there, the journal does not say so.
    const key = `blobs/${upstream.large.digest}`
    const interrupted = makeMemoryTarget('paris', {
      bucket: paris.bucket,
      misbehave: (honest) => ({
        async stat(asked) {
          if (asked !== key) return honest.stat(asked)
          stop.abort()
          throw unreachable()
        },
      }),
    })
    await run([interrupted], { signal: stop.signal })
    expect(paris.bucket.objects.has(key)).toBe(true)
    const before = paris.bucket.begun
    upstream.registry.requests.length = 0
    const { stores } = await run([paris])
    expect(stores[0]).toMatchObject({ complete: true })
    expect(paris.bucket.begun).toBe(before)
    expect(blobRequests(upstream.registry)).not.toContain(`blob app@${upstream.large.digest}`)
  })
})

describe('an upload that was broken off', () => {
  it('is not gone on with when its bytes were not the blob', async () => {
    const targets = [makeMemoryTarget('paris'), makeMemoryTarget('iowa')] as const
    const [paris, iowa] = targets
    const key = `blobs/${upstream.large.digest}`
    const wrong = noise(LARGE_BYTES, 99)
    const endWhen = (done: () => boolean) => {
      const stop = new AbortController()
      const report = () => {
        if (done()) stop.abort()
      }
      return { signal: stop.signal, report }
    }
    const partsOf = ({ bucket }: MemoryTarget) => [...bucket.uploads.values()].flat().length

    const honest = upstream.registry.blob.bind(upstream.registry)
    const lie: MemoryRegistry['blob'] = async (name, digest, { start = 0 } = {}) =>
      digest === upstream.large.digest
        ? { start, size: LARGE_BYTES, body: new Blob([wrong.slice(start)]).stream() }
        : honest(name, digest, { start })
    upstream.registry.blob = lie
    await run(
      [paris],
      endWhen(() => partsOf(paris) > 0),
    )
    expect(partsOf(paris)).toBeGreaterThan(0)
    // The next run has to do with another store alone, finds out what is wrong, and has nearly all of it anew.
    let anew = false
    upstream.registry.blob = async (name, digest, { start = 0 } = {}) => {
      if (start > 0) return lie(name, digest, { start })
      anew ||= digest === upstream.large.digest
      return honest(name, digest)
    }
    await run(
      [iowa],
      endWhen(() => anew && partsOf(iowa) > 1),
    )
    upstream.registry.blob = honest

    const committed: Uint8Array[] = []
    const watched = makeMemoryTarget('paris', {
      bucket: paris.bucket,
      misbehave: (store) => ({
        async stat(asked) {
          if (asked === key && paris.bucket.objects.has(key))
            committed.push(paris.bucket.objects.get(key)!.bytes)
          return store.stat(asked)
        },
      }),
    })
    await run([watched, iowa])
    expect(committed.length).toBeGreaterThan(0)
    for (const bytes of committed)
      expect(Buffer.compare(bytes, upstream.registry.bytes(upstream.large.digest))).toBe(0)
  })
})

describe('a run that is told to end', () => {
  it('lists what is there, leaves the rest, and is gone on with', async () => {
    const targets = [makeMemoryTarget('paris'), makeMemoryTarget('iowa')]
    const stop = new AbortController()
    let sent = 0
    const report = await run(targets, {
      signal: stop.signal,
      report(event: { kind: string; bytes?: number; digest?: string }) {
        if (event.kind === 'uploaded' && event.digest === upstream.large.digest) sent += event.bytes!
        if (sent > LARGE_BYTES) stop.abort()
      },
    })
    expect(report.interrupted).toBe(true)
    expect(report.faults).toEqual([])
    for (const { bucket } of targets) {
      expectUnaltered(bucket, upstream.registry)
      expect(bucket.objects.has('portolan/inventory.json')).toBe(true)
    }
    const again = await run(targets)
    expect(again).toMatchObject({
      interrupted: false,
      faults: [],
      stores: [{ complete: true }, { complete: true }],
    })
    expect(report.downloaded + again.downloaded).toBeLessThan(report.download.bytes + 1024 * 1024)
    for (const { bucket } of targets) {
      expectFilled(bucket, upstream)
      expect(bucket.begun).toBe(1)
      expect(bucket.uploads.size).toBe(0)
    }
  })

  it('leaves no list of what a recheck has deleted', async () => {
    const paris = makeMemoryTarget('paris')
    await run([paris])
    const key = `blobs/${upstream.small.digest}`
    paris.bucket.objects.set(key, { ...paris.bucket.objects.get(key)!, bytes: new Uint8Array(70_000) })
    const stop = new AbortController()
    const interrupted = makeMemoryTarget('paris', {
      bucket: paris.bucket,
      misbehave: (honest) => ({
        async delete(asked) {
          await honest.delete(asked)
          if (asked === key) stop.abort()
        },
      }),
    })
    expect((await run([interrupted], { recheck: true, signal: stop.signal })).interrupted).toBe(true)
    expect(paris.bucket.objects.has(key)).toBe(false)
    const { stores } = await run([paris])
    expect(stores[0]).toMatchObject({ complete: true, stored: { blobs: 1 } })
    expectFilled(paris.bucket, upstream)
  })

  it('says so, and not that something could not be reached', async () => {
    const stop = new AbortController()
    const paris = makeMemoryTarget('paris', {
      misbehave: () => ({
        async put() {
          stop.abort()
          return new Promise(() => {})
        },
      }),
    })
    const runtime = createHastyRuntime(Number.POSITIVE_INFINITY)
    const report = await run([paris], { signal: stop.signal, runtime })
    expect(report).toMatchObject({ interrupted: true, faults: [] })
  })

  it('does nothing when that was before it began', async () => {
    const paris = makeMemoryTarget('paris')
    const report = await run([paris], { signal: AbortSignal.abort() })
    expect(report).toMatchObject({ interrupted: true, images: 0 })
    expect(paris.bucket.objects.size).toBe(0)
  })
})
