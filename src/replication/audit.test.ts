import { createServer } from 'node:http'
import { describe, expect, it } from 'vitest'
import { openHarbour } from '../../test/support/audit-world.ts'
import { makeBlob } from '../../test/support/content.ts'
import type { Fault } from '../../test/support/misbehaving.ts'
import { createTestRuntime } from '../../test/support/test-runtime.ts'
import { PortolanError } from '../errors.ts'
import { INVENTORY_POINTER_PATH, inventoryPath } from '../inventory/paths.ts'
import type { Digest } from '../oci/digest.ts'
import type { Fetch } from '../runtime.ts'
import type { AuditReport } from './audit-report.ts'
import { formatAudit } from './format-audit.ts'
import { deleteOrphans } from './orphans.ts'
import type { Reachable } from './reachable.ts'
import type { Target } from './target.ts'

const DAY = 24 * 3_600_000

const kinds = ({ stores }: AuditReport) => stores[0]!.findings.map(({ kind }) => kind)

describe('an audit', () => {
  it('finds nothing wrong where nothing is', async () => {
    await using world = await openHarbour()
    const report = await world.audit()
    expect(report.stores).toEqual([
      {
        store: 'store',
        location: 'memory',
        basis: 'upstream',
        findings: [],
        notes: ['whose it is was not asked: the config has no ownership.publicKey'],
        orphans: [],
        strangers: { count: 0, bytes: 0, first: [], isCut: false },
        expected: 7,
        held: 7,
        read: 7,
        readBytes: expect.any(Number),
        fetched: 7,
        fetchedBytes: expect.any(Number),
        requests: { store: expect.any(Number), clients: expect.any(Number) },
      },
    ])
    expect(formatAudit(report)).toMatch(/^store store \(memory\): nothing wrong; 7 of 7 there, 7 read/)
  })

  it('names the images that would fail by what is missing', async () => {
    await using world = await openHarbour({ inventory: false })
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
    await using world = await openHarbour({ inventory: false })
    await world.put(`blobs/${world.shared.digest}`, world.registry.bytes(world.shared.digest).slice(0, 99))
    const report = await world.audit()
    expect(kinds(report)).toEqual(['size', 'stale'])
    expect(report.stores[0]!.findings[0]!.message).toContain('has 99 bytes; expected 7000')
  })

  it('tells an altered object, and what it is now', async () => {
    await using world = await openHarbour()
    const bytes = world.registry.bytes(world.shared.digest).slice()
    bytes[3500]! ^= 1
    await world.put(`blobs/${world.shared.digest}`, bytes)
    const report = await world.audit()
    expect(new Set(kinds(report))).toEqual(new Set(['altered', 'notPublic']))
    expect(report.stores[0]!.findings[0]!.message).toMatch(/ is sha256:[a-f0-9]{64}$/)
    expect(report.stores[0]!.findings[0]!.images).toEqual(['app:v1', 'app:v2'])
  })

  it('tells a manifest that is served as something else', async () => {
    await using world = await openHarbour()
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
    await using world = await openHarbour()
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
    await using world = await openHarbour()
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
    await using world = await openHarbour({ inventory: false })
    expect(kinds(await world.audit())).toEqual(['stale'])
    await world.list({ blobs: new Map(), manifests: world.reachable.manifests })
    const [finding] = (await world.audit()).stores[0]!.findings
    expect(finding).toMatchObject({
      kind: 'stale',
      message: expect.stringContaining('lacks 4 of what is there'),
    })
  })

  it('tells an inventory that cannot be used', async () => {
    await using world = await openHarbour()
    const { digest } = JSON.parse(
      new TextDecoder().decode(world.bucket.objects.get(INVENTORY_POINTER_PATH)!.bytes),
    ) as { digest: Digest }
    await world.put(inventoryPath(digest), new Uint8Array(4))
    const report = await world.audit()
    expect(kinds(report)).toEqual(['stale'])
    expect(report.stores[0]!.orphans).toBeUndefined()
  })

  it('says of a store that does not answer that nothing is known, and no more', async () => {
    await using world = await openHarbour({ signed: true })
    const asleep = () => Promise.reject(new PortolanError('UNREACHABLE', 'it is asleep'))
    // biome-ignore lint/correctness/useYield: it fails before there is anything to give.
    async function* list() {
      throw new PortolanError('UNREACHABLE', 'it is asleep')
    }
    Object.assign(world.objects, { read: asleep, get: asleep, stat: asleep, list })
    expect(new Set(kinds(await world.audit()))).toEqual(new Set(['unreadable']))
  })

  it('lets a store that refuses to be listed stop nothing else', async () => {
    await using world = await openHarbour()
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
    await using world = await openHarbour()
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
    await using world = await openHarbour()
    const stop = new AbortController()
    const audit = world.audit({ signal: stop.signal, report: () => stop.abort(new Error('enough')) })
    await expect(audit).rejects.toThrow('enough')
  })

  it('goes by the inventory where the upstream is down, and says so', async () => {
    await using world = await openHarbour({ signed: true })
    const down: Reachable = {
      ...{ images: [], repositories: [], manifests: new Map(), blobs: new Map() },
      faults: [new PortolanError('UNREACHABLE', 'repositories: it is asleep')],
    }
    const right = await world.audit({}, undefined, down)
    expect(right.stores[0]).toMatchObject({ basis: 'inventory', expected: 7, held: 7, read: 7, findings: [] })
    expect(right.stores[0]).not.toHaveProperty('orphans')
    expect(formatAudit(right)).toContain('it is compared with its own inventory alone')

    const bytes = world.registry.bytes(world.shared.digest).slice()
    bytes[3500]! ^= 1
    await world.put(`blobs/${world.shared.digest}`, bytes)
    world.bucket.objects.delete(`blobs/${world.own.digest}`)
    const wrong = await world.audit({}, undefined, down)
    expect(new Set(kinds(wrong))).toEqual(new Set(['mislisted', 'altered', 'notPublic']))
  })

  it('takes from the inventory what the upstream leaves out', async () => {
    await using world = await openHarbour()
    const part: Reachable = {
      ...world.reachable,
      blobs: new Map([...world.reachable.blobs].filter(([digest]) => digest !== world.own.digest)),
      faults: [new PortolanError('UNREACHABLE', 'app:v1: it is asleep')],
    }
    const [store] = (await world.audit({}, undefined, part)).stores
    expect(store).toMatchObject({ basis: 'both', expected: 7, read: 7 })
  })

  it('says that there is nothing to compare with where neither says anything', async () => {
    await using world = await openHarbour({ inventory: false })
    const down: Reachable = {
      ...{ images: [], repositories: [], manifests: new Map(), blobs: new Map() },
      faults: [new PortolanError('UNREACHABLE', 'repositories: it is asleep')],
    }
    const [store] = (await world.audit({}, undefined, down)).stores
    expect(store).toMatchObject({ basis: 'nothing', expected: 0 })
    expect(store!.findings.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/^there is nothing to compare it with/),
    )
  })

  it('says what is about to be downloaded, and what it took', async () => {
    await using world = await openHarbour()
    const announced: string[] = []
    const fetched: string[] = []
    const fetch: Fetch = (url, init) => {
      fetched.push(url)
      return globalThis.fetch(url, init)
    }
    const runtime = createTestRuntime({ ...world.clock, fetch })
    const [store] = (await world.audit({ runtime, announce: (message) => announced.push(message) })).stores
    const bytes = store!.readBytes.toLocaleString('en')
    expect(announced).toEqual([
      `store store: 7 objects are read (${bytes} bytes), and 7 fetched as clients do`,
    ])
    expect(store!.requests.clients).toBe(fetched.length)
  })

  it('says of a sample in which nothing is wrong what it shows, and nothing of another', async () => {
    await using world = await openHarbour({ inventory: false })
    const blobs = new Map(world.reachable.blobs)
    for (let index = 0; index < 400; index++) {
      const { digest, bytes } = makeBlob(`blob ${index}`, 64)
      blobs.set(digest as Digest, { digest: digest as Digest, size: 64, name: 'app' as never })
      await world.put(`blobs/${digest}`, bytes)
    }
    const many = { ...world.reachable, blobs }
    const content = { confidence: 0.95, below: 0.05 }
    const report = await world.audit({ content, publicCount: 0 }, undefined, many)
    const [store] = report.stores
    // Of the 407, the smallest and the largest are looked at in any case.
    expect(store).toMatchObject({ expected: 407, read: 55, fetched: 55 })
    expect(store!.assurance).toEqual({ confidence: 0.95, fewerThan: 21, of: 407 })
    expect(formatAudit(report)).toContain(
      'the sample shows, with 95 % confidence, that fewer than 5 % are bad (at most 20 of 407)',
    )

    for (const key of world.bucket.objects.keys()) await world.put(key, new Uint8Array(64))
    const wrong = await world.audit({ content, publicCount: 0 }, undefined, many)
    expect(wrong.stores[0]).not.toHaveProperty('assurance')
  })

  it('asks a store that serves nothing to clients for a few only', async () => {
    await using world = await openHarbour({ fault: '403' })
    const blobs = new Map(world.reachable.blobs)
    for (let index = 0; index < 100; index++) {
      const { digest, bytes } = makeBlob(`blob ${index}`, 64)
      blobs.set(digest as Digest, { digest: digest as Digest, size: 64, name: 'app' as never })
      await world.put(`blobs/${digest}`, bytes)
    }
    const [store] = (await world.audit({}, undefined, { ...world.reachable, blobs })).stores
    expect(store!.requests.clients).toBeLessThan(60)
    expect(store!.findings.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/^none of \d+ objects came as it should; \d+ more were not asked for$/),
    )
  })

  it('lists the paths of digests alone where a store lets it list no more, and where others have put too much', async () => {
    await using world = await openHarbour()
    const { list } = world.objects
    world.objects.list = (prefix) => {
      if (prefix === '') throw new PortolanError('STORE_REFUSED', 's3:ListBucket is granted for blobs/*')
      return list(prefix)
    }
    const refused = await world.audit()
    expect(refused.stores[0]).toMatchObject({ held: 7, findings: [] })
    expect(refused.stores[0]).not.toHaveProperty('strangers')
    expect(formatAudit(refused)).toContain('strangers: not looked for')

    let given = 0
    world.objects.list = async function* (prefix) {
      if (prefix !== '') return yield* list(prefix)
      for (;;) yield { key: `a/${given++}`, size: 1, modified: 0 }
    }
    const shared = await world.audit()
    expect(shared.stores[0]).toMatchObject({
      held: 7,
      findings: [],
      strangers: { count: 100_000, isCut: true },
    })
    expect(shared.stores[0]!.strangers!.first).toHaveLength(100)
    expect(formatAudit(shared)).toContain('strangers, at no path of a digest: more than 100000')
  })

  it('does not think that an unreadable image leaves orphans', async () => {
    await using world = await openHarbour()
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
    await using world = await openHarbour()
    const nothing = { images: [], repositories: [], manifests: new Map(), blobs: new Map(), faults: [] }
    expect((await world.audit({}, undefined, nothing)).stores[0]).not.toHaveProperty('orphans')
  })

  it('tells how far it is', async () => {
    await using world = await openHarbour()
    const events: unknown[] = []
    await world.audit({ report: (event) => events.push(event) })
    expect(events).toContainEqual({ store: 'store', step: 'listing', done: 7 })
    expect(events).toContainEqual({ store: 'store', step: 'content', done: 7, total: 7 })
    expect(events).toContainEqual({ store: 'store', step: 'public', done: 7, total: 7 })
  })

  it('holds its ground at 100,000 objects', async () => {
    await using world = await openHarbour({ inventory: false })
    const digests = Array.from(
      { length: 100_000 },
      (_, index) => `sha256:${index.toString(16).padStart(64, '0')}` as Digest,
    )
    const objects = {
      ...world.objects,
      async *list(prefix: string) {
        if (!prefix.startsWith('blobs/') && !'blobs/'.startsWith(prefix)) return
        for (const digest of digests.slice(1)) yield { key: `blobs/${digest}`, size: 1, modified: 0 }
      },
    }
    const reachable = {
      ...{ images: world.reachable.images, repositories: [], manifests: new Map(), faults: [] },
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
    await using world = await openHarbour({ fault })
    expect(new Set(kinds(await world.audit()))).toEqual(new Set(['notPublic']))
  })

  it('must not be compressed', async () => {
    await using world = await openHarbour()
    const fetch: Fetch = async (url, init) => {
      // Inventories are asked for as doors ask for them.
      const expected = url.includes('/portolan/') ? 'identity' : 'gzip'
      expect(new Headers(init.headers).get('accept-encoding')).toBe(expected)
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
    await using world = await openHarbour()
    const requests: string[] = []
    const elsewhere = createServer((request, response) => {
      requests.push(request.url ?? '')
      response.writeHead(302, { Location: '/other' }).end()
    })
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve))
    const { port } = elsewhere.address() as { port: number }
    const report = await world.audit({}, [{ ...world.target, url: `http://127.0.0.1:${port}` }])
    await new Promise((resolve) => elsewhere.close(resolve))
    expect(report.stores[0]!.findings[1]!.message).toContain('302, a redirect')
    expect(requests).not.toContain('/other')
  })
})

describe('orphans', () => {
  const { digest, bytes } = makeBlob('stray', 10)
  const other = makeBlob('other', 5)
  const STRAY = digest as Digest
  const OTHER = `manifests/${other.digest.replace(':', '/')}`

  async function withOrphans() {
    const world = await openHarbour()
    await world.put(`blobs/${STRAY}`, bytes)
    world.clock.advance(2 * DAY)
    await world.put(OTHER, other.bytes)
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
      expect.objectContaining({ key: OTHER, modified: start + 2 * DAY }),
    ])
    expect(report.stores[0]!.findings).toEqual([])
    const text = formatAudit(report)
    expect(text).toContain('orphans: 2, 15 bytes, the oldest written 3 days ago')
    expect(text).toContain(`\n    blobs/${STRAY} (10 bytes)\n`)
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
