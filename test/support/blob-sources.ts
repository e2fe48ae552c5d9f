import { createHash } from 'node:crypto'
import type { Digest } from '../../src/oci/digest.ts'
import type { OpenedSource, Source } from '../../src/transfer/source.ts'
import type { WantedBlob } from '../../src/transfer/transfer-error.ts'

/** Bytes that look like nothing, the same for the same seed. */
export function noiseOf(length: number, seed: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  let state = (seed * 2654435761 + 1) >>> 0
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[at] = state >>> 24
  }
  return bytes
}

export function sha256Of(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest
}

export function wantedOf(bytes: Uint8Array, name = 'app'): WantedBlob {
  return { digest: sha256Of(bytes), size: bytes.length, name }
}

/** A source whose bytes come when the test says so. */
export interface SteppedSource extends Source {
  /** Where it was asked to begin. */
  readonly starts: number[]
  /** Lets bytes come up to this position. */
  allow(upTo: number): void
  /** Breaks what is open. */
  fail(error: unknown): void
}

/** Gives bytes up to where it is allowed to, at first up to `allowed`. */
export function steppedSource(
  bytes: Uint8Array,
  { location = 'registry.test/app', allowed = bytes.length, size = bytes.length }: SteppedOptions = {},
): SteppedSource {
  const starts: number[] = []
  let upTo = allowed
  let changed = Promise.withResolvers<void>()
  let failure: { readonly error: unknown } | undefined
  const wake = () => {
    changed.resolve()
    changed = Promise.withResolvers()
  }
  return {
    location,
    starts,
    allow(position) {
      upTo = position
      wake()
    },
    fail(error) {
      failure = { error }
      wake()
    },
    async open(start): Promise<OpenedSource> {
      starts.push(start)
      failure = undefined
      let position = start
      const body = new ReadableStream<Uint8Array>(
        {
          async pull(controller) {
            while (position >= upTo && position < bytes.length && failure === undefined) await changed.promise
            if (failure !== undefined) return controller.error(failure.error)
            if (position >= bytes.length) return controller.close()
            const end = Math.min(upTo, position + 64 * 1024, bytes.length)
            controller.enqueue(bytes.slice(position, end))
            position = end
          },
        },
        { highWaterMark: 0 },
      )
      return { start, size, body }
    },
  }
}

export interface SteppedOptions {
  readonly location?: string
  readonly allowed?: number
  /** What it says the size is. */
  readonly size?: number
}
