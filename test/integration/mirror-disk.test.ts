import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { makeBlob, makeManifest } from '../support/content.ts'
import { type RuntimeName, startPortolan } from '../support/portolan.ts'
import { sample } from '../support/sample.ts'
import { startScriptedRegistry } from '../support/scripted-registry.ts'
import { makeTempFolder } from '../support/temp.ts'
import { until } from '../support/until.ts'

it.each(sample<RuntimeName>('pulls through a mirror without its disk', ['node', 'bun'], 1))(
  'on %s pulls through a mirror work while its disk fails, and are kept again after that',
  async (runtime) => {
    await using folder = await makeTempFolder()
    const blobs = [...Array(4).keys()].map((number) => makeBlob(`blob ${number}`, 2_500_000))
    const manifest = makeManifest(blobs[0]!, ...blobs.slice(1))
    await using registry = await startScriptedRegistry({
      repositories: [{ name: 'app', tags: { '1.0': manifest }, blobs }],
    })
    const kept = join(folder.path, 'kept')
    await using mirror = await startPortolan(
      {
        ...{ delivery: 'relay', cache: { folder: kept, size: '1GiB' } },
        upstreams: [{ id: 'main', url: registry.origin, at: 'test/main' }],
        registries: [{ host: 'registry.test', upstreams: ['main'] }],
      },
      runtime,
    )
    const ask = async (path: string) => {
      const reply = await fetch(`http://127.0.0.1:${mirror.port}/v2/app/${path}?ns=registry.test`)
      return { status: reply.status, bytes: Buffer.from(await reply.arrayBuffer()) }
    }
    const status = async () => {
      const reply = await fetch(`http://127.0.0.1:${mirror.adminPort}/mirror`)
      return (await reply.json()) as { trouble?: { reason: string }; contents: { count: number } }
    }
    const pull = async (number: number) => {
      const { status: code, bytes } = await ask(`blobs/${blobs[number]!.digest}`)
      expect([code, bytes.equals(blobs[number]!.bytes)]).toEqual([200, true])
    }

    expect((await ask('manifests/1.0')).status).toBe(200)
    await pull(0)
    await until('both to be kept', async () => (await status()).contents.count === 2)
    // Nothing can be begun where a file stands in place of the folder.
    await rename(join(kept, 'partial'), join(kept, 'elsewhere'))
    await writeFile(join(kept, 'partial'), '')
    await pull(1)
    expect((await status()).trouble?.reason).toBe('ENOTDIR')
    await pull(0)
    await pull(2)
    expect((await ask('manifests/1.0')).status).toBe(200)
    expect((await status()).contents.count).toBe(2)

    await rm(join(kept, 'partial'))
    await rename(join(kept, 'elsewhere'), join(kept, 'partial'))
    await until('recovery', async () => (await status()).trouble === undefined)
    await pull(3)
    await until('it to be kept', async () => (await status()).contents.count === 3)
  },
)
