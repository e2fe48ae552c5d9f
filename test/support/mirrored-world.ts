import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Listener } from '../../src/adapters/listener.ts'
import { listen } from '../../src/adapters/node/listen.ts'
import { makeSampleImages } from '../../src/demo/images.ts'
import type { SampleWorld } from '../../src/demo/sample-world.ts'
import { createUpstream } from '../../src/demo/upstream.ts'
import type { DoorRequest } from '../../src/server/request.ts'
import { openImageLayout } from '../../src/storage/fs/image-layout.ts'
import { findFreePort } from './ports.ts'
import { makeTempFolder } from './temp.ts'

/** The sample images behind a registry that can be unplugged, and a folder for whoever is a mirror of it. */
export interface MirroredWorld extends AsyncDisposable {
  readonly folder: string
  readonly world: SampleWorld
  /** `http://127.0.0.1:PORT`, the same after each {@link plugIn}. */
  readonly origin: string
  /** What was asked of the registry: a method and a path. */
  readonly asked: readonly string[]
  unplug(): Promise<void>
  plugIn(): Promise<void>
  /** Removes what mirrors keep. */
  forget(): Promise<void>
  /** The config of a mirror of it as `sample.example`, which keeps below {@link folder}. */
  config(parts?: object): Readonly<Record<string, unknown>> & { readonly upstreams: readonly object[] }
}

/** Starts a registry of the demo's images. */
export async function startMirroredWorld(): Promise<MirroredWorld> {
  const stack = new AsyncDisposableStack()
  const { path: folder } = stack.use(await makeTempFolder())
  const layout = join(folder, 'images')
  const world = await makeSampleImages(layout)
  const content = await openImageLayout(layout, {
    runtime: { now: () => performance.now() },
    report: (problem) => console.error(problem),
  })
  const asked: string[] = []
  const upstream = createUpstream(content)
  const door = (request: DoorRequest) => {
    asked.push(`${request.method} ${request.target}`)
    return upstream(request)
  }
  const port = await findFreePort()
  const plugIn = () => listen(door, { host: '127.0.0.1', port, onError: console.error })
  let listener: Listener | undefined = await plugIn()
  const kept = join(folder, 'kept')
  const unplug = async () => {
    await listener?.drain(0)
    listener = undefined
  }
  stack.defer(unplug)
  await mkdir(kept)
  return {
    ...{ folder, world, asked, unplug },
    origin: `http://127.0.0.1:${port}`,
    async plugIn() {
      listener ??= await plugIn()
    },
    forget: () => rm(kept, { recursive: true, force: true }),
    config: (parts = {}) => ({
      version: 1,
      delivery: 'relay',
      cache: { folder: kept, size: '1GiB' },
      registries: [{ host: 'sample.example', upstreams: ['sample'] }],
      upstreams: [{ id: 'sample', url: `http://127.0.0.1:${port}`, at: 'anycast' }],
      health: { interval: '1s', failures: 2 },
      ...parts,
    }),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}
