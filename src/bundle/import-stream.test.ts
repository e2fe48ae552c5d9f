import { expect, it, onTestFinished } from 'vitest'
import { makeBundle } from '../../test/support/bundles.ts'
import { makeBlob, makeManifest } from '../../test/support/content.ts'
import { startPushableRegistry } from '../../test/support/pushable-registry.ts'
import { createNodeRuntime } from '../adapters/node/runtime.ts'
import { openHttpRegistry } from '../registry/http-registry.ts'
import { openHttpWriter } from '../registry/http-writer.ts'
import { registryTarget } from '../replication/images/registry-target.ts'
import { openPassingSpool } from '../storage/fs/passing-spool.ts'
import { silentLog } from '../telemetry/log.ts'
import { importStream } from './import-stream.ts'

const [config, shared, large] = [
  makeBlob('config', 100),
  makeBlob('shared', 3000),
  makeBlob('large', 200_000),
]
const [app, base] = [makeManifest(config, shared, large), makeManifest(config, shared)]
const PART = 64 * 1024

async function open() {
  const bundle = await makeBundle(
    [
      { name: 'registry.test/app:v1', manifests: [app], blobs: [config, shared, large] },
      { name: 'registry.test/base:v1', manifests: [base], blobs: [config, shared] },
    ],
    { partSize: PART },
  )
  const registry = await startPushableRegistry()
  const spool = await openPassingSpool()
  onTestFinished(async () => {
    await spool.close()
    await registry[Symbol.asyncDispose]()
  })
  const runtime = createNodeRuntime({ log: silentLog, userAgent: 'portolan/test' })
  const address = {
    ...{ url: registry.origin, prefix: '', credentials: async () => undefined },
    limits: { concurrency: 4, requestsPerSecond: 10_000 },
  }
  const reader = openHttpRegistry(runtime, address)
  const at = { reader, target: registryTarget(runtime, reader, openHttpWriter(runtime, address)) }
  const { offset } = bundle.index.contents.find(({ digest }) => digest === large.digest)!
  return {
    ...{ bytes: bundle.bytes, offset, registry },
    /** As a pipe gives it: pieces that keep to no boundary. */
    import: (bytes: Uint8Array) =>
      importStream(runtime, piecesOf(bytes), at, { prefix: 'gap', mappings: [], spool }),
  }
}

async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += 1237) yield bytes.subarray(start, start + 1237)
}

it('imports what comes, and passes over what is there', async () => {
  const { registry, bytes, import: run } = await open()
  const { report } = await run(bytes)
  expect(report.images.map(({ status }) => status)).toEqual(['copied', 'copied'])
  expect(registry.manifests.get('gap/app:v1')?.bytes).toEqual(app.bytes)
  expect(registry.blobs.get(`gap/app@${large.digest}`)).toEqual(large.bytes)
  const { received } = registry
  const again = await run(bytes)
  expect(again.report.images.map(({ status }) => status)).toEqual(['there', 'there'])
  expect(registry.received).toBe(received)
})

it.each<[string, (bytes: Buffer, offset: number) => Buffer, RegExp]>([
  [
    'ends too early',
    (bytes) => bytes.subarray(0, -200_000),
    /ends after \d+ bytes, in the middle of a bundle/,
  ],
  [
    'has a flipped bit',
    (bytes, offset) => {
      bytes[offset + 77]! ^= 1
      return bytes
    },
    /was altered: its bytes are those of/,
  ],
  [
    'lacks a part',
    (bytes) => Buffer.concat([bytes.subarray(0, PART), bytes.subarray(2 * PART)]),
    /in the middle of a bundle: are all of its parts there/,
  ],
  ['is something else', () => Buffer.alloc(2000, 'x'), /is no tar archive/],
  ['is empty', () => Buffer.alloc(0), /ends after 0 bytes/],
])('names no image, and sends nothing that is not whole, where the stream %s', async (_, spoil, message) => {
  const { registry, bytes, offset, import: run } = await open()
  await expect(run(spoil(bytes, offset))).rejects.toThrow(message)
  expect([...registry.manifests.keys()]).toEqual([])
  expect(registry.requests.filter((line) => line.includes(large.digest) && !line.startsWith('HEAD'))).toEqual(
    [],
  )
  expect(registry.received).toBeLessThan(large.bytes.length)
})

it('sends nothing where a name in the index was altered', async () => {
  const { registry, bytes, import: run } = await open()
  const at = bytes.indexOf('registry.test/app:v1', bytes.indexOf('{"version":1'))
  bytes.write('registry.test/apq', at)
  await expect(run(bytes)).rejects.toThrow(/registry\.test\/app, of which there is no image|says that sha256/)
  expect(registry.requests).toEqual([])
})

it('names no image where there is more behind the end', async () => {
  const { registry, bytes, import: run } = await open()
  await expect(run(Buffer.concat([bytes, Buffer.from('x')]))).rejects.toThrow(/more behind the end/)
  expect([...registry.manifests.keys()]).toEqual([])
})
