import { createCipheriv } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { type BundledImage, makeBundle } from '../support/bundles.ts'
import { startCommand } from '../support/command.ts'
import { blobOf, makeManifest } from '../support/content.ts'
import { type PushableRegistry, startPushableRegistry } from '../support/pushable-registry.ts'
import { FULL, randomOf } from '../support/sample.ts'
import { makeTempFolder } from '../support/temp.ts'
import { until } from '../support/until.ts'

const MIB = 1024 * 1024
const KILLS = FULL ? 50 : 4

const noise = (size: number, seed: number) =>
  blobOf(createCipheriv('aes-256-ctr', Buffer.alloc(32, seed), Buffer.alloc(16)).update(Buffer.alloc(size)))

/** The first is in all repositories, which mount it from each other. */
const large = [6 * MIB, 3 * MIB + 1, 5 * MIB - 1, 4 * MIB].map((size, seed) => noise(size, seed))
/** What is smaller than a megabyte is sent anew: nobody notes where it broke off. */
const small = large.map((_, index) => noise(700 + index, 100 + index))
const images: readonly BundledImage[] = large.map((layer, index) => {
  const layers = index === 0 ? [layer] : [layer, large[0]!]
  const config = small[index]!
  const manifests = [makeManifest(config, ...layers)]
  return { name: `registry.test/app-${index}:v1`, manifests, blobs: [config, ...layers] }
})
const sum = (sizes: readonly { readonly bytes: Uint8Array }[]) =>
  sizes.reduce((total, { bytes }) => total + bytes.length, 0)

const random = randomOf('moments of a kill in an import')

it(
  `an import that is killed ${KILLS} times pushes no byte of a large blob twice`,
  async () => {
    await using folder = await makeTempFolder()
    const bundle = await makeBundle(images, { partSize: 4 * MIB - 1 })
    await bundle.write(folder.path)
    const figures: { kills: number; pushed: number; twice: number }[] = []
    for (let left = KILLS; left > 0; ) {
      await using registry = await startPushableRegistry({ resumes: true })
      const kills = await importAndKill(folder.path, registry, left)
      left -= kills
      expect([...registry.manifests.keys()].filter((name) => name.endsWith(':v1'))).toHaveLength(
        images.length,
      )
      for (const { name, blobs } of images)
        for (const { digest, bytes } of blobs) {
          const repository = /[^/:]+(?=:)/.exec(name)![0]
          expect(registry.blobs.get(`gap/${repository}@${digest}`)?.equals(bytes)).toBe(true)
        }
      const twice = registry.received - sum(large) - sum(small)
      figures.push({ kills, pushed: registry.received, twice })
      expect(twice).toBeLessThanOrEqual(kills * sum(small))
      expect((await readdir(folder.path)).filter((name) => name.endsWith('.uploads'))).toEqual([])
    }
    const kills = figures.reduce((total, each) => total + each.kills, 0)
    const twice = figures.reduce((total, each) => total + each.twice, 0)
    console.info(`${kills} kills in ${figures.length} imports: ${twice} bytes were pushed twice`)
  },
  60_000 + KILLS * 8000,
)

/** Runs an import until it is done, and kills it on the way as often as is wanted; gives how often it was. */
async function importAndKill(folder: string, registry: PushableRegistry, most: number): Promise<number> {
  for (let kills = 0; ; kills++) {
    // Behind the last byte are the manifests: now and then it is one of these that is the last.
    const bytes = kills < most ? random() * sum(large) * 0.4 : Number.POSITIVE_INFINITY
    const words = ['--to', `${registry.host}/gap`, '--receipt', join(folder, 'receipt.json'), '--quiet']
    const { process: child, ended } = startCommand(['bundle', 'import', folder, ...words], { folder })
    let heard = 0
    registry.onBytes = (count) => {
      heard += count
      if (heard > bytes) child.kill('SIGKILL')
    }
    const { code, signal, err } = await ended
    registry.onBytes = () => {}
    if (signal !== 'SIGKILL') {
      expect(code, err).toBe(0)
      return kills
    }
    await until('the registry to have noticed', async () => registry.open === 0)
  }
}
