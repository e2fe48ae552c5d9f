import { expect, test } from 'vitest'
import type { Digest } from '../oci/digest.ts'
import { openRanged, RegistryDistance } from './ranged-blob.ts'
import type { BlobOptions, OpenedBlob } from './reader.ts'

const MIB = 1024 * 1024
const DIGEST = `sha256:${'a'.repeat(64)}` as Digest
const BYTES = Uint8Array.from({ length: 41 * MIB + 7 }, (_, at) => (at * 31 + (at >> 16)) & 255)

interface Script {
  /** Milliseconds to the first answers. */
  readonly latency?: number
  readonly ignoresRange?: boolean
  /** The start of a range that breaks off. */
  readonly breaksAt?: number
  /** The start of a range that is not there any more. */
  readonly goneAt?: number
}

function world({ latency = 50, ignoresRange = false, breaksAt, goneAt }: Script = {}) {
  let now = 0
  const asked: [start: number, end: number | undefined][] = []
  let cancelled = 0
  const repository = {
    async blob(_: Digest, { start = 0, end }: BlobOptions = {}): Promise<OpenedBlob | undefined> {
      asked.push([start, end])
      now += latency
      if (start === goneAt) return undefined
      const from = ignoresRange ? 0 : start
      let at = from
      const last = ignoresRange ? BYTES.length : (end ?? BYTES.length)
      const body = new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            if (start === breaksAt && at > from) throw new Error('broken on purpose')
            if (at >= last) return controller.close()
            const piece = BYTES.subarray(at, Math.min(last, at + 300_000))
            at += piece.length
            controller.enqueue(piece)
          },
          cancel() {
            cancelled++
          },
        },
        { highWaterMark: 0 },
      )
      return { start: from, size: BYTES.length, body }
    },
  }
  const distance = new RegistryDistance()
  const blob = { repository, digest: DIGEST, size: BYTES.length, distance, runtime: { now: () => now } }
  return { blob, distance, asked, cancelled: () => cancelled }
}

async function read(body: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer())
}

const signal = new AbortController().signal

test('a large blob of a far registry comes in ranges, four of them at once, in their order', async () => {
  const { blob, distance, asked } = world()
  distance.note(50)
  const opened = await openRanged(blob, 0, signal)
  expect(asked).toHaveLength(4)
  expect(opened).toMatchObject({ start: 0, size: BYTES.length })
  expect(Buffer.compare(await read(opened!.body), BYTES)).toBe(0)
  expect(asked.map(([start]) => start / MIB)).toEqual([0, 8, 16, 24, 32, 40])
  expect(asked.at(-1)).toEqual([40 * MIB, BYTES.length])
})

test('what is left of it from somewhere on, too', async () => {
  const { blob, distance } = world()
  distance.note(50)
  const opened = await openRanged(blob, 12_345_678, signal)
  expect(opened!.start).toBe(12_345_678)
  expect(Buffer.compare(await read(opened!.body), BYTES.subarray(12_345_678))).toBe(0)
})

test.each<[string, number, number]>([
  ['of a registry that is near', 2, 0],
  ['of which little is left', 50, BYTES.length - 10 * MIB],
])('a blob %s comes in one answer', async (_, latency, start) => {
  const { blob, distance, asked } = world({ latency })
  distance.note(latency)
  const opened = await openRanged(blob, start, signal)
  expect((await read(opened!.body)).length).toBe(BYTES.length - start)
  expect(asked).toEqual([[start, undefined]])
})

test('one slow answer does not make a registry far', async () => {
  const { blob, distance, asked } = world()
  distance.note(3)
  await (await openRanged(blob, 0, signal))!.body.cancel()
  expect(asked).toEqual([[0, undefined]])
})

test('a registry that knows no ranges gives all of it at once', async () => {
  const { blob, distance, asked } = world({ ignoresRange: true })
  distance.note(50)
  const opened = await openRanged(blob, 12_345_678, signal)
  expect(opened!.start).toBe(0)
  expect((await read(opened!.body)).length).toBe(BYTES.length)
  expect(asked).toHaveLength(1)
})

test.each([
  ['breaks off', { breaksAt: 16 * MIB }, 'broken on purpose'],
  ['is not there any more', { goneAt: 16 * MIB }, 'no range of sha256'],
])('a range that %s ends it there, with all before it given', async (_, script, message) => {
  const { blob, distance, cancelled } = world(script)
  distance.note(50)
  const reader = (await openRanged(blob, 0, signal))!.body.getReader()
  let length = 0
  const reading = async () => {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      length += value.length
    }
  }
  await expect(reading()).rejects.toThrow(message)
  expect(length).toBeGreaterThanOrEqual(16 * MIB)
  expect(length).toBeLessThan(17 * MIB)
  expect(cancelled()).toBeGreaterThan(0)
})

test('who gives it up gives up all that was asked for', async () => {
  const { blob, distance, cancelled, asked } = world()
  distance.note(50)
  const reader = (await openRanged(blob, 0, signal))!.body.getReader()
  await reader.read()
  await reader.cancel()
  expect(cancelled()).toBe(asked.length)
})
