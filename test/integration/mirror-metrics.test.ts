import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createDoorRuntime } from '../../src/adapters/node/door-runtime.ts'
import { loadConfig } from '../../src/config/load.ts'
import { createPortolan, type Portolan } from '../../src/server/compose.ts'
import { startMirroredWorld } from '../support/mirrored-world.ts'
import { until } from '../support/until.ts'

/** Reads one series of the service's own metrics; `undefined` where there is none. */
async function seriesOf(mirror: Portolan, series: string): Promise<number | undefined> {
  const { text } = await mirror.metrics!()
  const line = text.split('\n').find((each) => each.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}

it('a mirror counts what it gave, what it fetched, and how what it keeps stands', async () => {
  await using registry = await startMirroredWorld()
  const { cache, ...rest } = registry.config()
  const list = join(registry.folder, 'images.txt')
  await writeFile(list, 'sample.example/demo/team/nested/tool:v1.2.3\nsample.example/demo/gone:1\n')
  const config = loadConfig({ ...rest, cache: { ...Object(cache), pin: [list] } })
  await using mirror = await createPortolan(config, createDoorRuntime(), { metrics: true })
  const pinned = (state: string) => seriesOf(mirror, `portolan_mirror_pinned_images{state="${state}"}`)
  await until(
    'the pinned images',
    async () => (await pinned('kept')) === 1 && (await pinned('unknown')) === 0,
  )
  expect([await pinned('kept'), await pinned('missing')]).toEqual([1, 1])
  const pinnedBytes = (await seriesOf(mirror, 'portolan_mirror_received_bytes_total'))!
  expect(pinnedBytes).toBeGreaterThan(256 * 1024)

  const [blob] = registry.world.blobs
  const pull = async () => {
    const url = `http://mirror.example/v2/demo/hello/blobs/${blob!.digest}?ns=sample.example`
    const reply = await mirror.fetch(new Request(url), { peer: '127.0.0.1' })
    expect((await reply.arrayBuffer()).byteLength).toBe(blob!.size)
  }
  await pull()
  await until('the fill to end', async () => {
    return (await seriesOf(mirror, 'portolan_mirror_fills_in_flight')) === 0
  })
  await pull()
  const labels = (from: string) => `{registry="sample.example",class="blob",cache="${from}"}`
  const counts = {
    miss: await seriesOf(mirror, `portolan_mirror_requests_total${labels('miss')}`),
    hit: await seriesOf(mirror, `portolan_mirror_requests_total${labels('hit')}`),
    given: await seriesOf(mirror, 'portolan_mirror_bytes_total{registry="sample.example",cache="hit"}'),
    received: (await seriesOf(mirror, 'portolan_mirror_received_bytes_total'))! - pinnedBytes,
    failed: await seriesOf(mirror, 'portolan_mirror_fills_total{result="failed"}'),
    trouble: await seriesOf(mirror, 'portolan_mirror_disk_trouble'),
    size: await seriesOf(mirror, 'portolan_mirror_cache_size_bytes'),
  }
  expect(counts).toEqual({
    ...{ miss: 1, hit: 1, failed: 0, trouble: 0 },
    given: blob!.size,
    received: blob!.size,
    size: 1024 ** 3,
  })
  expect(await seriesOf(mirror, 'portolan_mirror_cache_bytes{state="kept"}')).toBeGreaterThan(blob!.size)
})

it('a door that redirects has none of these gauges', async () => {
  const config = loadConfig({ version: 1, upstreams: [{ id: 'a', url: 'https://a.example', at: 'dc/x' }] })
  await using door = await createPortolan(config, createDoorRuntime(), { metrics: true })
  expect(await seriesOf(door, 'portolan_mirror_disk_trouble')).toBeUndefined()
})
