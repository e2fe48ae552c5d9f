import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeBlob, makeManifest, registryContent, storeContent } from '../../support/content.ts'
import { type MisbehavingServer, type Served, startMisbehaving } from '../../support/misbehaving.ts'
import { type Portolan, type RuntimeName, startPortolan } from '../../support/portolan.ts'
import { exchange } from '../../support/raw-http.ts'

const NAME = 'team/app'
const BLOBS = ['config', 'layer'].map((label) => makeBlob(label))
const IMAGE = makeManifest(BLOBS[0]!, BLOBS[1]!)
const PAYLOAD = ['signature config', 'signature payload'].map((label) => makeBlob(label))
const SIGNATURE = makeManifest(PAYLOAD[0]!, PAYLOAD[1]!)
const SIGNATURE_TAG = `${IMAGE.digest.replace(':', '-')}.sig`

/** Where clients are, each near one upstream or store. */
const CLIENTS = {
  west: '10.0.1.1',
  east: '10.0.2.1',
  south: '10.0.3.1',
  north: '10.0.4.1',
  nowhere: '192.0.2.1',
} as const

/** Content that only the canonical upstream has, and what stores may say of manifests; the same on every runtime. */
export function describeFailover(runtime: RuntimeName): void {
  describe(`content that is not everywhere, on ${runtime}`, () => {
    const made = new AsyncDisposableStack()
    let canonical: MisbehavingServer
    let regional: MisbehavingServer
    let store: MisbehavingServer
    let door: Portolan
    /** Manifests as the store serves them, by digest. */
    const manifests = new Map<string, Served>()

    beforeAll(async () => {
      const image = { name: NAME, tags: { v1: IMAGE }, blobs: BLOBS }
      canonical = made.use(
        await startMisbehaving({
          content: registryContent({
            ...image,
            tags: { v1: IMAGE, [SIGNATURE_TAG]: SIGNATURE },
            blobs: [...BLOBS, ...PAYLOAD],
          }),
        }),
      )
      regional = made.use(await startMisbehaving({ content: registryContent(image) }))
      const blobs = storeContent(BLOBS)
      store = made.use(
        await startMisbehaving({
          content: (path) => blobs(path) ?? manifests.get(path.slice('/manifests/'.length)),
        }),
      )
      const upstream = (id: string, rest: object) => ({ id, url: regional.origin, at: `test/${id}`, ...rest })
      door = made.use(
        await startPortolan(
          {
            upstreams: [
              upstream('canonical', { url: canonical.origin, canonical: true }),
              upstream('west', { complete: false }),
              upstream('east', { complete: false }),
              upstream('north', { signatures: false }),
            ],
            stores: [{ id: 'south', url: store.origin, at: 'test/south', manifests: 'manifests/{digest}' }],
            routing: [
              { when: { region: 'west' }, prefer: ['west'] },
              { when: { region: 'east' }, prefer: ['east'] },
              { when: { region: 'south' }, prefer: ['south', 'canonical'] },
              { when: { region: 'north' }, prefer: ['north', 'east'] },
              { prefer: ['canonical'] },
            ],
            clients: { trustedProxies: ['127.0.0.0/8'] },
            clouds: {
              places: (['west', 'east', 'south', 'north'] as const).map((region) => ({
                prefix: `${CLIENTS[region]}/32`,
                at: `test/${region}`,
              })),
            },
          },
          runtime,
        ),
      )
    })
    afterAll(() => made.disposeAsync())

    /** Where a client is sent, and what it finds there. */
    async function follow(from: keyof typeof CLIENTS, path: string) {
      const { status, headers } = await exchange(door.port, {
        target: `/v2/${NAME}/${path}`,
        headers: { 'X-Forwarded-For': CLIENTS[from] },
      })
      expect(status).toBe(307)
      const found = await fetch(headers.location!)
      return { origin: new URL(headers.location!).origin, status: found.status, bytes: await found.bytes() }
    }

    /** The door answers lists of tags itself. */
    async function tagsFor(from: keyof typeof CLIENTS): Promise<unknown> {
      const { status, body } = await exchange(door.port, {
        target: `/v2/${NAME}/tags/list`,
        headers: { 'X-Forwarded-For': CLIENTS[from] },
      })
      expect(status).toBe(200)
      return JSON.parse(body.toString()).tags
    }

    it.each(Object.keys(CLIENTS) as (keyof typeof CLIENTS)[])(
      'cosign verify finds signature, manifest and payload from %s',
      async (from) => {
        const tag = await follow(from, `manifests/${SIGNATURE_TAG}`)
        const manifest = await follow(from, `manifests/${SIGNATURE.digest}`)
        const payload = await follow(from, `blobs/${PAYLOAD[1]!.digest}`)
        expect([tag.bytes, manifest.bytes].map((bytes) => Buffer.from(bytes))).toEqual([
          SIGNATURE.bytes,
          SIGNATURE.bytes,
        ])
        expect(Buffer.from(payload.bytes)).toEqual(PAYLOAD[1]!.bytes)
        for (const { origin } of [tag, manifest, payload]) expect(origin).toBe(canonical.origin)
      },
    )

    it.each(['west', 'east'] as const)(
      'what the upstream in the %s has is taken from there',
      async (from) => {
        for (const path of ['manifests/v1', `manifests/${IMAGE.digest}`, `blobs/${BLOBS[1]!.digest}`]) {
          expect(await follow(from, path)).toMatchObject({ origin: regional.origin, status: 200 })
        }
        // Nobody can tell whether a list of theirs is whole.
        expect(await tagsFor(from)).toEqual([SIGNATURE_TAG, 'v1'])
      },
    )

    it('an image is taken from an upstream that has all but signatures', async () => {
      for (const path of ['manifests/v1', `manifests/${IMAGE.digest}`, `blobs/${BLOBS[1]!.digest}`])
        expect(await follow('north', path)).toMatchObject({ origin: regional.origin, status: 200 })
      expect(await tagsFor('north')).toEqual(['v1'])
    })

    it('a manifest by digest comes from a store that serves it right, a tag never', async () => {
      manifests.set(IMAGE.digest, IMAGE)
      const byDigest = await follow('south', `manifests/${IMAGE.digest}`)
      expect(byDigest).toMatchObject({ origin: store.origin, status: 200 })
      expect(Buffer.from(byDigest.bytes)).toEqual(IMAGE.bytes)
      expect((await follow('south', 'manifests/v1')).origin).not.toBe(store.origin)
    })

    it.each([
      ['with another Content-Type', (image: Served) => ({ ...image, type: 'application/octet-stream' })],
      [
        'with the Content-Type of an index',
        (image: Served) => ({ ...image, type: 'application/vnd.oci.image.index.v1+json' }),
      ],
      ['with other bytes', (image: Served) => ({ ...image, bytes: SIGNATURE.bytes })],
      ['cut short', (image: Served) => ({ ...image, bytes: image.bytes.subarray(1) })],
    ])('a manifest that a store serves %s is not taken from it', async (title, spoil) => {
      // Each its own manifest, so that nothing is known of it.
      const image = makeManifest(makeBlob(title))
      manifests.set(image.digest, spoil(image))
      const { headers } = await exchange(door.port, {
        target: `/v2/${NAME}/manifests/${image.digest}`,
        headers: { 'X-Forwarded-For': CLIENTS.south },
      })
      expect(new URL(headers.location!).origin).toBe(canonical.origin)
    })
  })
}
