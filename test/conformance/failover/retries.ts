import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeBlob, registryContent, storeContent, type TestBlob } from '../../support/content.ts'
import { type Fault, type MisbehavingServer, startMisbehaving } from '../../support/misbehaving.ts'
import { type Portolan, type RuntimeName, startPortolan } from '../../support/portolan.ts'
import { exchange } from '../../support/raw-http.ts'
import { until } from '../../support/until.ts'

const NAME = 'team/app'
const CANARY = makeBlob('canary')
const PARIS = 'aws/eu-west-3'

const COMMON = {
  log: { access: false },
  clients: { trustedProxies: ['127.0.0.0/8'] },
  clouds: { places: [{ prefix: '35.180.1.0/24', at: PARIS }] },
  // A machine that is busy with other tests must not make a door look impatient.
  presence: { timeout: '30s' },
}

/** By which clients that come within moments of each other do so however slowly they are served. */
const SLOW_CLOCK = fileURLToPath(new URL('../../support/slow-clock.ts', import.meta.url))

/** What a door learns from clients that come back, and from a store that has been out of its mind. */
export function describeRetries(runtime: RuntimeName): void {
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
              { id: 'paris', url: store.origin, at: PARIS, canary: CANARY.digest },
              { id: 'frankfurt', url: second.origin, at: 'aws/eu-central-1', canary: CANARY.digest },
            ],
            health: { timeout: '30s' },
          },
          runtime,
          SLOW_CLOCK,
        ),
      )
    })
    afterAll(() => made.disposeAsync())

    const storeOf = async (
      digest: string,
      client: string,
      headers: Readonly<Record<string, string>> = {},
    ) => {
      const location = await locate(door, `/v2/${NAME}/blobs/${digest}`, client, headers)
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

    it('keeps a store for 200 nodes behind one address that pull at once, and for one of them that does so again', async () => {
      const image = blobs.slice(11, 16)
      const client = '35.180.1.201'
      const pull = async () => {
        await locate(door, `/v2/${NAME}/manifests/v1`, client)
        return Promise.all(image.map(({ digest }) => storeOf(digest, client)))
      }
      const answers = (await Promise.all(Array.from({ length: 200 }, pull))).flat()
      for (let again = 0; again < 3; again++) answers.push(...(await pull()))
      const moved = answers.filter((id) => id !== 'paris').length
      expect(moved / answers.length).toBeLessThanOrEqual(0.02)
      await expectInTraffic(image)
    })

    it.each([
      ['to their ends', (start: number) => `bytes=${start}-${start + 127}`],
      ['open, and hung up on', (start: number) => `bytes=${start}-`],
    ])('keeps a store for one that fetches each blob in 16 ranges at once, %s', async (_, range) => {
      const image = blobs.slice(16, 19)
      const starts = Array.from({ length: 16 }, (_, n) => 128 * n)
      const ask = (digest: string, start: number) => storeOf(digest, '35.180.1.202', { Range: range(start) })
      const answers = await Promise.all(
        image.flatMap(({ digest }) => starts.map((start) => ask(digest, start))),
      )
      expect(new Set(answers)).toEqual(new Set(['paris']))
      await expectInTraffic(image)
    })

    /** Whoever else comes is sent there for these, and nothing has been counted against it. */
    async function expectInTraffic(image: readonly TestBlob[]): Promise<void> {
      for (const { digest } of image) expect(await storeOf(digest, '35.180.1.203')).toBe('paris')
      const reply = await fetch(`http://127.0.0.1:${door.adminPort}/backends`)
      const { backends } = (await reply.json()) as { backends: { id: string; health: object }[] }
      expect(backends.find(({ id }) => id === 'paris')).toMatchObject({ health: { status: 'healthy' } })
    }
  })

  it(`blobs asked again right after their store left traffic all go upstream, by a door on ${runtime}`, async () => {
    const blobs = Array.from({ length: 3 }, (_, n) => makeBlob(`lost ${n}`))
    await using store = await startMisbehaving({ content: storeContent([...blobs, CANARY]) })
    await using canonical = await startMisbehaving({ content: registryContent() })
    await using door = await startPortolan(
      {
        ...COMMON,
        upstreams: [{ id: 'canonical', url: canonical.origin, at: 'gcp/us-central1' }],
        stores: [{ id: 'paris', url: store.origin, at: PARIS, canary: CANARY.digest }],
      },
      runtime,
    )
    const ask = async ({ digest }: TestBlob) =>
      (await locate(door, `/v2/${NAME}/blobs/${digest}`, '35.180.1.1'))?.startsWith(store.origin)
    for (const blob of blobs) expect(await ask(blob)).toBe(true)
    await store.misbehave('500')
    expect(await Promise.all(blobs.map(ask))).toEqual([false, false, false])
  })

  it(`a store that said 200 to everything is asked anew by a door on ${runtime} once it is itself again`, async () => {
    const held = makeBlob('held')
    const lacked = makeBlob('lacked')
    await using store = await startMisbehaving({ content: storeContent([held, CANARY]) })
    await using canonical = await startMisbehaving({ content: registryContent() })
    await using door = await startPortolan(
      {
        ...COMMON,
        health: { interval: '1s' },
        upstreams: [{ id: 'canonical', url: canonical.origin, at: 'gcp/us-central1' }],
        stores: [{ id: 'paris', url: store.origin, at: PARIS, canary: CANARY.digest }],
      },
      runtime,
    )
    const isStore = async ({ digest }: TestBlob, client: string) =>
      (await locate(door, `/v2/${NAME}/blobs/${digest}`, client))?.startsWith(store.origin) ?? false
    expect(await isStore(held, '35.180.1.1')).toBe(true)
    await store.misbehave('HTML with 200')
    await isStore(lacked, '35.180.1.2')
    let client = 3
    await until(
      'the store to leave traffic',
      async () => !(await isStore(held, `35.180.1.${client++ % 250}`)),
    )
    await store.misbehave(undefined)
    await until('the store to come back', () => isStore(held, '35.180.1.251'))
    expect(await isStore(lacked, '35.180.1.252')).toBe(false)
  })
}

async function locate(
  door: Portolan,
  target: string,
  client: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<string | undefined> {
  const reply = await exchange(door.port, { target, headers: { 'X-Forwarded-For': client, ...headers } })
  return reply.headers.location
}
