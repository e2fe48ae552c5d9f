import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { createDoorRuntime } from '../../src/adapters/node/door-runtime.ts'
import { loadConfig } from '../../src/config/load.ts'
import { createPortolan } from '../../src/server/compose.ts'
import { makeBundle } from '../support/bundles.ts'
import { makeBlob, makeManifest } from '../support/content.ts'
import { makeTempFolder } from '../support/temp.ts'

const [one, two, large] = [makeBlob('one', 500), makeBlob('two', 700), makeBlob('large', 300_000)]
const [app, other, tool] = [makeManifest(one, large), makeManifest(two), makeManifest(one, two)]
const IMAGES = [
  { name: 'one.test/team/app:v1', manifests: [app], blobs: [one, large] },
  { name: 'two.test/team/app:v1', manifests: [other], blobs: [two] },
  { name: 'two.test/tool:v1', manifests: [tool], blobs: [one, two] },
]

/** A service with a bundle for its upstreams, as a config says the rest. */
async function serve(config: (folder: string) => string) {
  const folder = await makeTempFolder()
  onTestFinished(() => folder[Symbol.asyncDispose]())
  await (await makeBundle(IMAGES, { partSize: 64 * 1024 })).write(folder.path)
  const read = loadConfig(config(folder.path), { environment: {}, baseFolder: folder.path, fileName: 'test' })
  const portolan = await createPortolan(read, createDoorRuntime())
  onTestFinished(() => portolan[Symbol.asyncDispose]())
  return async (path: string) => {
    const answer = await portolan.fetch(new Request(`http://door.test/v2/${path}`), {
      peer: '127.0.0.1',
    })
    return { status: answer.status, bytes: Buffer.from(await answer.arrayBuffer()) }
  }
}

it('is served by a door by full names, and by short ones that are of one registry alone', async () => {
  const get = await serve(() => 'version: 1\nupstreams: [{ id: gap, bundle: ., at: dc/x }]\n')
  expect(await get('one.test/team/app/manifests/v1')).toEqual({ status: 200, bytes: app.bytes })
  expect(await get('two.test/team/app/manifests/v1')).toEqual({ status: 200, bytes: other.bytes })
  expect(await get('tool/manifests/v1')).toEqual({ status: 200, bytes: tool.bytes })
  expect((await get('team/app/manifests/v1')).status).toBe(404)
  const blob = await get(`one.test/team/app/blobs/${large.digest}`)
  expect([blob.status, blob.bytes.equals(large.bytes)]).toEqual([200, true])
})

it('is what a mirror of two registries gets everything from, each under its own names', async () => {
  const get = await serve((folder) =>
    JSON.stringify({
      version: 1,
      delivery: 'relay',
      cache: { folder: join(folder, 'cache'), size: '1GiB' },
      registries: [
        { host: 'one.test', upstreams: ['one'] },
        { host: 'two.test', upstreams: ['two'] },
      ],
      upstreams: ['one', 'two'].map((id) => ({ id, bundle: '.', prefix: `${id}.test`, at: 'dc/x' })),
    }),
  )
  expect(await get('team/app/manifests/v1?ns=one.test')).toEqual({ status: 200, bytes: app.bytes })
  expect(await get('team/app/manifests/v1?ns=two.test')).toEqual({ status: 200, bytes: other.bytes })
  const blob = await get(`team/app/blobs/${large.digest}?ns=one.test`)
  expect([blob.status, blob.bytes.equals(large.bytes)]).toEqual([200, true])
})
