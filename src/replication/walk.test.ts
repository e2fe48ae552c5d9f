import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MemoryRegistry } from '../../test/support/memory-registry.ts'
import { createHash } from '../adapters/hash.ts'
import type { SyncConfig } from '../config/config.ts'
import { PortolanError } from '../errors.ts'
import type { Digest } from '../oci/digest.ts'
import type { Descriptor } from '../oci/manifest.ts'
import type { KeptManifest } from '../storage/workspace.ts'
import type { ManifestCache } from './manifest-reader.ts'
import type { Reachable } from './reachable.ts'
import { type WalkEvent, walk } from './walk.ts'
import { WalkMemory } from './walk-memory.ts'

const AMD64 = { os: 'linux', architecture: 'amd64' }
const ARM = { os: 'linux', architecture: 'arm', variant: 'v7' }

function memoryCache(): ManifestCache {
  const kept = new Map<Digest, KeptManifest>()
  return {
    manifest: async (digest) => kept.get(digest),
    keepManifest: async (digest, manifest) => void kept.set(digest, manifest),
  }
}

type Changes = Partial<Omit<SyncConfig, 'repositories' | 'tags'>> & {
  readonly repositories?: Partial<SyncConfig['repositories']>
  readonly tags?: Partial<SyncConfig['tags']>
}

const configOf = ({ repositories, tags, ...rest }: Changes = {}): SyncConfig => ({
  from: 'main',
  repositories: { list: 'catalog', include: [], exclude: [], ...repositories },
  tags: { include: [], exclude: [], ...tags },
  platforms: [],
  referrers: true,
  referrersRecheck: 0,
  journal: '/journal',
  concurrency: 4,
  requestsPerSecond: 100,
  maxWait: 1000,
  perRepository: [],
  foreignLayers: 'skip',
  ...rest,
})

async function walkOver(source: MemoryRegistry, changes: Changes = {}, workspace = memoryCache()) {
  const events: WalkEvent[] = []
  const report = (event: WalkEvent) => events.push(event)
  const reachable = await walk(source, configOf(changes), { workspace, report })
  const messages = (kind: 'note' | 'warning') =>
    events.flatMap((event) => (event.kind === kind ? [event.message] : []))
  return { ...reachable, notes: messages('note'), warnings: messages('warning'), events }
}

const imagesOf = ({ images }: Reachable) => images.map(({ name, tag }) => `${name}:${tag}`)
const faultsOf = ({ faults }: Reachable) => faults.map(({ message }) => message)
const signatureOf = ({ digest }: Descriptor, suffix = '.sig') => `${digest.replace(':', '-')}${suffix}`

/** One of each kind. */
function harbour() {
  const registry = new MemoryRegistry()
  const amd64 = registry.addImage('app', { layers: ['base', 'amd64'], platform: AMD64 })
  const arm = registry.addImage('app', { layers: ['base', 'arm'], platform: ARM })
  const index = registry.addIndex('app', [amd64, arm])
  registry.tag('app', 'v1', index)
  registry.tag('app', 'latest', index)
  const nested = registry.addIndex('app', [index, registry.addImage('app', { layers: ['other'] })])
  registry.tag('app', 'nested', nested)
  const docker = registry.addImage('team/tool', { layers: ['base', 'tool'], docker: true })
  registry.tag('team/tool', '1.0', registry.addIndex('team/tool', [docker], true))
  return { registry, amd64, arm, index, nested, docker }
}

it('ends when it is told to, and says nothing of what it did not come to', async () => {
  const { registry } = harbour()
  const stop = new AbortController()
  const events: WalkEvent[] = []
  const report = (event: WalkEvent) => {
    events.push(event)
    stop.abort(new Error('enough'))
  }
  const walking = walk(registry, configOf({ tags: { include: ['v1', 'none'] } }), {
    ...{ workspace: memoryCache(), report, signal: stop.signal },
  })
  await expect(walking).rejects.toThrow('enough')
  expect(events.map(({ kind }) => kind)).not.toContain('warning')
})

describe('what is reachable', () => {
  it('is everything that the tags lead to, each manifest after what it names', async () => {
    const { registry, amd64, arm, index, nested } = harbour()
    const found = await walkOver(registry)
    expect(imagesOf(found)).toEqual(['app:latest', 'app:nested', 'app:v1', 'team/tool:1.0'])
    expect(found.faults).toEqual([])
    expect(found.manifests.size).toBe(7)
    const order = [...found.manifests.keys()]
    for (const { digest, content } of found.manifests.values()) {
      for (const part of content) {
        if (found.manifests.has(part)) expect(order.indexOf(part)).toBeLessThan(order.indexOf(digest))
        else expect(found.blobs.has(part)).toBe(true)
      }
    }
    expect(found.manifests.get(index.digest)).toEqual({
      digest: index.digest,
      mediaType: index.mediaType,
      size: index.size,
      name: 'app',
      content: [amd64.digest, arm.digest],
    })
    expect(found.manifests.get(nested.digest)!.content[0]).toBe(index.digest)
  })

  it('holds a blob of many repositories once, with a repository that has it', async () => {
    const { registry } = harbour()
    const { digest, size } = registry.addBlob('team/tool', 'base')
    expect((await walkOver(registry)).blobs.get(digest)).toEqual({
      ...{ digest, size, name: 'app', alsoIn: ['team/tool'] },
    })
  })

  it('is the same, order and all, whatever answers first', async () => {
    const { registry } = harbour()
    const plain = await walkOver(registry)
    for (const seed of [1, 2, 3]) {
      let turn = seed
      const { manifest } = registry
      registry.manifest = async (...asked) => {
        turn = (turn * 7) % 11
        for (let wait = 0; wait < turn; wait++) await Promise.resolve()
        return manifest.apply(registry, asked)
      }
      const found = await walkOver(registry)
      expect([...found.manifests]).toEqual([...plain.manifests])
      expect([...found.blobs]).toEqual([...plain.blobs])
      expect(found.images).toEqual(plain.images)
    }
  })

  it('comes from childRepositories or from a list as well', async () => {
    const { registry } = harbour()
    expect(imagesOf(await walkOver(registry, { repositories: { list: 'childRepositories' } }))).toHaveLength(
      4,
    )
    expect(imagesOf(await walkOver(registry, { repositories: { list: ['team/tool'] } }))).toEqual([
      'team/tool:1.0',
    ])
    expect(registry.requests).not.toContain('catalog')
  })

  it('takes sha512 as well', async () => {
    const registry = new MemoryRegistry()
    const image = registry.addImage('app', { algorithm: 'sha512' })
    registry.tag('app', 'v1', image)
    const found = await walkOver(registry)
    expect(found.faults).toEqual([])
    expect([...found.manifests.keys()]).toEqual([image.digest])
  })

  it('holds the layers of a build cache, which stand in an index', async () => {
    const registry = new MemoryRegistry()
    const layer = registry.addBlob('cache', 'layer')
    registry.tag('cache', 'v1', registry.addIndex('cache', [layer]))
    const found = await walkOver(registry)
    expect([...found.blobs.keys()]).toEqual([layer.digest])
    expect(registry.requests).not.toContain(`GET cache@${layer.digest}`)
  })

  it('leaves foreign layers out, and says so', async () => {
    const registry = new MemoryRegistry()
    const foreign = {
      ...registry.addBlob('windows', 'foreign'),
      mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
    }
    const image = registry.addImage('windows', { layers: [foreign, 'own'] })
    registry.tag('windows', 'v1', image)
    const found = await walkOver(registry)
    expect(found.blobs.has(foreign.digest)).toBe(false)
    expect(found.manifests.get(image.digest)!.content).toHaveLength(2)
    expect(found.notes).toEqual([
      `windows:v1, windows@${image.digest}: left out, since they are foreign: ${foreign.digest} (7 bytes); "foreignLayers: copy" takes such layers along`,
    ])
  })

  it('holds foreign layers, and where they lie, when they are wanted', async () => {
    const registry = new MemoryRegistry()
    const urls = ['https://elsewhere.test/layer']
    const foreign = {
      ...registry.addBlob('windows', 'foreign'),
      mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
      urls,
    }
    const image = registry.addImage('windows', { layers: [foreign, 'own'] })
    registry.tag('windows', 'v1', image)
    const found = await walkOver(registry, { foreignLayers: 'copy' })
    expect(found.blobs.get(foreign.digest)).toEqual({
      digest: foreign.digest,
      size: 7,
      name: 'windows',
      urls,
    })
    expect(found.manifests.get(image.digest)!.content).toHaveLength(3)
    expect(found.notes).toEqual([])
  })

  it('knows other repositories that lead to the same', async () => {
    const registry = new MemoryRegistry()
    for (const name of ['a', 'b', 'c']) {
      registry.tag(name, 'v1', registry.addImage(name, { layers: ['shared', `own ${name}`] }))
    }
    registry.tag('c', 'same', registry.addImage('c', { layers: ['shared', 'own a'] }))
    const { blobs, manifests } = await walkOver(registry)
    const shared = registry.addBlob('a', 'shared')
    expect(blobs.get(shared.digest)).toMatchObject({ name: 'a', alsoIn: ['b', 'c'] })
    const [own, other] = ['own a', 'own b'].map((text) => registry.addBlob('a', text))
    expect(blobs.get(own!.digest)).toMatchObject({ name: 'a', alsoIn: ['c'] })
    expect(blobs.get(other!.digest)).not.toHaveProperty('alsoIn')
    expect([...manifests.values()].filter(({ alsoIn }) => alsoIn !== undefined)).toMatchObject([
      { name: 'a', alsoIn: ['c'] },
    ])
  })

  it('holds the blobs of schema 1, but not its manifest', async () => {
    const registry = new MemoryRegistry()
    const old = registry.addSchema1('old', ['a', 'b'])
    registry.tag('old', 'v1', old)
    const found = await walkOver(registry)
    expect(imagesOf(found)).toEqual(['old:v1'])
    expect(found.manifests.size).toBe(0)
    expect([...found.blobs.values()]).toEqual([
      { digest: registry.addBlob('old', 'a').digest, name: 'old' },
      { digest: registry.addBlob('old', 'b').digest, name: 'old' },
    ])
    expect(found.notes[0]).toContain('schema 1')
  })
})

describe('platforms', () => {
  it('leave other children out, but not the index, whose digest stands for all of it', async () => {
    const { registry, amd64, arm, index } = harbour()
    const found = await walkOver(registry, { platforms: ['linux/arm/v7'], tags: { include: ['v1'] } })
    expect(found.manifests.has(amd64.digest)).toBe(false)
    expect(found.manifests.get(index.digest)!.content).toEqual([arm.digest])
    expect(found.blobs.has(registry.addBlob('app', 'amd64').digest)).toBe(false)
    expect(registry.requests).not.toContain(`GET app@${amd64.digest}`)
  })

  it('that nothing is for are named in a warning', async () => {
    const { registry } = harbour()
    expect((await walkOver(registry, { platforms: ['linux/amd64', 'linux/s390x'] })).warnings).toEqual([
      'platforms "linux/s390x" matches nothing',
    ])
  })
})

describe('signatures and other referrers', () => {
  function signed() {
    const { registry, ...rest } = harbour()
    const signature = registry.addImage('app', { layers: ['signature'] })
    registry.tag('app', signatureOf(rest.index), signature)
    const countersignature = registry.addImage('app', { layers: ['countersignature'] })
    registry.tag('app', signatureOf(signature), countersignature)
    const sbom = registry.addImage('app', { layers: ['sbom'], subject: rest.amd64, artifactType: 'a/sbom' })
    const note = registry.addImage('app', { layers: ['note'], subject: sbom, artifactType: 'a/note' })
    const stray = registry.addImage('app', { layers: ['stray'] })
    registry.tag('app', `sha256-${'0'.repeat(64)}.att`, stray)
    return { registry, ...rest, signature, countersignature, sbom, note, stray }
  }

  it('come with what they are about, and theirs with them, whatever the filters of tags say', async () => {
    const { registry, index, signature, countersignature, sbom, note, stray } = signed()
    const found = await walkOver(registry, { tags: { include: ['v1'] }, repositories: { include: ['app'] } })
    expect(imagesOf(found)).toEqual(['app:v1', `app:${signatureOf(index)}`, `app:${signatureOf(signature)}`])
    for (const { digest } of [signature, countersignature, sbom, note]) {
      expect(found.manifests.has(digest)).toBe(true)
    }
    expect(found.manifests.has(stray.digest)).toBe(false)
  })

  it('stay behind with what is not chosen', async () => {
    const { registry } = signed()
    const found = await walkOver(registry, { repositories: { include: ['team/*'] } })
    expect(imagesOf(found)).toEqual(['team/tool:1.0'])
  })

  it('stay behind when nobody wants them', async () => {
    const { registry, sbom, signature } = signed()
    const found = await walkOver(registry, { referrers: false })
    expect(imagesOf(found)).toHaveLength(4)
    expect(found.manifests.has(sbom.digest)).toBe(false)
    expect(found.manifests.has(signature.digest)).toBe(false)
    expect(registry.requests.filter((request) => request.startsWith('referrers'))).toEqual([])
  })

  it('are found by the fallback tag, also of a sha512 digest, which is cut there', async () => {
    const registry = new MemoryRegistry()
    registry.withoutReferrers = true
    const image = registry.addImage('app', { algorithm: 'sha512' })
    registry.tag('app', 'v1', image)
    const sbom = registry.addImage('app', { layers: ['sbom'], subject: image })
    const tag = `sha512-${image.digest.slice(7, 7 + 64)}`
    registry.tag('app', tag, registry.addIndex('app', [sbom]))
    const found = await walkOver(registry)
    expect(imagesOf(found)).toEqual([`app:${tag}`, 'app:v1'].toReversed())
    expect(found.manifests.has(sbom.digest)).toBe(true)
  })

  it('are asked for once in a repository that has no list of them', async () => {
    const { registry } = signed()
    registry.withoutReferrers = new Set(['app'])
    const found = await walkOver(registry)
    expect(found.faults).toEqual([])
    expect(registry.requests.filter((request) => request.startsWith('referrers app@'))).toHaveLength(1)
    expect(registry.requests.filter((request) => request.startsWith('referrers team/tool@'))).toHaveLength(2)
  })
})

describe('a second walk with nothing new', () => {
  it('costs the lists, a HEAD a tag and a list of referrers a manifest', async () => {
    const { registry } = harbour()
    const workspace = memoryCache()
    const first = await walkOver(registry, {}, workspace)
    registry.requests.length = 0
    const second = await walkOver(registry, {}, workspace)
    expect([...second.manifests]).toEqual([...first.manifests])
    const kinds = Object.groupBy(registry.requests, (request) => request.split(' ')[0]!)
    expect(Object.fromEntries(Object.entries(kinds).map(([kind, all]) => [kind, all!.length]))).toEqual({
      catalog: 1,
      tags: 2,
      HEAD: 4,
      referrers: second.manifests.size,
    })
  })
})

describe('a walk that knows what the one before was told', () => {
  const HOUR = 3_600_000
  function remembering(recheck = 24 * HOUR) {
    const files = new Map<string, Uint8Array>()
    const cache = memoryCache()
    const { registry, index } = harbour()
    const after = async (hours: number, changes: Changes = {}) => {
      const memory = await WalkMemory.open(
        {
          file: async (name) => files.get(name),
          keepFile: async (name, bytes) => void files.set(name, bytes),
        },
        { location: 'registry.test', runtime: { date: () => new Date(hours * HOUR), createHash }, recheck },
      )
      registry.requests.length = 0
      const found = await walk(registry, configOf(changes), { workspace: cache, memory })
      const asked = registry.requests.filter((request) => request.startsWith('referrers'))
      return { ...found, asked: asked.length }
    }
    return { registry, index, after }
  }

  it('asks for referrers again after as long as an image was known, and finds all the same', async () => {
    const { registry, index, after } = remembering()
    const first = await after(0)
    expect(first.asked).toBe(first.manifests.size)
    expect((await after(10)).asked).toBe(first.manifests.size)
    const signature = registry.addImage('app', { config: 'signature', subject: index })
    const between = await after(19)
    expect([between.asked, [...between.manifests]]).toEqual([0, [...first.manifests]])
    const later = await after(20)
    expect(later.manifests.has(signature.digest)).toBe(true)
    const known = await after(21)
    expect(known.manifests.has(signature.digest)).toBe(true)
    // Of the signature alone nothing is known yet.
    expect(known.asked).toBe(1)
  })

  it('asks anew for what it was refused', async () => {
    const { registry, index, after } = remembering()
    registry.failing.set(`referrers app@${index.digest}`, new PortolanError('UNREACHABLE', 'it is asleep'))
    expect(faultsOf(await after(0))).not.toEqual([])
    registry.failing.clear()
    await after(10)
    expect(faultsOf(await after(11))).toEqual([])
    expect((await after(11.5)).asked).toBe(0)
  })

  it('finds the images that their tags stand for now', async () => {
    const { registry, after } = remembering()
    await after(0)
    const other = registry.addImage('app', { layers: ['new'] })
    registry.tag('app', 'v1', other)
    expect((await after(1)).images.find(({ tag }) => tag === 'v1')?.digest).toBe(other.digest)
  })
})

describe('what is wrong', () => {
  const unreachable = () => new PortolanError('UNREACHABLE', 'it is asleep')

  it('with a tag is said, naming the image, and stops nothing else', async () => {
    const { registry, index } = harbour()
    registry.failing.set('HEAD app:latest', unreachable())
    registry.tag('app', 'gone', { digest: `sha256:${'0'.repeat(64)}` as Digest })
    const found = await walkOver(registry)
    expect(imagesOf(found)).toEqual(['app:nested', 'app:v1', 'team/tool:1.0'])
    expect(found.manifests.has(index.digest)).toBe(true)
    expect(faultsOf(found)).toEqual([
      'app:latest: it is asleep',
      `app:gone: app@sha256:${'0'.repeat(64)} is named, but is not there`,
    ])
    expect(found.faults[0]!.code).toBe('UNREACHABLE')
  })

  it('with a child leaves the rest of its index reachable', async () => {
    const { registry, arm, amd64, index } = harbour()
    registry.lose('app', arm.digest)
    const found = await walkOver(registry, { tags: { include: ['v1'] } })
    expect(found.manifests.get(index.digest)!.content).toEqual([amd64.digest])
    expect(faultsOf(found)).toEqual([`app:v1: app@${arm.digest} is named, but is not there`])
  })

  it('with a list of tags leaves that repository out, since part of it would be taken for all', async () => {
    const { registry } = harbour()
    registry.failing.set('tags app', unreachable())
    const found = await walkOver(registry)
    expect(imagesOf(found)).toEqual(['team/tool:1.0'])
    expect(faultsOf(found)).toEqual(['tags of app: it is asleep'])
  })

  it('may be a tag that nothing can be called: it is left out with a warning, whatever it is', async () => {
    const { registry, index } = harbour()
    for (const tag of ['../x', 'a b', '', 'z:z']) registry.tag('app', tag, index)
    const found = await walkOver(registry)
    expect(faultsOf(found)).toEqual([])
    expect(imagesOf(found)).toEqual(['app:latest', 'app:nested', 'app:v1', 'team/tool:1.0'])
    expect(found.warnings).toEqual([
      'the list of tags of app holds what nothing can be called, which is left out: "", "../x", "a b" and others',
    ])
  })

  it('with a catalog that nobody may have names the key that does without one', async () => {
    const { registry } = harbour()
    const refused = new PortolanError('ACCESS_DENIED', 'log in', { status: 401 })
    registry.failing.set('catalog', refused)
    expect(faultsOf(await walkOver(registry))).toEqual([
      'repositories: log in; set sync.repositories.list to the names of its repositories, or to childRepositories for Artifact Registry',
    ])
    const named = await walkOver(registry, { repositories: { include: ['team/tool'] } })
    expect([imagesOf(named), faultsOf(named)]).toEqual([['team/tool:1.0'], []])
  })

  it('with the list of repositories does not stop those that were listed', async () => {
    const { registry } = harbour()
    registry.failing.set('catalog', unreachable())
    const found = await walkOver(registry)
    expect(imagesOf(found)).toHaveLength(4)
    expect(faultsOf(found)).toEqual(['repositories: it is asleep'])
  })

  it('with a list of referrers does not stop what is under it', async () => {
    const { registry, index } = harbour()
    registry.failing.set(`referrers app@${index.digest}`, unreachable())
    const found = await walkOver(registry, { tags: { include: ['v1'] } })
    expect(found.manifests.size).toBe(3)
    expect(faultsOf(found)).toEqual(['app:v1: it is asleep'])
  })

  it('with a manifest names the field', async () => {
    const registry = new MemoryRegistry()
    registry.tag('app', 'v1', registry.addManifest('app', { config: 7 }, 'text/html'))
    expect(faultsOf(await walkOver(registry))).toEqual([
      expect.stringMatching(/^app:v1: app@sha256:\w+: config is 7/),
    ])
  })

  it('may be two sizes for one blob: both are named, and none is believed', async () => {
    const registry = new MemoryRegistry()
    const blob = registry.addBlob('app', 'layer')
    const [a, b] = [
      registry.addImage('app', { layers: [blob] }),
      registry.addImage('app', { layers: [{ ...blob, size: 99 }] }),
    ]
    registry.tag('app', 'a', a)
    registry.tag('app', 'b', b)
    const found = await walkOver(registry)
    expect(found.blobs.get(blob.digest)).toEqual({ digest: blob.digest, name: 'app' })
    expect(faultsOf(found)).toEqual([
      `app@${b.digest} says that ${blob.digest} has 99 bytes; app@${a.digest} says 5`,
    ])
  })

  it('may be the size of a manifest', async () => {
    const registry = new MemoryRegistry()
    const image = registry.addImage('app')
    registry.tag('app', 'v1', registry.addIndex('app', [{ ...image, size: 1 }]))
    expect(faultsOf(await walkOver(registry))[0]).toContain(`has 1 bytes; it has ${image.size}`)
  })

  it('may be a digest that nobody here can compute', async () => {
    const registry = new MemoryRegistry()
    const strange = 'blake3:abc' as Digest
    registry.tag(
      'app',
      'v1',
      registry.addImage('app', { layers: [{ ...registry.addBlob('app', 'x'), digest: strange }] }),
    )
    registry.tag('app', 'v2', { digest: strange })
    const found = await walkOver(registry)
    expect(found.blobs.has(strange)).toBe(false)
    expect(faultsOf(found)).toEqual([
      expect.stringMatching(/^app:v2: app@blake3:abc cannot be verified/),
      expect.stringContaining('names blake3:abc, which cannot be verified'),
    ])
  })

  it('may be indexes that nest without end, or in a circle', async () => {
    const registry = new MemoryRegistry()
    let nested = registry.addImage('app')
    for (let depth = 0; depth < 12; depth++) nested = registry.addIndex('app', [nested])
    registry.tag('app', 'deep', nested)
    const found = await walkOver(registry)
    expect(found.manifests.size).toBe(9)
    expect(faultsOf(found)).toEqual(['app:deep: manifests are nested more than 8 deep'])

    const circle = new MemoryRegistry()
    const [one, two] = ['1', '2'].map((digit) => `sha256:${digit.repeat(64)}` as Digest)
    circle.tag('app', 'v1', { digest: one! })
    const bytes = (digest: Digest) =>
      circle.bytes(circle.addIndex('x', [{ mediaType: nested.mediaType, digest, size: 1 }]).digest)
    circle.manifest = async (_, digest) => ({
      digest: digest as Digest,
      mediaType: nested.mediaType,
      bytes: bytes(digest === one ? two! : one!),
    })
    circle.withoutReferrers = true
    const turned = await walkOver(circle, { repositories: { list: ['app'] } })
    expect([...turned.manifests.keys()].toSorted()).toEqual([one, two])
  })

  it('may be an index that names more than any image has', async () => {
    const registry = new MemoryRegistry()
    const { mediaType } = registry.addImage('app')
    const children = Array.from({ length: 10_001 }, (_, index) => ({
      mediaType,
      size: 1,
      digest: `sha256:${String(index).padStart(64, '0')}` as Digest,
    }))
    registry.tag('app', 'wide', registry.addIndex('app', children))
    registry.withoutReferrers = true
    const found = await walkOver(registry)
    expect(faultsOf(found)).toEqual(['app:wide: it leads to more than 10000 manifests'])
    expect(registry.requests.filter((request) => request.startsWith('GET'))).toHaveLength(1)
  })

  it('in the config is refused at once', async () => {
    const { registry } = harbour()
    await expect(walkOver(registry, { repositories: { list: ['../x'] } })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'repositories.list holds "../x", which is not the name of a repository',
    })
    await expect(walkOver(registry, { platforms: ['amd64'] })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
    expect(registry.requests).toEqual([])
  })

  it('with the workspace ends the walk', async () => {
    const full = new PortolanError('FILE_UNWRITABLE', 'the disk is full')
    const workspace: ManifestCache = { ...memoryCache(), keepManifest: () => Promise.reject(full) }
    await expect(walkOver(harbour().registry, {}, workspace)).rejects.toBe(full)
  })

  it('may be a filter that matches nothing anywhere, or a repository that is not there', async () => {
    const { registry } = harbour()
    const found = await walkOver(registry, {
      repositories: { list: ['app', 'apq'], exclude: ['x*'] },
      tags: { include: ['v1', 'w1'] },
    })
    expect(found.warnings).toEqual([
      'repositories.list names apq, which has no tags at registry.test',
      'repositories.exclude "x*" matches nothing',
      'tags.include "w1" matches nothing',
    ])
    const included = await walkOver(registry, { repositories: { include: ['app', 'apq'] } })
    expect(included.warnings).toEqual(['repositories.include names apq, which has no tags at registry.test'])
  })
})

it('reaches exactly the closure of the tags', async () => {
  /** Builds one step after another on what the earlier ones made; a number picks one of those. */
  const step = fc.record({
    kind: fc.constantFrom('image', 'index', 'tag', 'signature'),
    name: fc.constantFrom('a', 'b/c'),
    picks: fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
    layers: fc.array(fc.constantFrom('w', 'x', 'y', 'z'), { maxLength: 3 }),
    hasSubject: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 10, maxLength: 40, size: 'max' }),
      fc.boolean(),
      async (steps, listsReferrers) => {
        const registry = new MemoryRegistry()
        if (!listsReferrers) registry.withoutReferrers = true
        const made = new Map<string, { descriptor: Descriptor; depth: number }[]>()
        const edges = new Map<string, Set<Digest>>()
        const blobs = new Map<Digest, Set<Digest>>()
        const tags: { name: string; tag: string; digest: Digest }[] = []
        const connect = (name: string, from: Digest, to: Digest) => {
          const key = `${name}@${from}`
          edges.set(key, (edges.get(key) ?? new Set()).add(to))
        }
        steps.forEach(({ kind, name, picks, layers, hasSubject }, number) => {
          const before = made.get(name) ?? []
          made.set(name, before)
          const picked = before.length === 0 ? [] : picks.map((pick) => before[pick % before.length]!)
          const depth = 1 + Math.max(0, ...picked.map((each) => each.depth))
          if (kind === 'image') {
            const subject = hasSubject ? picked[0] : undefined
            const config = String(number)
            const descriptor = registry.addImage(name, {
              layers,
              config,
              ...(subject && { subject: subject.descriptor }),
            })
            before.push({ descriptor, depth })
            const content = [config, ...layers].map((text) => registry.addBlob(name, text).digest)
            blobs.set(descriptor.digest, new Set(content))
            if (subject && listsReferrers) connect(name, subject.descriptor.digest, descriptor.digest)
          } else if (kind === 'index' && depth < 6) {
            const descriptor = registry.addIndex(
              name,
              picked.map((each) => each.descriptor),
            )
            before.push({ descriptor, depth })
            for (const each of picked) connect(name, descriptor.digest, each.descriptor.digest)
          } else if (picked.length > 0) {
            const { digest } = picked[0]!.descriptor
            if (kind === 'tag') tags.push({ name, tag: `v${number}`, digest })
            else if (picked.length > 1) {
              const signed = picked[1]!.descriptor
              const suffix = ['.sig', '.att', '.sbom', ''][number % 4]!
              const tag = signatureOf(signed, suffix)
              if (tags.some((each) => each.name === name && each.tag === tag)) return
              tags.push({ name, tag, digest })
              connect(name, signed.digest, digest)
            }
          }
        })
        for (const { name, tag, digest } of tags) registry.tag(name, tag, { digest })

        const manifests = new Set<Digest>()
        const reached = new Set<string>()
        const visit = (name: string, digest: Digest) => {
          if (reached.has(`${name}@${digest}`)) return
          reached.add(`${name}@${digest}`)
          manifests.add(digest)
          for (const next of edges.get(`${name}@${digest}`) ?? []) visit(name, next)
        }
        for (const { name, tag, digest } of tags) if (tag.startsWith('v')) visit(name, digest)

        const found = await walkOver(registry)
        const isDeep = faultsOf(found).some((message) => message.includes('deep'))
        fc.pre(!isDeep)
        expect(found.faults).toEqual([])
        expect([...found.manifests.keys()].toSorted()).toEqual([...manifests].toSorted())
        expect([...found.blobs.keys()].toSorted()).toEqual(
          [...new Set([...manifests].flatMap((digest) => [...(blobs.get(digest) ?? [])]))].toSorted(),
        )
      },
    ),
  )
})
