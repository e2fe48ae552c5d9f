import { PortolanError } from '../errors.ts'
import type { BodyOptions, NumberedFiles } from '../storage/numbered-files.ts'
import { partName } from './form.ts'

/** The parts of a bundle as the one stream that they are slices of, read anywhere. */
export class BundleParts {
  readonly files: NumberedFiles
  readonly #partSize: number

  /** `partSize` is that of every part but the last; `null` where there is one part alone. */
  constructor(files: NumberedFiles, partSize: number | null) {
    this.files = files
    this.#partSize = partSize ?? Number.MAX_SAFE_INTEGER
  }

  /** The numbers of the parts in which the bytes from `start` up to `end` lie. */
  numbersOf(start: number, end: number): readonly number[] {
    const first = Math.floor(start / this.#partSize)
    const last = Math.floor(Math.max(start, end - 1) / this.#partSize)
    return Array.from({ length: last - first + 1 }, (_, index) => first + index + 1)
  }

  /** Where a byte of the stream lies. */
  placeOf(position: number): { readonly number: number; readonly start: number } {
    const start = position % this.#partSize
    return { number: (position - start) / this.#partSize + 1, start }
  }

  /** Bytes of the stream; fails with `CONTENT_INVALID` where a part is missing or short. */
  stream(start: number, end: number, options?: BodyOptions): ReadableStream<Uint8Array> {
    const pieces = this.#pieces(start, end, options)
    return new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const { done, value } = await pieces.next()
          if (done) controller.close()
          else controller.enqueue(value)
        },
        cancel: async () => void (await pieces.return(undefined)),
      },
      { highWaterMark: 0 },
    )
  }

  async *#pieces(start: number, end: number, options?: BodyOptions): AsyncGenerator<Uint8Array, undefined> {
    for (let at = start; at < end; ) {
      const place = this.placeOf(at)
      const length = Math.min(end - at, this.#partSize - place.start)
      const name = `${this.files.location}/${partName(place.number)}`
      const size = this.files.sizes.get(place.number) ?? 0
      if (size < place.start + length && this.files.sizes.has(place.number)) {
        const message = `${name} has ${size} bytes; at least ${place.start + length} were expected`
        throw new PortolanError('CONTENT_INVALID', message, { path: name })
      }
      const body = await this.files.open(place.number, place.start, place.start + length, options)
      if (body === undefined) throw new PortolanError('CONTENT_INVALID', `${name} is missing`, { path: name })
      for await (const piece of body) yield piece
      at += length
    }
    return undefined
  }
}
