import { expect, it } from 'vitest'
import { blobOf, makeBlob, makeManifest, registryContent } from '../../test/support/content.ts'
import { createTestRuntime } from '../../test/support/test-runtime.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../oci/manifest.ts'
import { parsePlatform } from '../oci/platform.ts'
import { parseReference } from '../oci/reference.ts'
import type { ExplainedRequest, PullSource } from './pull-source.ts'
import { walkPull } from './walk-pull.ts'

const [config, layer] = [makeBlob('config'), makeBlob('layer')]
const manifest = makeManifest(config, layer)
/** An index as many are: arm64 without its variant. */
const index = blobOf(
  Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: [
        {
          mediaType: OCI_MANIFEST,
          digest: manifest.digest,
          size: manifest.bytes.length,
          platform: { os: 'linux', architecture: 'arm64' },
        },
      ],
    }),
  ),
  OCI_INDEX,
)

/** A door that sends every client to a registry that holds this. */
function sourceOf(served: ReturnType<typeof registryContent>): PullSource<ExplainedRequest> {
  return {
    explain: async (target) => ({ target, decision: { kind: 'redirect', location: target } }),
    async get({ target }, range) {
      const found = served(target)
      if (found === undefined) return new Response(null, { status: 404 })
      const { length } = found.bytes
      const [, end] = /^bytes=0-(\d+)$/.exec(range ?? '') ?? []
      if (end === undefined) {
        return new Response(Buffer.from(found.bytes), { headers: { 'Content-Length': String(length) } })
      }
      const part = Buffer.from(found.bytes.subarray(0, Number(end) + 1))
      return new Response(part, { status: 206, headers: { 'Content-Range': `bytes 0-${end}/${length}` } })
    },
    end() {},
  }
}

async function walked(source: PullSource<ExplainedRequest>, platform?: string): Promise<string[]> {
  const steps: string[] = []
  const wanted = platform === undefined ? undefined : parsePlatform(platform)!
  for await (const step of walkPull(parseReference('a:1'), source, createTestRuntime(), wanted)) {
    const { works, status, note } = step.answer
    steps.push([step.what, works ? 'works' : 'fails', status, note].filter(Boolean).join('; '))
  }
  return steps
}

const whole = registryContent({
  name: 'a',
  tags: { 1: index },
  manifests: [manifest],
  blobs: [config, layer],
})
const STEPS = [
  'tag 1; works; 200',
  'index by digest; works; 200',
  'manifest of linux/arm64; works; 200',
  'config of linux/arm64, 2048 bytes; works; 206',
  'layer of linux/arm64, 2048 bytes; works; 206',
  'signature; works; 404; no signature',
  'referrers; works; 404; no list of referrers',
]

it.each([undefined, 'linux/arm64', 'linux/arm64/v8'])(
  'every request of a pull is a step, for platform %s',
  async (platform) => {
    expect(await walked(sourceOf(whole), platform)).toEqual(STEPS)
  },
)

it.each(['linux/arm64/v9', 'linux/amd64'])('a platform that is not there, %s, is named', async (platform) => {
  await expect(walked(sourceOf(whole), platform)).rejects.toMatchObject({
    code: 'USAGE',
    message: `there is none for ${platform}; there are linux/arm64`,
  })
})

it('a blob of another size than the manifest says is a fault, and a missing one too', async () => {
  const served = (path: string) => {
    if (path.endsWith(layer.digest)) return undefined
    return path.endsWith(config.digest) ? makeBlob('other', 7) : whole(path)
  }
  expect((await walked(sourceOf(served))).slice(3, 5)).toEqual([
    'config of linux/arm64, 2048 bytes; fails; 206; 7 bytes; the manifest says 2048',
    'layer of linux/arm64, 2048 bytes; fails; 404',
  ])
})

it('without its manifest there is no pull', async () => {
  await expect(walked(sourceOf(() => undefined))).rejects.toMatchObject({ code: 'UNREACHABLE' })
})

it.each<[what: string, registries: readonly string[] | undefined, image: string, namespace: string]>([
  ['a registry of a mirror', ['docker.io', 'quay.io'], 'quay.io/team/app:1', '?ns=quay.io'],
  [
    'a registry that a mirror has not, for it to refuse',
    ['docker.io', 'quay.io'],
    'gcr.io/app:1',
    '?ns=gcr.io',
  ],
  ["a mirror's own name", ['docker.io', 'quay.io'], 'mirror.example/quay.io/app:1', ''],
  ['no registry', ['docker.io', 'quay.io'], 'quay.io/app:1'.slice(8), ''],
  ['the host of a door', undefined, 'registry.example/app:1', ''],
])('a pull says which registry it means: %s', async (_, registries, image, namespace) => {
  const targets: string[] = []
  const source: PullSource<ExplainedRequest> = {
    ...sourceOf(whole),
    ...(registries && { registries }),
    explain: async (target) => {
      targets.push(target)
      return { target, decision: { kind: 'redirect', location: target } }
    },
  }
  await walkPull(parseReference(image), source, createTestRuntime()).next()
  expect(targets[0]).toMatch(/\/manifests\/1/)
  expect(targets[0]!.split('/1')[1]).toBe(namespace)
})
