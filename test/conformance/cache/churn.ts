import type { Source } from '../../../src/transfer/source.ts'
import { noiseOf } from '../../support/blob-sources.ts'

const MIB = 1024 * 1024

/** Of the cache that is churned: a third of what comes. */
export const SIZE = 8 * MIB

/** Some blob of up to 4 MiB. */
export function churnBytes(number: number): Uint8Array<ArrayBuffer> {
  return noiseOf(200_000 + number * 550_000, number)
}

/** Bytes that come in pieces of chance, with a breath now and then. */
export function churnSource(bytes: Uint8Array, random: () => number, begun: (start: number) => void): Source {
  return {
    location: 'registry.test/app',
    async open(start) {
      begun(start)
      let position = start
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          if (position >= bytes.length) return controller.close()
          if (random() < 0.2) await new Promise((resolve) => setTimeout(resolve, 2))
          const end = position + 1 + Math.floor(random() * 300_000)
          controller.enqueue(bytes.slice(position, end))
          position = Math.min(bytes.length, end)
        },
      })
      return { start, size: bytes.length, body }
    },
  }
}
