import { describe, expect, it } from 'vitest'
import { makeBlob, makeManifest } from '../../test/support/content.ts'
import { MemoryRegistry } from '../../test/support/memory-registry.ts'
import { createTestRuntime } from '../../test/support/test-runtime.ts'
import { upstreamAt } from '../../test/support/view.ts'
import { placeOf } from '../clouds/places.ts'
import { parseDigest } from '../oci/digest.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../oci/manifest.ts'
import { parseName } from '../oci/name.ts'
import type { BackendAccess } from './backend-access.ts'
import { Links } from './links.ts'
import { createMemoryContents } from './memory-contents.ts'
import { UpstreamRests } from './upstream-rests.ts'

const CONFIG = makeBlob('config')
const LAYER = makeBlob('layer')
const MANIFEST = makeManifest(CONFIG, LAYER)
const UPSTREAM = upstreamAt('main', placeOf('anycast'), { canonical: true })
const digestOf = ({ digest }: { digest: string }) => parseDigest(digest)!

function world(exposed: readonly string[] = []) {
  const runtime = createTestRuntime()
  const upstream = new MemoryRegistry()
  const access: BackendAccess = {
    repository: async (_, name) => upstream.repository(name),
    blob: async () => undefined,
  }
  const { records } = createMemoryContents()
  const links = new Links({
    runtime,
    records,
    access,
    rests: new UpstreamRests(runtime),
    negative: () => 10_000,
    isExposed: (registry) => exposed.includes(registry),
  })
  const request = (name = 'team/app', registry = 'main.test') => ({
    registry,
    name: parseName(name)!,
    backends: async () => [UPSTREAM],
  })
  return { runtime, upstream, links, request }
}

describe('what a repository has', () => {
  it('is what a manifest that was served there names, there alone, and with its size', () => {
    const { links, request } = world()
    links.learn(
      request(),
      {
        digest: digestOf(MANIFEST),
        mediaType: OCI_MANIFEST,
        bytes: MANIFEST.bytes,
      },
      true,
    )
    expect(links.known(request(), digestOf(LAYER))).toEqual({ size: LAYER.bytes.length })
    expect(links.known(request(), digestOf(MANIFEST))).toEqual({
      size: MANIFEST.bytes.length,
      mediaType: OCI_MANIFEST,
      children: [digestOf(CONFIG), digestOf(LAYER)],
      given: true,
    })
    expect(links.known(request('team/other'), digestOf(LAYER))).toBeUndefined()
    expect(links.known(request('team/app', 'other.test'), digestOf(LAYER))).toBeUndefined()
  })

  it('keeps what a manifest says of itself when an index names it', () => {
    const { links, request } = world()
    links.learn(
      request(),
      { digest: digestOf(MANIFEST), mediaType: OCI_MANIFEST, bytes: MANIFEST.bytes },
      true,
    )
    const child = { mediaType: OCI_MANIFEST, digest: MANIFEST.digest, size: MANIFEST.bytes.length }
    const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [child] }
    const bytes = new TextEncoder().encode(JSON.stringify(index))
    const digest = parseDigest(`sha256:${'e'.repeat(64)}`)!
    links.learn(request(), { digest, mediaType: OCI_INDEX, bytes }, true)
    expect(links.known(request(), digestOf(MANIFEST))?.children).toHaveLength(2)
    expect(links.known(request(), digest)?.children).toEqual([MANIFEST.digest])
  })

  it('is asked of its upstream where no manifest has told, once for all, and again only after a while', async () => {
    const { links, request, upstream, runtime } = world()
    const digest = new MemoryRegistry().addBlob('elsewhere', 'layer').digest
    const asked = () => upstream.requests.filter((each) => each.startsWith('HEAD blob')).length
    const find = async () => (await links.find(request(), digest)).kind
    expect(await Promise.all([find(), find()])).toEqual(['absent', 'absent'])
    expect(asked()).toBe(1)
    upstream.addBlob('team/app', 'layer')
    expect(await find()).toBe('absent')
    runtime.advance(10_000)
    expect(await find()).toBe('found')
    expect(await find()).toBe('found')
    expect(asked()).toBe(2)
    expect(links.known(request(), digest)).toEqual({ size: 5, given: true })
  })

  describe('where everybody may read, and not what else the mirror has', () => {
    const learnt = (name: string, { links, request }: ReturnType<typeof world>, registry?: string) =>
      links.learn(
        request(name, registry),
        { digest: digestOf(MANIFEST), mediaType: OCI_MANIFEST, bytes: MANIFEST.bytes },
        true,
      )

    it('is not what a manifest alone names: its upstream says, once', async () => {
      const scene = world(['main.test'])
      const { links, request, upstream } = scene
      const digest = upstream.addBlob('elsewhere', 'layer').digest
      const manifest = makeManifest(CONFIG, { digest, bytes: Buffer.from('layer') })
      links.learn(
        request(),
        { digest: digestOf(manifest), mediaType: OCI_MANIFEST, bytes: manifest.bytes },
        true,
      )
      expect((await links.find(request(), digest)).kind).toBe('absent')
      scene.runtime.advance(10_000)
      upstream.addBlob('team/app', 'layer')
      for (const _ of [1, 2]) expect((await links.find(request(), digest)).kind).toBe('found')
      expect(upstream.requests.filter((each) => each.startsWith('HEAD blob'))).toHaveLength(2)
    })

    it('is nothing that only what is not for everybody was given', () => {
      const scene = world(['main.test'])
      const { links, request } = scene
      learnt('team/app', scene, 'private.test')
      expect(links.isProven(request('team/other'), digestOf(MANIFEST))).toBe(false)
      expect(links.isProven(request('team/other', 'private.test'), digestOf(MANIFEST))).toBe(true)
    })
  })

  it('is asked for each of what a manifest names that names far too much', () => {
    const { links, request } = world()
    const layers = Array.from({ length: 1000 }, (_, index) => makeBlob(`${index}`, 1))
    const manifest = makeManifest(CONFIG, ...layers)
    const digest = digestOf(manifest)
    links.learn(request(), { digest, mediaType: OCI_MANIFEST, bytes: manifest.bytes }, true)
    expect(links.known(request(), digest)).toMatchObject({ mediaType: OCI_MANIFEST, children: [] })
    expect(links.known(request(), digestOf(CONFIG))).toBeUndefined()
  })

  it('has its size asked for again when that turned out to be wrong', async () => {
    const { links, request, upstream } = world()
    const digest = upstream.addBlob('team/app', 'layer').digest
    const manifest = makeManifest(CONFIG, { digest, bytes: Buffer.from('another length') })
    links.learn(
      request(),
      { digest: digestOf(manifest), mediaType: OCI_MANIFEST, bytes: manifest.bytes },
      true,
    )
    expect(await links.find(request(), digest)).toMatchObject({ value: { size: 14 } })
    links.forgetSize(request(), digest)
    expect(await links.find(request(), digest)).toMatchObject({ value: { size: 5 } })
  })
})
