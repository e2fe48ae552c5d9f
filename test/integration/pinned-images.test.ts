import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createDoorRuntime } from '../../src/adapters/node/door-runtime.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { PinnedReport } from '../../src/relay/pins/pinned-report.ts'
import { createPortolan, type Portolan } from '../../src/server/compose.ts'
import { type MirroredWorld, startMirroredWorld } from '../support/mirrored-world.ts'
import { until } from '../support/until.ts'

let registry: MirroredWorld
let list: string

beforeAll(async () => {
  registry = await startMirroredWorld()
  list = join(registry.folder, 'images.txt')
})
afterAll(() => registry?.[Symbol.asyncDispose]())

const HELLO = 'sample.example/demo/hello:1.0'
const TOOL = 'sample.example/demo/team/nested/tool:v1.2.3'

function configOf(parts: object = {}) {
  const { cache, ...config } = registry.config(parts)
  return loadConfig({ ...config, cache: { ...Object(cache), pin: [list] } })
}

const startMirror = () => createPortolan(configOf(), createDoorRuntime(), { metrics: true })

async function reportOf(mirror: Portolan): Promise<PinnedReport> {
  const reply = await mirror.admin(asking('/pinned', '127.0.0.1'))
  return JSON.parse(String(reply.body))
}

const asking = (target: string, host = 'mirror.example') => ({
  method: 'GET',
  target,
  peer: '127.0.0.1',
  header: (name: string) => (name === 'host' ? host : undefined),
})

/** Waits until all was gone through, and gives what is said then. */
async function checked(mirror: Portolan): Promise<PinnedReport> {
  let report: PinnedReport | undefined
  await until('the pinned images to be looked for', async () => {
    report = await reportOf(mirror)
    return report.checked !== undefined
  })
  return report!
}

it('a mirror fetches what is pinned when it starts, and gives it with its registry unplugged', async () => {
  await registry.forget()
  await registry.plugIn()
  await writeFile(list, `${HELLO}\n${TOOL}   # small\n`)
  await using mirror = await startMirror()
  expect(await checked(mirror)).toMatchObject({ ready: 'yes', images: { kept: 2, missing: 0, unknown: 0 } })
  await registry.unplug()
  const { blobs } = registry.world.images.find(({ name }) => name === 'demo/hello')!
  for (const { digest, size } of blobs) {
    const reply = await mirror.fetch(
      new Request(`http://mirror.example/v2/demo/hello/blobs/${digest}?ns=sample.example`),
      { peer: '127.0.0.1' },
    )
    expect([reply.status, (await reply.arrayBuffer()).byteLength]).toEqual([200, size])
  }
})

it('one that starts with its registry unplugged knows what it has', async () => {
  await registry.unplug()
  await using mirror = await startMirror()
  expect(await checked(mirror)).toMatchObject({ ready: 'yes', images: { kept: 2 } })
})

it('it names what is missing, and why', async () => {
  await registry.forget()
  await registry.plugIn()
  const lines = [TOOL, 'sample.example/demo/gone:1', 'quay.io/a/b:1', 'sample.example/no!']
  await writeFile(list, lines.join('\n'))
  await using mirror = await startMirror()
  expect(await checked(mirror)).toMatchObject({
    ready: 'no',
    images: { kept: 1, missing: 3, unknown: 0 },
    missing: [
      { image: `${list}:4` },
      { image: 'sample.example/demo/gone:1', reason: 'sample.example has no sample.example/demo/gone:1' },
      { image: 'quay.io/a/b:1', reason: 'the mirror has no registry quay.io' },
    ],
  })
})

it('a reload may pin other images, for other platforms', async () => {
  await registry.forget()
  await registry.plugIn()
  await writeFile(list, TOOL)
  await using mirror = await startMirror()
  await checked(mirror)
  const other = join(registry.folder, 'other.txt')
  await writeFile(other, HELLO)
  const config = configOf()
  await mirror.reload({ ...config, cache: { ...config.cache!, pin: [other], platforms: ['linux/arm64'] } })
  await until('the other list', async () => (await reportOf(mirror)).bytes > 9_000_000)
  const all = registry.world.images.find(({ name }) => name === 'demo/hello')!.blobs
  const report = await checked(mirror)
  expect(report).toMatchObject({ ready: 'yes', images: { kept: 1 } })
  expect(report.bytes).toBeLessThan(all.reduce((sum, { size }) => sum + size, 0))
})

it('a list that is not there is one that names nothing, and says so', async () => {
  const config = configOf()
  const missing = join(registry.folder, 'missing.txt')
  await using mirror = await createPortolan(
    { ...config, cache: { ...config.cache!, pin: [missing] } },
    createDoorRuntime(),
  )
  expect(await checked(mirror)).toMatchObject({
    ready: 'no',
    missing: [{ image: `${missing}:1`, reason: expect.stringContaining('ENOENT') }],
  })
})
