import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OCI_MANIFEST } from '../../../src/oci/manifest.ts'
import {
  blobOf,
  makeBlob,
  makeManifest,
  registryContent,
  storeContent,
  type TestBlob,
} from '../../support/content.ts'
import {
  type Fault,
  type MisbehavingServer,
  type Served,
  startMisbehaving,
} from '../../support/misbehaving.ts'
import { type Portolan, type RuntimeName, startPortolan } from '../../support/portolan.ts'
import { exchange } from '../../support/raw-http.ts'
import { until } from '../../support/until.ts'

const NAME = 'team/app'
const CONFIG = makeBlob('config')
const LAYER = makeBlob('layer', 4096)
const IMAGE = makeManifest(CONFIG, LAYER)
const PAYLOAD = makeBlob('payload', 300)
const SIGNATURE = makeManifest(makeBlob('signature config', 64), PAYLOAD)
const SIGNATURE_TAG = `${IMAGE.digest.replace(':', '-')}.sig`
const CANARY = makeBlob('canary')

const PLACES = {
  paris: { at: 'aws/eu-west-3', client: '35.180.1.1', prefix: '35.180.1.0/24' },
  iowa: { at: 'gcp/us-central1', client: '34.1.1.1', prefix: '34.1.1.0/24' },
  tokyo: { at: 'aws/ap-northeast-1', client: '54.150.1.1', prefix: '54.150.1.0/24' },
} as const
type PlaceId = keyof typeof PLACES
const PLACE_IDS = Object.keys(PLACES) as PlaceId[]

const COMMON = {
  log: { access: false },
  clients: { trustedProxies: ['127.0.0.0/8'] },
  clouds: { places: PLACE_IDS.map((id) => ({ prefix: PLACES[id].prefix, at: PLACES[id].at })) },
  // A machine that is busy with other tests must not make a door look impatient.
  presence: { timeout: '5s' },
}

/** What a door sends where, over real sockets, when not every backend has or gives everything. */
export function describeFailover(runtime: RuntimeName): void {
  describe(`a door on ${runtime} whose regional upstreams lack signatures`, () => {
    const made = new AsyncDisposableStack()
    const regional = new Map<PlaceId, MisbehavingServer>()
    let canonical: MisbehavingServer
    let door: Portolan

    beforeAll(async () => {
      const image = { name: NAME, tags: { '1.0': IMAGE }, blobs: [CONFIG, LAYER] }
      for (const id of PLACE_IDS) {
        regional.set(id, made.use(await startMisbehaving({ content: registryContent(image) })))
      }
      canonical = made.use(
        await startMisbehaving({
          content: registryContent({
            ...image,
            tags: { '1.0': IMAGE, [SIGNATURE_TAG]: SIGNATURE },
            blobs: [CONFIG, LAYER, PAYLOAD],
          }),
        }),
      )
      door = made.use(
        await startPortolan(
          {
            ...COMMON,
            upstreams: [
              { id: 'canonical', url: canonical.origin, at: 'azure/westeurope', canonical: true },
              ...PLACE_IDS.map((id) => ({
                id,
                url: regional.get(id)!.origin,
                at: PLACES[id].at,
                complete: false,
              })),
            ],
          },
          runtime,
        ),
      )
    })
    afterAll(() => made.disposeAsync())

    it.each(PLACE_IDS)('gives a client in %s what cosign verify asks for', async (id) => {
      const get = async (path: string) => {
        const response = await fetch(`http://127.0.0.1:${door.port}/v2/${NAME}/${path}`, {
          headers: { 'X-Forwarded-For': PLACES[id].client },
        })
        const bytes = Buffer.from(await response.arrayBuffer())
        return { status: response.status, bytes, origin: new URL(response.url).origin }
      }
      const near = regional.get(id)!.origin
      const far = canonical.origin
      const steps: [path: string, what: TestBlob, origin: string][] = [
        ['manifests/1.0', IMAGE, near],
        [`manifests/${IMAGE.digest}`, IMAGE, near],
        [`manifests/${SIGNATURE_TAG}`, SIGNATURE, far],
        [`manifests/${SIGNATURE.digest}`, SIGNATURE, far],
        [`blobs/${PAYLOAD.digest}`, PAYLOAD, far],
        [`blobs/${LAYER.digest}`, LAYER, near],
      ]
      for (const [path, { bytes }, origin] of steps) {
        expect({ path, ...(await get(path)) }).toEqual({
          path,
          status: 200,
          bytes: Buffer.from(bytes),
          origin,
        })
      }
    })
  })

  describe(`a door on ${runtime} with a store that keeps manifests`, () => {
    const OTHER = makeManifest(CONFIG, LAYER, CANARY)
    const LIST = blobOf(Buffer.from('{"not":"a manifest"}'), OCI_MANIFEST)
    const rows: [title: string, manifest: TestBlob, served: Partial<TestBlob> | undefined, taken: boolean][] =
      [
        ['as it should be', IMAGE, {}, true],
        [
          'with a parameter in its type',
          makeManifest(CONFIG),
          { type: `${OCI_MANIFEST}; charset=utf-8` },
          true,
        ],
        ['of the type that buckets give to all', SIGNATURE, { type: 'binary/octet-stream' }, false],
        ['with other bytes', OTHER, { bytes: OTHER.bytes.map((byte) => byte ^ 1) }, false],
        ['cut short', makeManifest(LAYER), { bytes: IMAGE.bytes.subarray(0, 100) }, false],
        ['that is none', LIST, {}, false],
        ['not at all', makeManifest(CANARY), undefined, false],
      ]
    const made = new AsyncDisposableStack()
    let store: MisbehavingServer
    let canonical: MisbehavingServer
    let door: Portolan

    beforeAll(async () => {
      const served = new Map<string, Served>(
        rows.flatMap(([, manifest, changes]) =>
          changes === undefined
            ? []
            : [[`/manifests/${manifest.digest}`, { ...manifest, ...changes }] as const],
        ),
      )
      const blobs = storeContent([CANARY])
      store = made.use(await startMisbehaving({ content: (path) => served.get(path) ?? blobs(path) }))
      canonical = made.use(await startMisbehaving({ content: registryContent() }))
      door = made.use(
        await startPortolan(
          {
            ...COMMON,
            upstreams: [{ id: 'canonical', url: canonical.origin, at: 'gcp/us-central1' }],
            stores: [
              {
                id: 'paris',
                url: store.origin,
                at: PLACES.paris.at,
                manifests: 'manifests/{digest}',
                canary: CANARY.digest,
              },
            ],
          },
          runtime,
        ),
      )
    })
    afterAll(() => made.disposeAsync())

    it.each(rows)(
      'decides about a manifest that the store serves %s',
      async (_, { digest }, _served, taken) => {
        const path = `/v2/${NAME}/manifests/${digest}`
        for (let n = 0; n < 2; n++) {
          expect(await locate(door, path, PLACES.paris.client)).toBe(
            taken ? `${store.origin}/manifests/${digest}` : canonical.origin + path,
          )
        }
      },
    )

    it('never asks the store what a tag means', async () => {
      const path = `/v2/${NAME}/manifests/1.0`
      expect(await locate(door, path, PLACES.paris.client)).toBe(canonical.origin + path)
      expect(store.requests.filter((request) => request.path.includes('1.0'))).toEqual([])
    })
  })

  describe(`a door on ${runtime} whose clients come back`, () => {
    const blobs = Array.from({ length: 20 }, (_, n) => makeBlob(`blob ${n}`))
    const made = new AsyncDisposableStack()
    let store: MisbehavingServer
    let second: MisbehavingServer
    let canonical: MisbehavingServer
    let door: Portolan

    beforeAll(async () => {
      store = made.use(await startMisbehaving({ content: storeContent([...blobs, CANARY]) }))
      second = made.use(await startMisbehaving({ content: storeContent([...blobs, CANARY]) }))
      canonical = made.use(await startMisbehaving({ content: registryContent() }))
      door = made.use(
        await startPortolan(
          {
            ...COMMON,
            upstreams: [{ id: 'canonical', url: canonical.origin, at: 'gcp/us-central1' }],
            stores: [
              { id: 'paris', url: store.origin, at: PLACES.paris.at, canary: CANARY.digest },
              { id: 'frankfurt', url: second.origin, at: 'aws/eu-central-1', canary: CANARY.digest },
            ],
          },
          runtime,
        ),
      )
    })
    afterAll(() => made.disposeAsync())

    const storeOf = async (digest: string, client: string) => {
      const location = await locate(door, `/v2/${NAME}/blobs/${digest}`, client)
      if (location?.startsWith(`${store.origin}/`)) return 'paris'
      if (location?.startsWith(`${second.origin}/`)) return 'frankfurt'
      return location?.startsWith(`${canonical.origin}/`) ? 'canonical' : location
    }
    const verifications = (digest: string) =>
      store.requests.filter(({ path, range }) => path.endsWith(digest) && range !== undefined)

    const faults: Fault[] = ['404', '403', '500', 'wrong bytes', 'cut in the body', 'empty with 200']
    it.each(faults.map((fault, n) => ({ fault, n })))(
      'sends a client elsewhere that comes back after $fault',
      async ({ fault, n }) => {
        const { digest } = blobs[n]!
        expect(await storeOf(digest, '35.180.1.1')).toBe('paris')
        await store.misbehave(fault, digest)
        expect(await storeOf(digest, '35.180.1.1')).not.toBe('paris')
        // Whoever comes next profits, and the store goes on with all that it delivers.
        expect(await storeOf(digest, '35.180.1.2')).not.toBe('paris')
        expect(await storeOf(blobs[19]!.digest, `35.180.1.${100 + n}`)).toBe('paris')
        expect(verifications(digest).length).toBe(1)
        await store.misbehave(undefined)
      },
    )

    it('is not misled by many nodes behind one address', async () => {
      const { digest } = blobs[10]!
      const ask = () => storeOf(digest, '35.180.1.200')
      const together = await Promise.all(Array.from({ length: 100 }, ask))
      const later: unknown[] = []
      for (let n = 0; n < 100; n++) later.push(await ask())
      expect(new Set([...together, ...later])).toEqual(new Set(['paris']))
      await until('the verification', () => verifications(digest).length > 0)
      expect(verifications(digest).length).toBe(1)
    })
  })
}

async function locate(door: Portolan, target: string, client: string): Promise<string | undefined> {
  const reply = await exchange(door.port, { target, headers: { 'X-Forwarded-For': client } })
  return reply.headers.location
}
