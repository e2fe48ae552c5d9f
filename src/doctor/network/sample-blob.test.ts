import { createHash as sha } from 'node:crypto'
import { expect, it } from 'vitest'
import { createTestRuntime } from '../../../test/support/test-runtime.ts'
import { parseDigest } from '../../oci/digest.ts'
import type { Fetch } from '../../runtime.ts'
import type { Exchange } from './facts.ts'
import { BlobSampler } from './sample-blob.ts'

const MEBIBYTE = new Uint8Array(1024 * 1024)

/** How many of so many blobs a host is asked for, each of these pieces, which take so long. */
async function sampled(pieces: number, milliseconds: number): Promise<Exchange[]> {
  let now = 0
  const exchanges: Exchange[] = []
  const bytes = Buffer.concat(Array.from({ length: pieces }, () => MEBIBYTE))
  const digest = parseDigest(`sha256:${sha('sha256').update(bytes).digest('hex')}`)!
  const fetch: Fetch = async (url) => {
    exchanges.push({ what: 'blob', url, host: 'blobs.test', port: 443, tries: [] })
    let left = pieces
    return new Response(
      new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            now += milliseconds
            if (left-- > 0) controller.enqueue(MEBIBYTE)
            else controller.close()
          },
        },
        { highWaterMark: 0 },
      ),
    )
  }
  const runtime = { ...createTestRuntime({ now: () => now }), sockets: {} as never }
  const sampler = new BlobSampler(fetch, runtime, exchanges)
  const ranged: Exchange = { what: 'blob', url: '', host: 'blobs.test', port: 443, tries: [] }
  for (let blob = 0; blob < 10; blob++) await sampler.sample('https://blobs.test/b', digest, ranged)
  return exchanges
}

it.each([
  ['small ones all', 1, 1, 10, 1],
  ['large ones three times 8 MiB', 20, 1, 3, 8],
  ['slow ones three times 10 s', 7, 5000, 3, 2],
] as const)('reads of many blobs of one host %s', async (_, pieces, milliseconds, count, mebibytes) => {
  const exchanges = await sampled(pieces, milliseconds)
  expect(exchanges.length).toBe(count)
  for (const { sample } of exchanges)
    expect(sample).toMatchObject({ bytes: mebibytes * MEBIBYTE.length, whole: mebibytes === pieces })
})
