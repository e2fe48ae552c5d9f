import { createHash } from 'node:crypto'
import { expect, it, test } from 'vitest'
import { createTestRuntime } from '../../../test/support/test-runtime.ts'
import { PortolanError } from '../../errors.ts'
import { createObservers } from '../../internal/observers.ts'
import type { Digest } from '../../oci/digest.ts'
import { parseImageList } from '../../oci/image-list.ts'
import { OCI_CONFIG, OCI_INDEX, OCI_LAYER_GZIP, OCI_MANIFEST } from '../../oci/manifest.ts'
import type { FetchedManifest } from '../../registry/reader.ts'
import type { PinSource } from './pin-source.ts'
import { formatReadiness } from './pinned-report.ts'
import { type PinnedCache, PinnedSet } from './pinned-set.ts'

type Event = Parameters<Parameters<PinnedCache['events']['add']>[0]>[0]

const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}` as Digest
const described = (mediaType: string, text: string) => ({
  mediaType,
  digest: digestOf(text),
  size: text.length,
})

function manifestOf(document: { mediaType: string; [key: string]: unknown }): FetchedManifest {
  const text = JSON.stringify(document)
  return { bytes: new TextEncoder().encode(text), digest: digestOf(text), mediaType: document.mediaType }
}

/** An image with a config and layers of these texts. */
function image(...layers: string[]): FetchedManifest {
  return manifestOf({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: described(OCI_CONFIG, `config of ${layers.join()}`),
    layers: layers.map((layer) => described(OCI_LAYER_GZIP, layer)),
  })
}

function index(images: Readonly<Record<string, FetchedManifest>>): FetchedManifest {
  return manifestOf({
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: Object.entries(images).map(([architecture, { mediaType, digest, bytes }]) => ({
      ...{ mediaType, digest, size: bytes.length },
      platform: { os: 'linux', architecture },
    })),
  })
}

/** A mirror whose registry, network and disk are played with. */
class Scene {
  readonly runtime = createTestRuntime({
    background: (work) => void this.#works.push(work),
    log: {
      ...createTestRuntime().log,
      info: (_: unknown, message?: string) => void this.said.push(`info ${message}`),
      warn: (_: unknown, message?: string) => void this.said.push(`warn ${message}`),
    },
  })
  readonly said: string[] = []
  /** What the registry has, by `NAME:TAG` or digest. */
  readonly registry = new Map<string, FetchedManifest>()
  readonly kept = new Set<Digest>()
  pinned: ReadonlySet<Digest> = new Set()
  /** How often each was fetched. */
  readonly fetched: string[] = []
  isDown = false
  trouble: { message: string } | undefined
  readonly events = createObservers<Event>()
  readonly #works: Promise<unknown>[] = []
  readonly set: PinnedSet
  #flying = 0
  atOnce = 0

  constructor() {
    const source: PinSource = {
      knows: (registry) => registry !== 'unknown.example',
      manifest: async ({ name }, reference) => {
        const found = this.registry.get(reference.includes(':') ? reference : `${name}:${reference}`)
        if (found !== undefined && this.kept.has(found.digest)) return found
        if (this.isDown) throw new PortolanError('UNREACHABLE', 'nobody answers')
        if (found !== undefined) this.kept.add(found.digest)
        return found
      },
      keep: async (_, { digest }) => {
        this.atOnce = Math.max(this.atOnce, ++this.#flying)
        await Promise.resolve()
        this.#flying--
        if (this.isDown) throw new PortolanError('UNREACHABLE', 'nobody answers')
        this.fetched.push(digest)
        this.kept.add(digest)
      },
      recall: () => [],
    }
    const cache: PinnedCache = {
      stat: (digest) => (this.kept.has(digest) ? {} : undefined),
      setPinned: (digests) => {
        this.pinned = digests
      },
      status: () => (this.trouble === undefined ? {} : { trouble: this.trouble }),
      events: this.events,
    }
    this.set = new PinnedSet({ runtime: this.runtime, cache, source })
  }

  has(name: string, manifest: FetchedManifest): FetchedManifest {
    this.registry.set(name, manifest)
    this.registry.set(manifest.digest, manifest)
    return manifest
  }

  async pin(text: string, ...platforms: { os: string; architecture: string }[]): Promise<void> {
    this.set.setLists([{ file: 'images.txt', ...parseImageList(text) }], platforms)
    await this.settled()
  }

  async settled(): Promise<void> {
    for (const work of this.#works.splice(0)) await work
  }

  async later(milliseconds: number): Promise<void> {
    this.runtime.advance(milliseconds)
    await this.settled()
  }
}

it('fetches what a list names, each blob once, never drops it, and says that all is there', async () => {
  const scene = new Scene()
  scene.has('a/one:1', image('base', 'one'))
  scene.has('a/two:2', image('base', 'two'))
  await scene.pin('r.example/a/one:1\nr.example/a/two:2\n')
  expect(scene.fetched).toHaveLength(5)
  expect(new Set(scene.fetched).size).toBe(5)
  expect(scene.pinned).toEqual(scene.kept)
  expect(scene.set.report()).toMatchObject({
    ready: 'yes',
    images: { kept: 2, missing: 0, unknown: 0 },
    missing: [],
  })
  expect(scene.said).toEqual(['info ready to lose the internet: yes, all of 2 pinned images are here'])
})

it('fetches of an index what is for the platforms that are wanted', async () => {
  const scene = new Scene()
  const [amd64, arm64] = [scene.has('x', image('x86')), scene.has('y', image('arm'))]
  scene.has('a/b:1', index({ amd64, arm64 }))
  await scene.pin('r.example/a/b:1', { os: 'linux', architecture: 'arm64' })
  expect(scene.pinned.has(arm64.digest)).toBe(true)
  expect(scene.pinned.has(amd64.digest)).toBe(false)
  expect(scene.fetched).toEqual([digestOf('config of arm'), digestOf('arm')])
})

it('names what is missing, and why', async () => {
  const scene = new Scene()
  scene.has('a/here:1', image('here'))
  await scene.pin('r.example/a/here:1\nr.example/a/gone:1\nunknown.example/a:1\nhttps://no\n')
  expect(scene.set.report()).toMatchObject({
    ready: 'no',
    images: { kept: 1, missing: 3, unknown: 0 },
    missing: [
      { image: 'images.txt:4', reason: expect.stringContaining('is not an image reference') },
      { image: 'r.example/a/gone:1', reason: 'r.example has no r.example/a/gone:1' },
      { image: 'unknown.example/a:1', reason: 'the mirror has no registry unknown.example' },
    ],
  })
  expect(formatReadiness(scene.set.report())).toBe(
    'ready to lose the internet: no, of 4 pinned images these 3 are missing: images.txt:4, r.example/a/gone:1, unknown.example/a:1',
  )
})

it('looks again for what is missing until it is there, and says so once', async () => {
  const scene = new Scene()
  scene.has('a/b:1', image('b'))
  scene.isDown = true
  await scene.pin('r.example/a/b:1')
  expect(scene.set.report()).toMatchObject({ ready: 'no', missing: [{ reason: 'nobody answers' }] })
  await scene.later(30_000)
  scene.isDown = false
  await scene.later(60_000)
  expect(scene.set.report().ready).toBe('yes')
  expect(scene.said.map((line) => line.split(' ')[0])).toEqual(['warn', 'info'])
})

it('follows a tag that moves, and lets go of what it stood for', async () => {
  const scene = new Scene()
  const before = scene.has('a/b:1', image('before'))
  await scene.pin('r.example/a/b:1')
  const after = scene.has('a/b:1', image('after'))
  await scene.later(60 * 60_000)
  expect([scene.pinned.has(before.digest), scene.pinned.has(after.digest)]).toEqual([false, true])
  expect(scene.kept.has(digestOf('after'))).toBe(true)
})

test('of nothing it is not said that it is there', async () => {
  const scene = new Scene()
  await scene.pin('# nothing yet\n')
  expect(scene.set.report()).toMatchObject({ ready: 'unknown', images: { kept: 0, missing: 0, unknown: 0 } })
  expect(scene.said).toEqual(['info ready to lose the internet: nothing is pinned (cache.pin)'])
})

it('drops nothing for lists that are gone, and keeps nothing for them', async () => {
  const scene = new Scene()
  scene.has('a/b:1', image('b'))
  await scene.pin('r.example/a/b:1')
  scene.set.setLists([])
  await scene.settled()
  expect([scene.pinned.size, scene.kept.size]).toEqual([0, 3])
  expect(scene.said).toHaveLength(1)
})

test('what was not looked for yet is not known, which is not missing', () => {
  const scene = new Scene()
  scene.set.setLists([{ file: 'images.txt', ...parseImageList('r.example/a/b:1') }])
  expect(scene.set.report()).toMatchObject({ ready: 'unknown', images: { kept: 0, missing: 0, unknown: 1 } })
})

test('what lies on a disk that is gone is not known; when it is back, all is looked for again', async () => {
  const scene = new Scene()
  scene.has('a/b:1', image('b'))
  await scene.pin('r.example/a/b:1')
  scene.trouble = { message: 'EIO' }
  scene.kept.clear()
  expect(scene.set.report()).toMatchObject({ ready: 'unknown', images: { unknown: 1 } })
  scene.trouble = undefined
  scene.events.notify({ kind: 'trouble', trouble: undefined })
  await scene.later(1000)
  expect(scene.set.report().ready).toBe('yes')
})

it('fetches again what the cache has lost', async () => {
  const scene = new Scene()
  scene.has('a/b:1', image('b'))
  await scene.pin('r.example/a/b:1')
  const lost = digestOf('b')
  scene.kept.delete(lost)
  expect(scene.set.report()).toMatchObject({
    ready: 'no',
    missing: [{ reason: '1 of 3 contents are not here' }],
  })
  scene.events.notify({ kind: 'lost', pinned: true })
  await scene.later(1000)
  expect(scene.fetched.filter((digest) => digest === lost)).toHaveLength(2)
  expect(scene.set.report().ready).toBe('yes')
})

it('keeps what an image stood for while its registry cannot be asked', async () => {
  const scene = new Scene()
  scene.has('a/b:1', image('b'))
  await scene.pin('r.example/a/b:1')
  const before = scene.pinned
  scene.isDown = true
  await scene.pin('r.example/a/b:1\nr.example/a/c:1')
  expect(scene.pinned).toEqual(before)
})

it('fetches a few at a time', async () => {
  const scene = new Scene()
  for (let number = 0; number < 20; number++) scene.has(`a/b:${number}`, image(`layer ${number}`))
  await scene.pin(Array.from({ length: 20 }, (_, number) => `r.example/a/b:${number}`).join('\n'))
  expect(scene.atOnce).toBe(4)
  expect(scene.fetched).toHaveLength(40)
})

it('leaves an image alone that leads to manifests without end', async () => {
  const scene = new Scene()
  let inner = scene.has('x', image('x'))
  for (let depth = 0; depth < 8; depth++) inner = scene.has(`y${depth}`, index({ amd64: inner }))
  scene.has('a/b:1', inner)
  await scene.pin('r.example/a/b:1')
  expect(scene.set.report().missing[0]!.reason).toContain('nested more than')
})
