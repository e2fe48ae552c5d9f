import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type DockerRegistry,
  noDockerRegistry,
  startDockerRegistry,
} from '../../test/support/docker-registry.ts'
import { digestOf, type PushedImages, pushImages } from '../../test/support/pushed-images.ts'
import { createTestRuntime } from '../../test/support/test-runtime.ts'
import { systemClock } from '../adapters/clock.ts'
import type { Digest } from '../oci/digest.ts'
import type { Name, Tag } from '../oci/name.ts'
import { readBody } from '../transport/read-body.ts'
import { openHttpRegistry } from './http-registry.ts'
import type { Registry } from './reader.ts'

if (noDockerRegistry !== undefined) console.warn(`skipped: the registry client against ${noDockerRegistry}`)

describe.skipIf(noDockerRegistry !== undefined)('against the registry that most of the world runs', () => {
  let server: DockerRegistry
  let pushed: PushedImages
  let registry: Registry
  beforeAll(async () => {
    server = await startDockerRegistry()
    pushed = await pushImages(server.host, 'images')
    const url = `http://${server.host}`
    const runtime = createTestRuntime({ ...systemClock, fetch: (to, init) => globalThis.fetch(to, init) })
    const limits = { concurrency: 8, requestsPerSecond: 1000 }
    registry = openHttpRegistry(runtime, {
      url,
      prefix: 'images',
      credentials: async () => undefined,
      limits,
    })
  }, 60_000)
  afterAll(() => server?.[Symbol.asyncDispose]())

  it('lists every repository and every tag', async () => {
    const found: string[] = []
    for await (const name of registry.catalog()) {
      for await (const tag of registry.repository(name).tags()) found.push(`${name}:${tag}`)
    }
    expect(found.sort()).toEqual([...pushed.images.map(({ name, tag }) => `${name}:${tag}`)].sort())
  })

  it('resolves and gets every image', async () => {
    for (const { name, tag, digest } of pushed.images) {
      expect(await registry.repository(name as Name).resolve(tag as Tag)).toEqual({ digest })
      const manifest = await registry.repository(name as Name).manifest(tag as Tag)
      expect(manifest?.digest).toBe(digest)
      expect(manifest?.bytes).toEqual(new Uint8Array(pushed.manifests.get(digest)!))
    }
  })

  it('gets blobs, whole and from the middle', async () => {
    const { layers } = JSON.parse(
      pushed.manifests.get(pushed.images.find(({ name }) => name === 'old')!.digest)!.toString(),
    )
    const { digest, size } = layers[0] as { digest: Digest; size: number }
    for (const start of [0, size / 2]) {
      const blob = await registry.repository('old' as Name).blob(digest, { start })
      expect([blob?.start, blob?.size]).toEqual([start, size])
      expect(await registry.repository('old' as Name).stat(digest)).toEqual({ size })
      const bytes = await readBody(new Response(blob!.body), size)
      expect(digestOf(bytes!)).toBe(digestOf(pushed.blobs.get(digest)!.subarray(start)))
    }
  })

  it('finds nothing where there is nothing', async () => {
    const { digest } = pushed.images[0]!
    const nowhere = 'no/where' as Name
    expect(await registry.repository(nowhere).manifest('latest' as Tag)).toBeUndefined()
    expect(await registry.repository(nowhere).blob(digest as Digest)).toBeUndefined()
    expect(await registry.repository('app' as Name).referrers(digest as Digest)).toBe('unsupported')
    for await (const tag of registry.repository(nowhere).tags()) expect.fail(`there is ${tag}`)
  })
})
