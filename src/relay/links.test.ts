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
import { Origins } from './origins.ts'
import { UpstreamRests } from './upstream-rests.ts'

const CONFIG = makeBlob('config')
const LAYER = makeBlob('layer')
const MANIFEST = makeManifest(CONFIG, LAYER)
const UPSTREAM = upstreamAt('main', placeOf('anycast'), { canonical: true })
const digestOf = ({ digest }: { digest: string }) => parseDigest(digest)!

function world() {
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
    origins: new Origins({ records, cache: undefined, hasLogins: () => false }),
    access,
    rests: new UpstreamRests(runtime),
    negative: () => 10_000,
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
    links.learn(request(), {
      digest: digestOf(MANIFEST),
      mediaType: OCI_MANIFEST,
      bytes: MANIFEST.bytes,
    })
    expect(links.known(request(), digestOf(LAYER))).toEqual({ size: LAYER.bytes.length })
    expect(links.known(request(), digestOf(MANIFEST))).toEqual({
      size: MANIFEST.bytes.length,
      mediaType: OCI_MANIFEST,
      children: [digestOf(CONFIG), digestOf(LAYER)],
    })
    expect(links.known(request('team/other'), digestOf(LAYER))).toBeUndefined()
    expect(links.known(request('team/app', 'other.test'), digestOf(LAYER))).toBeUndefined()
  })

  it('keeps what a manifest says of itself when an index names it', () => {
    const { links, request } = world()
    links.learn(request(), { digest: digestOf(MANIFEST), mediaType: OCI_MANIFEST, bytes: MANIFEST.bytes })
    const child = { mediaType: OCI_MANIFEST, digest: MANIFEST.digest, size: MANIFEST.bytes.length }
    const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [child] }
    const bytes = new TextEncoder().encode(JSON.stringify(index))
    const digest = parseDigest(`sha256:${'e'.repeat(64)}`)!
    links.learn(request(), { digest, mediaType: OCI_INDEX, bytes })
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
    expect(links.known(request(), digest)).toEqual({ size: 5 })
  })
})
