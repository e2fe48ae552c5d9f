import { spawnSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runCommand } from '../../support/command.ts'
import { blobOf, makeManifest } from '../../support/content.ts'
import type { RuntimeName } from '../../support/portolan.ts'
import { startScriptedRegistry } from '../../support/scripted-registry.ts'
import { makeTempFolder } from '../../support/temp.ts'
import { noise } from './world.ts'

/** In a mount namespace of its own, which goes with the command. */
const UNSHARE = ['unshare', '--mount']
const DISK = 'mount -t tmpfs -o size=1m portolan-test store && exec "$@"'
const canMount =
  spawnSync(UNSHARE[0]!, [...UNSHARE.slice(1), 'sh', '-c', 'mount -t tmpfs -o size=1m portolan-test /mnt'])
    .status === 0
if (!canMount) console.info('a sync to a disk that is too small: skipped, this user may not mount')

it.skipIf(!canMount).each<RuntimeName>(['node', 'bun'])(
  'on %s a sync to a disk that is too small says so before it downloads anything',
  async (runtime) => {
    await using temp = await makeTempFolder()
    const folder = temp.path
    await mkdir(join(folder, 'store'))
    const blob = blobOf(noise(2_000_000, 1))
    const [name, digest] = ['app', blob.digest]
    await using registry = await startScriptedRegistry({
      repositories: [{ name, tags: { '1.0': makeManifest(blob) }, blobs: [blob] }],
    })
    const config = {
      version: 1,
      upstreams: [{ id: 'main', url: registry.origin, at: 'test/main' }],
      stores: [
        { id: 'near', url: 'http://near.test', at: 'test/near', fill: { folder: join(folder, 'store') } },
      ],
      sync: { repositories: { list: [name] }, referrers: false, journal: join(folder, 'journal') },
    }
    await writeFile(join(folder, 'portolan.yaml'), JSON.stringify(config))
    const { code, out } = await runCommand(['sync', 'portolan.yaml', '--json'], {
      ...{ folder, runtime },
      under: [...UNSHARE, 'sh', '-c', DISK, 'sh'],
    })
    expect(code).toBe(1)
    expect(JSON.parse(out).faults).toEqual([
      expect.objectContaining({
        code: 'STORE_REFUSED',
        message: expect.stringMatching(/needs [0-9,]+ bytes on the disk of .* has [0-9,]+ bytes left/),
      }),
    ])
    expect(registry.requests.map(({ path }) => path)).not.toContain(`/v2/${name}/blobs/${digest}`)
  },
)
