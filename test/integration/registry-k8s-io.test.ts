import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import data from '../../data/regions.json' with { type: 'json' }
import { INVENTED_DIGEST } from '../../src/backends/health/check-store.ts'
import { encodeRanges } from '../../src/clouds/snapshot.ts'
import { loadConfig } from '../../src/config/load.ts'
import { createPortolan, type Portolan } from '../../src/server/compose.ts'
import { makeRanges } from '../support/test-ranges.ts'
import { createTestRuntime } from '../support/test-runtime.ts'

// examples/registry.k8s.io.yaml, held against the table of the original (cmd/archeio/internal/app/buckets.go and
// docs/request-handling.md of kubernetes/registry.k8s.io).

const BLOB = `sha256:${'a'.repeat(64)}`
const SIGNATURE_PAYLOAD = `sha256:${'b'.repeat(64)}`
const SIGNATURE_TAG = `sha256-${'c'.repeat(64)}.sig`
const CDN = `https://cdn.registry.k8s.io/containers/images/${BLOB}`
const BALANCER = '34.96.108.209'

const bucket = (region: string) =>
  region === 'eu-west-2'
    ? `https://767373bbdcb8270361b96548387bf2a9ad0d48758c35-${region}.s3.dualstack.${region}.amazonaws.com/containers/images/${BLOB}`
    : `https://prod-registry-k8s-io-${region}.s3.dualstack.${region}.amazonaws.com/containers/images/${BLOB}`
const registry = (region: string, rest: string) =>
  `https://${region}-docker.pkg.dev/v2/k8s-artifacts-prod/images/pause/${rest}`

/** Where the original departs from "each region has its own bucket"; the default, the CDN, is `undefined` here. */
const ELSEWHERE = new Map<string, string | undefined>([
  ['cn-north-1', 'ap-east-1'],
  ['cn-northwest-1', 'ap-east-1'],
  ['ap-east-2', 'ap-east-1'],
  ['me-south-1', 'me-central-1'],
  ['us-gov-east-1', undefined],
  ['us-gov-west-1', undefined],
  ['eusc-de-east-1', undefined],
  ['GLOBAL', undefined],
])
/** Announced, or not there yet: Amazon's list has none of their addresses. */
const NOT_LISTED = ['me-west-1', 'sa-west-1', 'us-south-1']
const AWS = data.regions
  .filter(({ cloud, region }) => cloud === 'aws' && !NOT_LISTED.includes(region))
  .map(({ region }) => region)
const TABLE = AWS.map((region): [string, string] => {
  const own = ELSEWHERE.has(region) ? ELSEWHERE.get(region) : region
  return [region === 'GLOBAL' ? 'aws' : `aws/${region}`, own === undefined ? CDN : bucket(own)]
})

const PLACES = [
  ...TABLE.map(([place]) => place),
  ...['gcp/us-central1', 'gcp/europe-west9', 'gcp/europe-west6', 'azure/westeurope', 'aws/us-east-1-mci-1'],
]
const addressOf = (place: string) => `11.${PLACES.indexOf(place)}.0.1`
const ranges = Object.fromEntries(PLACES.map((place, index) => [`11.${index}.0.0/16`, place]))

describe('examples/registry.k8s.io.yaml', () => {
  const made = new AsyncDisposableStack()
  const asked: string[] = []
  let door: Portolan

  beforeAll(async () => {
    const runtime = {
      ...createTestRuntime({
        // Buckets hold the blob, registries answer, and what signatures name is in the canonical one alone.
        async fetch(url, { method }) {
          asked.push(`${method ?? 'GET'} ${url}`)
          if (url.endsWith(INVENTED_DIGEST)) return new Response(null, { status: 404 })
          const isThere = !url.endsWith(SIGNATURE_PAYLOAD)
          return new Response(null, { status: isThere ? 200 : 404 })
        },
      }),
      ranges: {
        read: async () => encodeRanges(makeRanges(ranges, '2999-01-01T00:00:00.000Z')),
        write: async () => {},
        update: async () => ({ refused: [] }),
      },
    }
    const text = readFileSync(new URL('../../examples/registry.k8s.io.yaml', import.meta.url), 'utf8')
    door = made.use(await createPortolan(loadConfig(text), runtime, { metrics: false }))
    await door.tried
  })
  afterAll(() => made.disposeAsync())

  async function ask(target: string, place?: string) {
    const forwarded = `${place === undefined ? '192.0.2.1' : addressOf(place)}, ${BALANCER}`
    const header = (name: string) => (name === 'x-forwarded-for' ? forwarded : undefined)
    const { status, headers } = await door.door({ method: 'GET', target, peer: '169.254.1.1', header })
    return [status, headers.Location]
  }
  const blob = (place?: string) => ask(`/v2/pause/blobs/${BLOB}`, place)

  it.each(TABLE)('a blob for %s comes from %s', async (place, location) => {
    expect(await blob(place)).toEqual([307, location])
  })

  it.each([undefined, 'azure/westeurope'])('a blob for %s comes from the CDN, the default', async (place) => {
    expect(await blob(place)).toEqual([307, CDN])
  })

  it.each([
    ['gcp/us-central1', 'us-central1'],
    ['gcp/europe-west9', 'europe-west9'],
    // Zürich has no registry of its own; Milan's is the nearest.
    ['gcp/europe-west6', 'europe-west8'],
  ])("everything for %s stays in Google's cloud", async (place, region) => {
    expect(await blob(place)).toEqual([307, registry(region, `blobs/${BLOB}`)])
    expect(await ask('/v2/pause/manifests/3.9', place)).toEqual([307, registry(region, 'manifests/3.9')])
  })

  it('a local zone gets the bucket that is nearest to it', async () => {
    expect(await blob('aws/us-east-1-mci-1')).toEqual([307, bucket('us-east-2')])
  })

  it.each(['gcp/europe-west9', 'aws/ap-southeast-2', undefined])(
    'signatures, and what they name, are found from %s',
    async (place) => {
      const where = registry('us-central1', '')
      expect(await ask(`/v2/pause/manifests/${SIGNATURE_TAG}`, place)).toEqual([
        307,
        `${where}manifests/${SIGNATURE_TAG}`,
      ])
      for (const what of ['manifests', 'blobs']) {
        const path = `${what}/${SIGNATURE_PAYLOAD}`
        expect(await ask(`/v2/pause/${path}`, place)).toEqual([307, where + path])
      }
    },
  )

  it.each([
    ['/', 'https://github.com/kubernetes/registry.k8s.io'],
    ['/privacy', 'https://www.linuxfoundation.org/privacy-policy/'],
    ['/privacy/', 'https://www.linuxfoundation.org/privacy-policy/'],
  ])('%s leads to a page', async (target, location) => {
    expect(await ask(target)).toEqual([307, location])
  })

  it('names no bucket that was dropped', () => {
    expect(asked.filter((request) => request.includes('me-south-1'))).toEqual([])
  })
})
