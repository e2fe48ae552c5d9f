import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { openFilledRegistry } from '../../support/filled-registry.ts'
import { makeMemoryTarget } from '../../support/memory-target.ts'
import {
  type PushableRegistry,
  type PushFaults,
  startPushableRegistry,
} from '../../support/pushable-registry.ts'
import { makeTempFolder } from '../../support/temp.ts'
import {
  blobRequests,
  expectFilled,
  LARGE_BYTES,
  makeUpstream,
  type RunOptions,
  runSync,
  type TestUpstream,
} from './world.ts'

let folder: string
let upstream: TestUpstream

beforeEach(async () => {
  const temp = await makeTempFolder()
  onTestFinished(() => temp[Symbol.asyncDispose]())
  folder = join(temp.path, 'journal')
  upstream = makeUpstream()
})

async function start(faults: PushFaults = {}): Promise<PushableRegistry> {
  const registry = await startPushableRegistry({ isStrict: true, ...faults })
  onTestFinished(() => registry[Symbol.asyncDispose]())
  return registry
}

/** A run that fills a registry below a prefix. */
function fill(target: PushableRegistry, options: Partial<RunOptions> = {}) {
  const registries = [openFilledRegistry('west', target.origin, 'mirror')]
  return runSync({ folder, targets: [], upstream: upstream.registry, registries, ...options })
}

/** What each tag there stands for. */
function tagsOf(target: PushableRegistry): Record<string, string> {
  const tags = [...target.manifests].filter(([key]) => !key.includes('@'))
  return Object.fromEntries(tags.map(([key, { bytes }]) => [key, JSON.parse(bytes.toString())]))
}

/** All that is there under a digest is what the upstream has under it, and no tag leads to anything missing. */
function expectWhole(
  target: PushableRegistry,
  { registry }: Pick<TestUpstream, 'registry'> = upstream,
): void {
  for (const [key, bytes] of target.blobs) {
    expect(bytes.equals(registry.bytes(key.split('@')[1] as never)), key).toBe(true)
  }
  for (const [key, { bytes }] of target.manifests) {
    const repository = key.split(/[@:]/)[0]!
    expect(target.missingOf(repository, bytes), key).toEqual([])
  }
}

const writes = ({ requests }: PushableRegistry) => requests.filter((line) => /^(?:PUT|POST|PATCH)/.test(line))

describe('a registry that is filled', () => {
  it('gets all that the tags lead to, beside a store, of one download', async () => {
    const target = await start()
    const paris = makeMemoryTarget('paris')
    const report = await fill(target, { targets: [paris] })
    expect(report.faults).toEqual([])
    expect(report).toMatchObject({
      stores: [{ complete: true }],
      registries: [
        {
          ...{ store: 'west', complete: true, held: 9, lacking: 0, failed: 0, withheld: 0 },
          stored: { blobs: 6, manifests: 3 },
          tags: { planned: 1, set: 1 },
          otherTags: { count: 0 },
        },
      ],
    })
    expectFilled(paris.bucket, upstream)
    expectWhole(target)
    expect(target.manifests.get('mirror/app:v1')!.bytes).toEqual(
      Buffer.from(upstream.registry.bytes(upstream.index.digest)),
    )
    expect(blobRequests(upstream.registry)).toHaveLength(6)
    // The last of all is the tag.
    expect(target.requests.at(-1)).toBe('PUT /v2/mirror/app/manifests/v1 201')
    expect(report.events.filter(({ kind }) => kind === 'uploaded')).not.toEqual([])
  })

  it('is asked for its tags and a few contents when nothing is new, and written nothing', async () => {
    const target = await start()
    await fill(target)
    target.requests.length = 0
    const { registry } = upstream
    registry.requests.length = 0
    const report = await fill(target)
    expect(report).toMatchObject({
      downloaded: 0,
      registries: [{ complete: true, checked: { objects: 8 }, stored: { blobs: 0, manifests: 0 } }],
    })
    expect(blobRequests(registry)).toEqual([])
    expect(writes(target)).toEqual([])
    expect(target.requests.filter((line) => /tags|\/v1/.test(line))).toEqual([
      'GET /v2/mirror/app/tags/list 200',
      'HEAD /v2/mirror/app/manifests/v1 200',
    ])
    expect(target.requests.length).toBeLessThan(2 + 2 * 8 + 1)
  })

  it('only says in a dry run what it would get', async () => {
    const target = await start()
    const report = await fill(target, { dryRun: true })
    expect(writes(target)).toEqual([])
    expect(report).toMatchObject({
      download: { blobs: 6 },
      registries: [{ planned: { blobs: 6, manifests: 3 }, tags: { planned: 1, set: 0 }, complete: false }],
    })
  })

  it('mounts in one repository what another one has, and downloads it once', async () => {
    const target = await start()
    const { registry, large } = upstream
    const image = registry.addImage('tool', { layers: [large] })
    registry.tag('tool', 'v1', image)
    // Repositories hold their blobs each, though they are equal.
    registry.addBlob('tool', registry.bytes(large.digest) as Uint8Array<ArrayBuffer>)
    const report = await fill(target)
    expect(report).toMatchObject({ faults: [], registries: [{ complete: true, mounted: 1 }] })
    expectWhole(target)
    expect(blobRequests(registry).filter((line) => line.includes(large.digest))).toHaveLength(1)
    expect(target.received).toBeLessThan(2 * large.size)

    registry.tag('other', 'v1', registry.addImage('other', { layers: [large] }))
    registry.requests.length = 0
    const again = await fill(target)
    expect(again).toMatchObject({ downloaded: 0, faults: [], registries: [{ complete: true, mounted: 2 }] })
    expect(blobRequests(registry)).toEqual([])
    expectWhole(target)
  })

  it('that mounts nothing is sent again what it has, and the upstream is not asked', async () => {
    const target = await start({ mounts: false })
    const { registry, large } = upstream
    await fill(target)
    registry.tag('other', 'v1', registry.addImage('other', { layers: [large] }))
    registry.requests.length = 0
    const again = await fill(target)
    expect(again).toMatchObject({ faults: [], registries: [{ complete: true, mounted: 0 }] })
    expectWhole(target)
    expect(blobRequests(registry).filter((line) => line.includes(large.digest))).toEqual([])
  })

  it('has a tag moved that moved at the upstream, and keeps one that vanished there, which is told', async () => {
    const target = await start()
    await fill(target)
    const { registry } = upstream
    const next = registry.addImage('app', { layers: ['new'] })
    registry.tag('app', 'v1', next)
    target.manifests.set('mirror/app:old', target.manifests.get('mirror/app:v1')!)
    const report = await fill(target)
    expect(report.registries).toMatchObject([
      { complete: true, tags: { set: 1 }, otherTags: { count: 1, first: ['app:old'] } },
    ])
    expect(Object.keys(tagsOf(target)).sort()).toEqual(['mirror/app:old', 'mirror/app:v1'])
    expect(target.manifests.get('mirror/app:v1')!.bytes).toEqual(Buffer.from(registry.bytes(next.digest)))
  })

  it('has a tag put right that somebody else has moved', async () => {
    const target = await start()
    const { registry, index } = upstream
    registry.tag('app', 'v2', registry.addImage('app', { layers: ['two'] }))
    await fill(target)
    target.manifests.set('mirror/app:v1', target.manifests.get('mirror/app:v2')!)
    await fill(target)
    expect(target.manifests.get('mirror/app:v1')!.bytes).toEqual(Buffer.from(registry.bytes(index.digest)))
  })

  it.each([
    ['has lost everything', (target: PushableRegistry) => [target.blobs.clear(), target.manifests.clear()]],
    [
      'has lost a tag and its blobs, though other tags are there',
      (target: PushableRegistry) => [target.manifests.delete('mirror/app:v1'), target.blobs.clear()],
    ],
  ])('gets all again when it %s', async (_, lose) => {
    const target = await start()
    const { registry } = upstream
    registry.tag('app', 'v2', registry.addImage('app', { layers: ['two'] }))
    await fill(target)
    lose(target)
    const report = await fill(target)
    expect(report).toMatchObject({ faults: [], registries: [{ complete: true }] })
    expectWhole(target)
  })

  it('that has lost a tag with one of its blobs gets both, whatever the sample looks at', async () => {
    const target = await start()
    const { registry } = upstream
    for (let other = 0; other < 20; other++) {
      registry.tag('app', `w${other}`, registry.addImage('app', { layers: [`one layer of many: ${other}`] }))
    }
    await fill(target)
    const lost = [...target.blobs].find(([, bytes]) => bytes.toString() === 'only amd64')![0]
    target.blobs.delete(lost)
    target.manifests.delete('mirror/app:v1')
    const report = await fill(target)
    expect(report).toMatchObject({ faults: [], registries: [{ complete: true, stored: { blobs: 1 } }] })
    expect(report.events.filter(({ kind }) => kind === 'warning')).toEqual([])
    expectWhole(target)
  })

  it('that has lost a blob gets it again when the sample finds that, and all that is gone with it', async () => {
    const target = await start()
    await fill(target)
    target.blobs.clear()
    const report = await fill(target)
    expect(report).toMatchObject({ faults: [], registries: [{ complete: true, stored: { blobs: 6 } }] })
    expect(report.events).toContainEqual(
      expect.objectContaining({ kind: 'warning', message: expect.stringContaining('something is gone') }),
    )
    expectWhole(target)
  })

  it('that gives other bytes than it was given is a fault, and nothing is pushed over them', async () => {
    const target = await start()
    await fill(target)
    for (const [key, bytes] of target.blobs) target.blobs.set(key, Buffer.from(bytes.map((byte) => byte ^ 1)))
    target.requests.length = 0
    const report = await fill(target)
    expect(report.faults).not.toEqual([])
    expect(report.faults[0]).toMatchObject({
      ...{ code: 'CONTENT_INVALID', store: 'west', images: ['app:v1'] },
      message: expect.stringMatching(/its bytes are those of .*delete it at the registry/),
    })
    expect(report.registries).toMatchObject([{ complete: false }])
    expect(writes(target)).toEqual([])
  })

  it('is believed to have what is there already, and gets the rest', async () => {
    const target = await start()
    await fill(target)
    const { registry } = upstream
    const kept = folder
    folder = `${kept}-of-another`
    registry.requests.length = 0
    target.requests.length = 0
    const other = await fill(target)
    expect(other).toMatchObject({ downloaded: 0, registries: [{ complete: true, stored: { blobs: 0 } }] })
    const asked = () => target.requests.filter((line) => line.startsWith('HEAD'))
    // Each once, and of the blobs in the sample the size.
    expect(new Set(asked()).size).toBe(1 + 3 + 6)
    const before = asked().length
    folder = `${kept}-of-a-third`
    target.requests.length = 0
    await fill(target, { trustExisting: true })
    expect(asked().length).toBeLessThanOrEqual(before - 3)
  })

  it('takes signatures before what they sign, and lists referrers itself or by the fallback tag', async () => {
    const { registry, index } = upstream
    const subject = { mediaType: index.mediaType, digest: index.digest, size: index.size }
    const referrer = registry.addImage('app', { layers: ['sbom'], subject, artifactType: 'test/sbom' })
    const signature = registry.addImage('app', { layers: ['signature'] })
    registry.tag('app', `${index.digest.replace(':', '-')}.sig`, signature)
    for (const referrers of [true, false]) {
      const target = await start({ referrers })
      folder = `${folder}-${referrers}`
      const report = await fill(target, { section: { referrers: true } })
      expect(report).toMatchObject({ faults: [], registries: [{ complete: true }] })
      expectWhole(target)
      const tags = writes(target).filter((line) => /manifests\/(?!sha256:)/.test(line))
      expect(tags.at(-1)).toContain('/manifests/v1 ')
      expect(tags.at(-2)).toContain('.sig ')
      const fallback = target.manifests.get(`mirror/app:${index.digest.replace(':', '-')}`)
      const listed = fallback && JSON.parse(fallback.bytes.toString()).manifests
      expect(listed).toEqual(
        referrers
          ? undefined
          : [expect.objectContaining({ digest: referrer.digest, artifactType: 'test/sbom' })],
      )
      expect((await fill(target, { section: { referrers: true } })).registries).toMatchObject([
        { complete: true, otherTags: { count: 0 }, stored: { manifests: 0 } },
      ])
    }
  })

  it('asks only for what a tag leads to that moved to something that is there', async () => {
    const target = await start()
    const { registry } = upstream
    const two = registry.addImage('app', { layers: ['two'] })
    registry.tag('app', 'v2', two)
    registry.tag('app', 'latest', upstream.index)
    await fill(target)
    registry.tag('app', 'latest', two)
    target.requests.length = 0
    const report = await fill(target)
    expect(report).toMatchObject({ downloaded: 0, registries: [{ complete: true, tags: { set: 1 } }] })
    // What the sample holds of manifests is read by GET.
    const asked = target.requests.filter((line) => /^HEAD .*manifests\/sha256/.test(line))
    expect(asked).toEqual([`HEAD /v2/mirror/app/manifests/${two.digest} 200`])
    expect(writes(target)).toEqual(['PUT /v2/mirror/app/manifests/latest 201'])
  })
})

describe('when something fails', () => {
  it('an upload of a run that was told to end is gone on with by the next one', async () => {
    const target = await start({ resumes: true })
    const stop = new AbortController()
    const ended = await fill(target, {
      concurrency: 1,
      signal: stop.signal,
      report: (event) => {
        if (event.kind === 'uploaded' && target.received > 6_000_000) stop.abort()
      },
    })
    expect(ended).toMatchObject({ interrupted: true, registries: [{ complete: false, tags: { set: 0 } }] })
    const { received } = target
    const report = await fill(target)
    expect(report).toMatchObject({ faults: [], registries: [{ complete: true }] })
    expectWhole(target)
    expect(target.requests).toContain('GET /v2/mirror/app/blobs/uploads/SESSION 204')
    expect(received).toBeGreaterThan(6_000_000)
    expect(target.received - received).toBeLessThan(LARGE_BYTES - 4_000_000)
  })

  it('a tag that may not change is told in the words of the registry, and the others are set', async () => {
    const { registry } = upstream
    for (let tag = 0; tag < 8; tag++) registry.tag('app', `w${tag}`, upstream.index)
    const body = JSON.stringify({ errors: [{ code: 'TAG_INVALID', message: 'the tag is immutable' }] })
    const refused = { method: 'PUT', path: /manifests\/w[0-6]$/, status: 400, body }
    const target = await start({ answers: Array.from({ length: 7 }, () => refused) })
    const report = await fill(target, { concurrency: 1 })
    expect(report.faults).toHaveLength(7)
    expect(report.faults[0]).toMatchObject({
      ...{ code: 'STORE_REFUSED', store: 'west' },
      message: expect.stringContaining('TAG_INVALID: the tag is immutable'),
    })
    expect(Object.keys(tagsOf(target)).sort()).toEqual(['mirror/app:v1', 'mirror/app:w7'])
    expect(report.registries).toMatchObject([{ complete: false, failed: 7, lacking: 7 }])
  })

  it.each([
    [401, 'log in to'],
    [403, 'check that the account may push to'],
  ])(
    'a registry that answers pushes with %d is given up after a few, and the store is filled',
    async (status, advice) => {
      const answers = Array.from({ length: 100 }, () => ({ method: 'POST', status }))
      const target = await start({ answers })
      const paris = makeMemoryTarget('paris')
      const report = await fill(target, { targets: [paris], concurrency: 1 })
      expect(report.stores).toMatchObject([{ complete: true }])
      expect(report.registries).toMatchObject([{ complete: false, stored: { blobs: 0 } }])
      expect(report.faults[0]).toMatchObject({
        ...{ code: 'ACCESS_DENIED', store: 'west' },
        message: expect.stringContaining(advice),
      })
      expect(report.faults.at(-1)!.message).toContain('registry west failed 5 times in a row')
      expect(tagsOf(target)).toEqual({})
    },
  )

  it('an upload that breaks off is gone on with, and the blob is downloaded once', async () => {
    const target = await start({ cutAfter: [4_000_000, 3_000_000], resumes: true })
    const report = await fill(target, { concurrency: 1 })
    expect(report).toMatchObject({ faults: [], registries: [{ complete: true }] })
    expectWhole(target)
    expect(blobRequests(upstream.registry)).toHaveLength(6)
  })

  it('a tag of which a part cannot be had is withheld, and so is nothing else', async () => {
    const { registry, small } = upstream
    registry.tag('app', 'good', registry.addImage('app', { layers: ['good'] }))
    registry.lose('app', small.digest)
    const target = await start()
    const report = await fill(target)
    expect(Object.keys(tagsOf(target))).toEqual(['mirror/app:good'])
    // Both images, their index and its tag.
    expect(report.registries).toMatchObject([{ complete: false, withheld: 4, failed: 1 }])
    expectWhole(target)
  })

  it('an index of which a manifest cannot be read gets no tag', async () => {
    const { registry, index } = upstream
    registry.tag('app', 'good', registry.addImage('app', { layers: ['good'] }))
    const [first] = JSON.parse(Buffer.from(registry.bytes(index.digest)).toString()).manifests
    registry.lose('app', first.digest)
    // One that would take the index as it is.
    const target = await start({ isStrict: false })
    const report = await fill(target)
    expect(report.faults).not.toEqual([])
    expect(Object.keys(tagsOf(target))).toEqual(['mirror/app:good'])
    expect(report.registries[0]!.complete).toBe(false)
    expect(report.registries[0]).not.toHaveProperty('otherTags')
    expectWhole(target)
  })

  it('a blob that comes wrong from the upstream gets nowhere', async () => {
    const { registry, large } = upstream
    registry.bytes(large.digest)[9]! ^= 1
    const target = await start()
    const report = await fill(target)
    expect(report.faults).toMatchObject([{ code: 'CONTENT_INVALID', digest: large.digest }])
    expect([...target.blobs.keys()].some((key) => key.includes(large.digest))).toBe(false)
    expect(tagsOf(target)).toEqual({})
  })

  it('a repository that cannot be read is a fault, and the others are filled', async () => {
    const { registry } = upstream
    registry.tag('tool', 'v1', registry.addImage('tool', { layers: ['tool'] }))
    const answers = [{ method: 'GET', path: /mirror\/app\/tags/, status: 403 }]
    const target = await start({ answers })
    const report = await fill(target)
    expect(report.faults).toMatchObject([{ code: 'ACCESS_DENIED', store: 'west' }])
    expect(Object.keys(tagsOf(target))).toEqual(['mirror/tool:v1'])
    expect(report.registries).toMatchObject([{ complete: false, failed: 0 }])
  })
})
