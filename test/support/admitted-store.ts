import type { BigImage } from './big-image.ts'
import { registryContent, storeContent } from './content.ts'
import { type MisbehavingServer, startMisbehaving } from './misbehaving.ts'
import { startPortolan } from './portolan.ts'
import { until } from './until.ts'

/** A door in front of an upstream and a nearer store, which it knows to have every blob of an image. */
export interface AdmittedStore extends AsyncDisposable {
  /** The door's, with its port. */
  readonly host: string
  readonly store: MisbehavingServer
  readonly upstream: MisbehavingServer
  /** What the door has to say of the store's health. */
  health(): Promise<{ readonly status: string }>
}

export async function startAdmittedStore(image: BigImage): Promise<AdmittedStore> {
  await using made = new AsyncDisposableStack()
  const upstream = made.use(await startMisbehaving({ content: registryContent(image) }))
  const store = made.use(await startMisbehaving({ content: storeContent(image.blobs) }))
  const door = made.use(
    await startPortolan({
      log: { access: false },
      upstreams: [{ id: 'main', url: byName(upstream.origin), at: 'far/away' }],
      stores: [{ id: 'near', url: byName(store.origin), at: 'near/by', canary: image.blobs[0]!.digest }],
      clouds: { places: [{ prefix: '127.0.0.0/8', at: 'near/by' }] },
    }),
  )
  const host = `127.0.0.1:${door.port}`
  for (const { digest } of image.blobs) {
    const url = `http://${host}/v2/${image.name}/blobs/${digest}`
    // A HEAD is no try of a client.
    await until(`the door to know ${digest} in the store`, async () => {
      const reply = await fetch(url, { method: 'HEAD', redirect: 'manual' })
      return reply.headers.get('location')?.includes(`/containers/images/${digest}`) === true
    })
  }
  const running = made.move()
  return {
    host,
    store,
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
