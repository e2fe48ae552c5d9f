import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { makeSampleImages } from '../../src/demo/images.ts'
import type { SampleWorld } from '../../src/demo/sample-world.ts'
import { makeTempFolder } from './temp.ts'
import { startUnpluggableRegistry, type UnpluggableRegistry } from './unpluggable-registry.ts'

/** The sample images behind a registry that can be unplugged, and a folder for whoever is a mirror of it. */
export interface MirroredWorld extends UnpluggableRegistry {
  readonly folder: string
  readonly world: SampleWorld
  /** Removes what mirrors keep. */
  forget(): Promise<void>
  /** The config of a mirror of it as `sample.example`, which keeps below {@link folder}. */
  config(parts?: object): Readonly<Record<string, unknown>>
}

export async function startMirroredWorld(): Promise<MirroredWorld> {
  const stack = new AsyncDisposableStack()
  const { path: folder } = stack.use(await makeTempFolder())
  const layout = join(folder, 'images')
  const world = await makeSampleImages(layout)
  const registry = stack.use(await startUnpluggableRegistry(layout))
  const kept = join(folder, 'kept')
  return {
    ...registry,
    ...{ folder, world },
    forget: () => rm(kept, { recursive: true, force: true }),
    config: (parts = {}) => ({
      version: 1,
      delivery: 'relay',
      cache: { folder: kept, size: '1GiB' },
      registries: [{ host: 'sample.example', upstreams: ['sample'] }],
      upstreams: [{ id: 'sample', url: registry.origin, at: 'anycast' }],
      health: { interval: '1s', failures: 2 },
      ...parts,
    }),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}
