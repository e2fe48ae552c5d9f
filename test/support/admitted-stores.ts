import type { BigImage } from './big-image.ts'
import { registryContent, storeContent } from './content.ts'
import { type MisbehavingServer, startMisbehaving } from './misbehaving.ts'
import { startPortolan } from './portolan.ts'
import { until } from './until.ts'

/** A door in front of an upstream and two nearer stores, which it knows to have every blob of an image. */
export interface AdmittedStores extends AsyncDisposable {
  /** The door's, with its port. */
  readonly host: string
  readonly near: MisbehavingServer
  readonly next: MisbehavingServer
  readonly upstream: MisbehavingServer
  /** What the door has to say of the nearest store's health. */
  health(): Promise<{ readonly status: string }>
}

/** Whose nearest store is which. */
const CLIENTS = { near: '10.0.1.1', next: '10.0.2.1' }

export async function startAdmittedStores(image: BigImage): Promise<AdmittedStores> {
  await using made = new AsyncDisposableStack()
  const upstream = made.use(await startMisbehaving({ content: registryContent(image) }))
  const near = made.use(await startMisbehaving({ content: storeContent(image.blobs) }))
  const next = made.use(await startMisbehaving({ content: storeContent(image.blobs) }))
  const canary = image.blobs[0]!.digest
  const door = made.use(
    await startPortolan({
      log: { access: false },
      upstreams: [{ id: 'main', url: byName(upstream.origin), at: 'gcp/us-central1' }],
      stores: [
        { id: 'near', url: byName(near.origin), at: 'aws/eu-west-3', canary },
        { id: 'next', url: byName(next.origin), at: 'aws/eu-central-1', canary },
      ],
      clients: { trustedProxies: ['127.0.0.0/8'] },
      clouds: {
        places: [
          { prefix: '127.0.0.0/8', at: 'aws/eu-west-3' },
          { prefix: CLIENTS.near, at: 'aws/eu-west-3' },
          { prefix: CLIENTS.next, at: 'aws/eu-central-1' },
        ],
      },
    }),
  )
  const host = `127.0.0.1:${door.port}`
  for (const [store, client] of [
    [near, CLIENTS.near],
    [next, CLIENTS.next],
  ] as const) {
    for (const { digest } of image.blobs) {
      await until(`the door to know ${digest} in a store`, async () => {
        // A HEAD is no try of a client.
        const reply = await fetch(`http://${host}/v2/${image.name}/blobs/${digest}`, {
          method: 'HEAD',
          redirect: 'manual',
          headers: { 'X-Forwarded-For': client },
        })
        return reply.headers.get('location')?.startsWith(byName(store.origin)) === true
      })
    }
  }
  const running = made.move()
  return {
    host,
    near,
    next,
    upstream,
    async health() {
      const reply = await fetch(`http://127.0.0.1:${door.adminPort}/backends`)
      const { backends } = (await reply.json()) as {
        backends: { id: string; health: { status: string } }[]
      }
      return backends.find(({ id }) => id === 'near')!.health
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** `localhost` instead of the address: crane follows no redirect to an address of loopback. */
function byName(origin: string): string {
  return origin.replace('127.0.0.1', 'localhost')
}
