import { createServer } from 'node:http'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MemoryRegistry } from '../../test/support/memory-registry.ts'
import { type Fault, startMisbehaving } from '../../test/support/misbehaving.ts'
import { probeFetch } from '../../test/support/probe-fetch.ts'
import { createTestClock } from '../../test/support/test-clock.ts'
import { createTestRuntime } from '../../test/support/test-runtime.ts'
import { createHash } from '../adapters/hash.ts'
import { PortolanError } from '../errors.ts'
import { encodeInventory } from '../inventory/encode.ts'
import { INVENTORY_POINTER_PATH, inventoryPath } from '../inventory/paths.ts'
import { formatInventoryPointer } from '../inventory/pointer.ts'
import { type Digest, digestEncoded } from '../oci/digest.ts'
import type { Fetch } from '../runtime.ts'
import { MemoryBucket, openMemoryStore } from '../storage/memory/memory-store.ts'
import { type AuditOptions, audit } from './audit.ts'
import { chooseSample } from './audit-content.ts'
import { type AuditReport, formatAudit } from './audit-report.ts'
import { digestOfKey, type ExpectedObject, keyPrefixes } from './content-keys.ts'
import { deleteOrphans } from './orphans.ts'
import type { Reachable } from './reachable.ts'
import type { Target } from './target.ts'
import { walk } from './walk.ts'

const DAY = 24 * 3_600_000

/** Two images that share a layer, in a store that holds everything, and serves it. */
async function harbour({ inventory = true, fault }: { inventory?: boolean; fault?: Fault } = {}) {
  const registry = new MemoryRegistry()
  const shared = registry.addBlob('app', 'shared '.repeat(1000))
  const own = registry.addBlob('app', 'own')
  const one = registry.addImage('app', { layers: [shared, own] })
  const two = registry.addImage('app', { layers: [shared], config: 'two' })
  registry.tag('app', 'v1', registry.addIndex('app', [one]))
  registry.tag('app', 'v2', two)
  const reachable = await walk(
    registry,
    {
      from: 'main',
      repositories: { list: 'catalog', include: [], exclude: [] },
      tags: { include: [], exclude: [] },
      platforms: [],
      referrers: true,
      journal: '/journal',
      concurrency: 1,
      requestsPerSecond: 1,
      maxWait: 1000,
      perRepository: [],
      foreignLayers: 'skip',
    },
    { workspace: { manifest: async () => undefined, keepManifest: async () => {} } },
  )

  const clock = createTestClock()
  const bucket = new MemoryBucket()
  const objects = openMemoryStore(clock, bucket)
  const server = await startMisbehaving({
    content(path) {
      const object = bucket.objects.get(path.slice(1))
      return object && { bytes: object.bytes, type: object.headers.contentType }
    },
    fault,
  })
  const target: Target = {
    id: 'store',
    objects,
    url: server.origin,
    blobKey: (digest) => `blobs/${digest}`,
    manifestKey: (digest) => `manifests/${digest.replace(':', '/')}`,
  }
  for (const { digest } of reachable.blobs.values()) await put(target.blobKey(digest), registry.bytes(digest))
  for (const { digest, mediaType } of reachable.manifests.values()) {
    await put(target.manifestKey!(digest), registry.bytes(digest), mediaType)
  }
  if (inventory) await list(reachable)

  async function put(key: string, bytes: Uint8Array, contentType = 'application/octet-stream') {
    await objects.put(key, bytes, { contentType })
  }
  async function list({ blobs, manifests }: Pick<Reachable, 'blobs' | 'manifests'>) {
    const entries = [
      ...[...blobs.values()].map(({ digest, size = 0 }) => ({ digest, size })),
      ...[...manifests.values()].map(({ digest, size, mediaType }) => ({ digest, size, mediaType })),
    ]
    const at = clock.date().getTime()
    const bytes = encodeInventory(entries, at)
    const hash = createHash('sha256')
    hash.update(bytes)
    const digest = `sha256:${hash.hex()}` as Digest
    await put(inventoryPath(digest), bytes)
    const pointer = { at, digest, count: entries.length, bytes: bytes.length }
    await put(INVENTORY_POINTER_PATH, formatInventoryPointer(pointer))
  }
  return {
    ...{ registry, reachable, shared, own, one, two, clock, bucket, objects, target, put, list },
    audit: (options: Partial<AuditOptions> = {}, targets: readonly Target[] = [target], over = reachable) =>
      audit(over, targets, {
        runtime: createTestRuntime({ ...clock, fetch: probeFetch(), random: Math.random }),
        content: 'full',
        ...options,
      }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

const kinds = ({ stores }: AuditReport) => stores[0]!.findings.map(({ kind }) => kind)

describe('an audit', () => {
  it('finds nothing wrong where nothing is', async () => {
    await using world = await harbour()
    const report = await world.audit()
    expect(report.stores).toEqual([
      {
        store: 'store',
        location: 'memory',
        findings: [],
        orphans: [],
        expected: 7,
        held: 7,
        read: 7,
        readBytes: expect.any(Number),
        fetched: 7,
      },
    ])
    expect(formatAudit(report)).toMatch(/^store store \(memory\): nothing wrong; 7 of 7 there, 7 read/)
  })

  it('names the images that would fail by what is missing', async () => {
    await using world = await harbour({ inventory: false })
    for (const { digest } of [world.own, world.shared]) world.bucket.objects.delete(`blobs/${digest}`)
    const [store] = (await world.audit()).stores
    expect(store!.findings.filter(({ kind }) => kind === 'missing')).toEqual(
      [
        { key: `blobs/${world.own.digest}`, digest: world.own.digest, images: ['app:v1'], imageCount: 1 },
        {
          ...{ key: `blobs/${world.shared.digest}`, digest: world.shared.digest },
          ...{ images: ['app:v1', 'app:v2'], imageCount: 2 },
        },
      ]
        .map((finding) => ({ ...finding, kind: 'missing', message: `${finding.key} is not there` }))
        .toSorted((a, b) => (a.key < b.key ? -1 : 1)),
    )
    expect(store!.held).toBe(5)
  })

  it('tells a truncated object', async () => {
    await using world = await harbour({ inventory: false })
    await world.put(`blobs/${world.shared.digest}`, world.registry.bytes(world.shared.digest).slice(0, 99))
    const report = await world.audit()
    expect(kinds(report)).toEqual(['size', 'stale'])
    expect(report.stores[0]!.findings[0]!.message).toContain('has 99 bytes; expected 7000')
  })

  it('tells an altered object, and what it is now', async () => {
    await using world = await harbour()
    const bytes = world.registry.bytes(world.shared.digest).slice()
    bytes[3500]! ^= 1
    await world.put(`blobs/${world.shared.digest}`, bytes)
    const report = await world.audit()
    expect(new Set(kinds(report))).toEqual(new Set(['altered', 'notPublic']))
    expect(report.stores[0]!.findings[0]!.message).toMatch(/ is sha256:[a-f0-9]{64}$/)
    expect(report.stores[0]!.findings[0]!.images).toEqual(['app:v1', 'app:v2'])
  })

  it('tells a manifest that is served as something else', async () => {
    await using world = await harbour()
    const key = world.target.manifestKey!(world.two.digest)
    await world.put(key, world.registry.bytes(world.two.digest), 'text/plain')
    const report = await world.audit()
    expect(report.stores[0]!.findings[0]).toMatchObject({
      kind: 'contentType',
      message: `${key} is served as text/plain; expected ${world.two.mediaType}`,
      images: ['app:v2'],
    })
    expect(kinds(report).filter((kind) => kind === 'contentType')).toHaveLength(1)
  })

  it('asks for the type of a manifest where the listing does not tell it', async () => {
    await using world = await harbour()
    const key = world.target.manifestKey!(world.two.digest)
    await world.put(key, world.registry.bytes(world.two.digest), 'text/plain')
    const { list } = world.objects
    world.objects.list = async function* (prefix) {
      for await (const { contentType, ...info } of list(prefix)) yield info
    }
    expect(kinds(await world.audit())).toContain('contentType')
    expect(kinds(await world.audit({ content: { count: 0 }, publicCount: 0 }))).toEqual([])
  })

  it('tells what the inventory lists and the store does not hold before all else', async () => {
    await using world = await harbour()
    world.bucket.objects.delete(`blobs/${world.own.digest}`)
    world.bucket.objects.delete(`blobs/${world.shared.digest}`)
    await world.put(`blobs/${world.shared.digest}`, new Uint8Array(1))
    const report = await world.audit()
    expect(kinds(report)).toEqual(['mislisted', 'mislisted'])
    expect(report.stores[0]!.findings.map(({ message }) => message).toSorted()).toEqual([
      `the inventory lists blobs/${world.own.digest}, which is not there`,
      `the inventory says that blobs/${world.shared.digest} has 7000 bytes; it has 1`,
    ])
  })

  it('tells an inventory that has gone stale, or that is not there', async () => {
    await using world = await harbour({ inventory: false })
    expect(kinds(await world.audit())).toEqual(['stale'])
    await world.list({ blobs: new Map(), manifests: world.reachable.manifests })
    const [finding] = (await world.audit()).stores[0]!.findings
    expect(finding).toMatchObject({
      kind: 'stale',
      message: expect.stringContaining('lacks 4 of what is there'),
    })
  })

  it('tells an inventory that cannot be used', async () => {
    await using world = await harbour()
    const { digest } = JSON.parse(
      new TextDecoder().decode(world.bucket.objects.get(INVENTORY_POINTER_PATH)!.bytes),
    ) as { digest: Digest }
    await world.put(inventoryPath(digest), new Uint8Array(4))
    const report = await world.audit()
    expect(kinds(report)).toEqual(['stale'])
    expect(report.stores[0]!.orphans).toBeUndefined()
  })

  it('lets a store that refuses to be listed stop nothing else', async () => {
    await using world = await harbour()
    const refusal = new PortolanError('STORE_REFUSED', 's3:ListBucket is not granted')
    const refusing: Target = {
      ...world.target,
      id: 'refusing',
      objects: {
        ...world.objects,
        // biome-ignore lint/correctness/useYield: it fails before there is anything to give.
        async *list() {
          throw refusal
        },
      },
    }
    const { stores } = await world.audit({}, [refusing, world.target])
    expect(stores[0]).toMatchObject({
      findings: [{ kind: 'unreadable', message: 'listing: s3:ListBucket is not granted' }],
      read: 7,
    })
    expect(stores[0]).not.toHaveProperty('held')
    expect(stores[0]).not.toHaveProperty('orphans')
    expect(stores[1]!.findings).toEqual([])
  })

  it('asks a store that refuses all objects for a few only', async () => {
    await using world = await harbour()
    let asked = 0
    const { get } = world.objects
    world.objects.get = (key, range) => {
      if (key.startsWith('portolan/') || range !== undefined) return get(key, range)
      asked++
      return Promise.reject(new PortolanError('UNREACHABLE', 'it is asleep'))
    }
    const many: Reachable = {
      ...world.reachable,
      blobs: new Map(
        Array.from({ length: 100 }, (_, index) => {
          const digest = `sha256:${String(index).padStart(64, '0')}` as Digest
          return [digest, { digest, size: 1, name: 'app' as never }]
        }),
      ),
    }
    for (const digest of many.blobs.keys()) await world.put(`blobs/${digest}`, new Uint8Array(1))
    const [store] = (await world.audit({ publicCount: 0 }, undefined, many)).stores
    expect(asked).toBeLessThan(10)
    expect(store!.findings.filter(({ kind }) => kind === 'unreadable').at(0)!.message).toMatch(
      /^after \d refusals, \d+ more objects were not read$/,
    )
  })

  it('ends when it is told to', async () => {
    await using world = await harbour()
    const stop = new AbortController()
    const audit = world.audit({ signal: stop.signal, report: () => stop.abort(new Error('enough')) })
    await expect(audit).rejects.toThrow('enough')
  })

  it('does not think that an unreadable image leaves orphans', async () => {
    await using world = await harbour()
    const reachable = {
      ...world.reachable,
      faults: [new PortolanError('UNREACHABLE', 'app:v3: it is asleep')],
    }
    await world.put(`blobs/sha256:${'0'.repeat(64)}`, new Uint8Array(1))
    const report = await world.audit({}, undefined, reachable)
    expect(report.stores[0]).not.toHaveProperty('orphans')
    expect(report.faults).toEqual(['app:v3: it is asleep'])
    expect(formatAudit(report)).toContain('orphans: not looked for')
  })

  it('does not think that all is orphaned when the registry lists nothing', async () => {
    await using world = await harbour()
    const nothing = { images: [], manifests: new Map(), blobs: new Map(), faults: [] }
    expect((await world.audit({}, undefined, nothing)).stores[0]).not.toHaveProperty('orphans')
  })

  it('tells how far it is', async () => {
    await using world = await harbour()
    const events: unknown[] = []
    await world.audit({ report: (event) => events.push(event) })
    expect(events).toContainEqual({ store: 'store', step: 'listing', done: 7 })
    expect(events).toContainEqual({ store: 'store', step: 'content', done: 7, total: 7 })
    expect(events).toContainEqual({ store: 'store', step: 'public', done: 7, total: 7 })
  })

  it('holds its ground at 100,000 objects', async () => {
    await using world = await harbour({ inventory: false })
    const digests = Array.from(
      { length: 100_000 },
      (_, index) => `sha256:${index.toString(16).padStart(64, '0')}` as Digest,
    )
    const objects = {
      ...world.objects,
      async *list(prefix: string) {
        if (!prefix.startsWith('blobs/')) return
        for (const digest of digests.slice(1)) yield { key: `blobs/${digest}`, size: 1, modified: 0 }
      },
    }
    const reachable = {
      ...{ images: world.reachable.images, manifests: new Map(), faults: [] },
      blobs: new Map(digests.map((digest) => [digest, { digest, size: 1, name: 'app' as never }])),
    }
    const [store] = (
      await world.audit({ content: { count: 0 }, publicCount: 0 }, [{ ...world.target, objects }], reachable)
    ).stores
    expect(store).toMatchObject({ expected: 100_000, held: 99_999, orphans: [] })
    expect(store!.findings.map(({ kind }) => kind)).toEqual(['missing', 'stale'])
  })
})

describe('what clients get', () => {
  it.each<Fault>([
    '403',
    '404',
    '500',
    'HTML with 200',
    'empty with 200',
    'wrong bytes',
    'wrong length',
    'cut in the body',
    'Range ignored',
    'Range answered 400',
    'redirect loop',
    'refused connection',
  ])('is tried: %s', async (fault) => {
    await using world = await harbour({ fault })
    expect(new Set(kinds(await world.audit()))).toEqual(new Set(['notPublic']))
  })

  it('must not be compressed', async () => {
    await using world = await harbour()
    const fetch: Fetch = async (url, init) => {
      expect(new Headers(init.headers).get('accept-encoding')).toBe('gzip')
      const { status, body, headers } = await globalThis.fetch(url, init)
      return new Response(body, {
        status,
        headers: { ...Object.fromEntries(headers), 'Content-Encoding': 'gzip' },
      })
    }
    const [finding] = (await world.audit({ runtime: createTestRuntime({ ...world.clock, fetch }) }))
      .stores[0]!.findings
    expect(finding!.message).toContain('with Content-Encoding: gzip; expected none')
  })

  it('is fetched without anybody being led elsewhere', async () => {
    await using world = await harbour()
    const requests: string[] = []
    const elsewhere = createServer((request, response) => {
      requests.push(request.url ?? '')
      response.writeHead(302, { Location: '/other' }).end()
    })
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve))
    const { port } = elsewhere.address() as { port: number }
    const report = await world.audit({}, [{ ...world.target, url: `http://127.0.0.1:${port}` }])
    await new Promise((resolve) => elsewhere.close(resolve))
    expect(report.stores[0]!.findings[0]!.message).toContain('302, a redirect')
    expect(requests).not.toContain('/other')
  })
})

describe('orphans', () => {
  const STRAY = `sha256:${'d'.repeat(64)}` as Digest

  async function withOrphans() {
    const world = await harbour()
    await world.put(`blobs/${STRAY}`, new Uint8Array(10))
    world.clock.advance(2 * DAY)
    await world.put(`manifests/sha256/${'e'.repeat(64)}`, new Uint8Array(5))
    world.clock.advance(DAY)
    for (const key of ['blobs/README', `other/${STRAY}`, `blobs/${STRAY}.bak`]) {
      await world.put(key, new Uint8Array(1))
    }
    return world
  }

  it('are what nothing leads to at the path of a digest, and nothing else', async () => {
    await using world = await withOrphans()
    const report = await world.audit()
    const start = Date.parse('2026-01-01')
    expect(report.stores[0]!.orphans).toEqual([
      {
        ...{
          store: 'store',
          key: `blobs/${STRAY}`,
          digest: STRAY,
          size: 10,
          modified: start,
          isListed: false,
        },
      },
      expect.objectContaining({ key: `manifests/sha256/${'e'.repeat(64)}`, modified: start + 2 * DAY }),
    ])
    expect(report.stores[0]!.findings).toEqual([])
    expect(formatAudit(report)).toContain('orphans: 2, 15 bytes, the oldest written 3 days ago')
  })

  it('are deleted when they are old enough, and as they were', async () => {
    await using world = await withOrphans()
    const orphans = (await world.audit()).stores[0]!.orphans!
    const now = world.clock.date().getTime()
    const { deleted, kept } = await deleteOrphans(orphans, [world.target], { olderThan: 2 * DAY, now })
    expect(deleted.map(({ key }) => key)).toEqual([`blobs/${STRAY}`])
    expect(kept.map(({ why }) => why)).toEqual(['it is too young'])
    expect(world.bucket.objects.has(`blobs/${STRAY}`)).toBe(false)
    expect(world.bucket.objects.size).toBe(7 + 2 + 1 + 3)
  })

  it.each<[string, object, string]>([
    ['of another path', { key: INVENTORY_POINTER_PATH }, 'it is not at the path of its digest'],
    ['of another digest', { digest: `sha256:${'0'.repeat(64)}` }, 'it is not at the path of its digest'],
    ['that an inventory lists', { isListed: true }, 'the inventory lists it'],
    ['that was written again', { modified: 0 }, 'it was written again'],
    ['of another store', { store: 'elsewhere' }, 'there is no such store'],
    ['without a date', { modified: Number.NaN }, 'it is too young'],
  ])('are kept when one is %s', async (_, changes, why) => {
    await using world = await withOrphans()
    const orphan = { ...(await world.audit()).stores[0]!.orphans![0]!, ...changes }
    const before = world.bucket.objects.size
    const now = world.clock.date().getTime()
    const { kept } = await deleteOrphans([orphan], [world.target], { olderThan: DAY, now })
    expect(kept).toEqual([{ orphan, why }])
    expect(world.bucket.objects.size).toBe(before)
  })

  it('that the inventory lists are marked', async () => {
    await using world = await withOrphans()
    await world.list({
      ...world.reachable,
      blobs: new Map([[STRAY, { digest: STRAY, size: 10, name: 'app' as never }]]),
    })
    expect((await world.audit()).stores[0]!.orphans![0]).toMatchObject({ digest: STRAY, isListed: true })
  })
})

describe('a sample', () => {
  const objects = (count: number): ExpectedObject[] =>
    Array.from({ length: count }, (_, index) => ({
      key: `k${String((index * 7) % count).padStart(3, '0')}`,
      digest: 'sha256:x' as Digest,
      size: (index * 7) % count,
    }))

  it('holds the smallest and the largest, is as large as it should be, and holds nothing twice', () => {
    const shape = fc.record({
      count: fc.integer({ min: 2, max: 100 }),
      wanted: fc.integer({ min: 2, max: 120 }),
      draws: fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1 }),
    })
    fc.assert(
      fc.property(shape, ({ count, wanted, draws }) => {
        let turn = 0
        const all = objects(count)
        const sample = chooseSample(all, { count: wanted }, { random: () => draws[turn++ % draws.length]! })
        expect(new Set(sample).size).toBe(Math.min(count, wanted))
        const sizes = sample.map(({ size }) => size!)
        expect([sizes[0], sizes.at(-1)]).toEqual([
          Math.min(...all.map(({ size }) => size!)),
          Math.max(...all.map(({ size }) => size!)),
        ])
      }),
    )
  })

  it.each([
    [{ share: 0 }, 0],
    [{ share: 0.01 }, 2],
    [{ share: 0.5 }, 50],
    [{ share: 1 }, 100],
    ['full' as const, 100],
    [{ count: 0 }, 0],
    [{ count: 1 }, 2],
  ])('of %j has %i of 100', (size, expected) => {
    expect(chooseSample(objects(100), size, { random: () => 0.5 })).toHaveLength(expected)
  })
})

describe('the keys of a store', () => {
  const targetOf = (blobKey: Target['blobKey'], manifestKey?: Target['blobKey']): Target => ({
    ...{ id: 'store', url: 'http://store', objects: openMemoryStore(createTestClock()), blobKey },
    ...(manifestKey && { manifestKey }),
  })
  const DIGESTS = [`sha256:${'0a'.repeat(32)}`, `sha512:${'f0'.repeat(64)}`] as Digest[]

  it.each<[string, Target['blobKey']]>([
    ['{digest}', (digest) => digest],
    ['a/{digest}/data', (digest) => `a/${digest}/data`],
    ['{algorithm}/{encoded}', (digest) => digest.replace(':', '/')],
    ['ab{encoded}cd.{algorithm}', (digest) => `ab${digestEncoded(digest)}cd.${digest.slice(0, 6)}`],
  ])('say their digests: %s', (_, blobKey) => {
    for (const digest of DIGESTS) {
      const key = blobKey(digest)
      expect(digestOfKey(targetOf(blobKey), key)).toBe(digest)
      expect(digestOfKey(targetOf(blobKey), `${key}x`)).toBeUndefined()
      expect(digestOfKey(targetOf(blobKey), `x/${key}`)).toBeUndefined()
      expect(keyPrefixes(targetOf(blobKey)).some((prefix) => key.startsWith(prefix))).toBe(true)
    }
  })

  it('are listed once, also where manifests lie among the blobs', () => {
    expect(
      keyPrefixes(
        targetOf(
          (digest) => `a/${digest}`,
          (digest) => `a/${digest}`,
        ),
      ),
    ).toEqual(['a/sha'])
    expect(
      keyPrefixes(
        targetOf(
          (digest) => digest.replace(':', '/'),
          (digest) => `manifests/${digest}`,
        ),
      ),
    ).toEqual(['sha', 'manifests/sha'])
    const shifting = (digest: Digest) => `${digestEncoded(digest)}/${digest}`
    expect(keyPrefixes(targetOf(shifting, (digest) => `manifests/${digest}`))).toEqual([''])
  })
})
