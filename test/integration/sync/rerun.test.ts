import { join } from 'node:path'
import { expect, it } from 'vitest'
import { INVENTORY_POINTER_PATH } from '../../../src/inventory/paths.ts'
import { SPOT_CHECKS } from '../../../src/replication/spot-check.ts'
import { MemoryRegistry } from '../../support/memory-registry.ts'
import { makeMemoryTarget } from '../../support/memory-target.ts'
import { makeTempFolder } from '../../support/temp.ts'
import { runSync } from './world.ts'

/** A registry of one repository with so many images, each with so many layers of its own and a config. */
function makeRegistry(images: number, layers: number): MemoryRegistry {
  const registry = new MemoryRegistry()
  for (let image = 0; image < images; image++) {
    const contents = Array.from({ length: layers }, (_, layer) => `layer ${layer} of ${image}`)
    const manifest = registry.addImage('app', { layers: contents, config: `config of ${image}` })
    registry.tag('app', `v${image}`, manifest)
  }
  return registry
}

/** What a run with nothing new asks of the registry and of the store, after one that filled the store. */
async function askedByRerun(
  registry: MemoryRegistry,
  blobs: number,
): Promise<[registry: string[], store: string[]]> {
  await using temp = await makeTempFolder()
  const folder = join(temp.path, 'workspace')
  const target = makeMemoryTarget('paris')
  const first = await runSync({ folder, targets: [target], upstream: registry })
  expect(first).toMatchObject({ blobs, stores: [{ complete: true }] })
  registry.requests.length = 0
  target.requests.length = 0
  const rerun = await runSync({ folder, targets: [target], upstream: registry })
  expect(rerun).toMatchObject({
    downloaded: 0,
    stores: [{ complete: true, stored: { blobs: 0, manifests: 0 } }],
  })
  return [registry.requests, target.requests]
}

it('a rerun with nothing new asks as much over 5,000 blobs as over 100', { timeout: 60_000 }, async () => {
  const [small, smallStore] = await askedByRerun(makeRegistry(50, 1), 100)
  const [large, largeStore] = await askedByRerun(makeRegistry(50, 99), 5000)
  expect(large.length).toBe(small.length)
  expect(large.filter((request) => request.startsWith('blob '))).toEqual([])
  // The pointer, and each of the few objects that are looked at again: is it there, and is it right?
  expect(largeStore[0]).toBe(`get ${INVENTORY_POINTER_PATH}`)
  expect(largeStore).toHaveLength(1 + 2 * SPOT_CHECKS)
  expect(smallStore).toHaveLength(largeStore.length)
})
