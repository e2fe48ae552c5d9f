import { PortolanError } from '../../errors.ts'
import { type Digest, digestAlgorithm } from '../../oci/digest.ts'
import type { BlobOptions, OpenedBlob, RepositoryReader } from '../../registry/reader.ts'
import type { HashAlgorithm, Runtime } from '../../runtime.ts'

/** A blob as it is read from one place to be written to another. */
export interface StreamedBlob {
  readonly digest: Digest
  readonly size: number
}

/**
 * The bytes of a blob from `start` on, opened when the first of them is wanted. Read from its beginning it is hashed, and
 * its last piece is held back until the hash is right: whoever reads it to its end has the blob.
 *
 * With `lend`, a piece may be over when the next one is read. The stream fails with `CONTENT_INVALID` when there is no such blob or it is another one.
 */
export function blobStream(
  repository: Pick<RepositoryReader, 'location' | 'blob'>,
  { digest, size }: StreamedBlob,
  start: number,
  { createHash, signal, lend }: Pick<Runtime, 'createHash'> & Pick<BlobOptions, 'signal' | 'lend'>,
): ReadableStream<Uint8Array> {
  const hash = start === 0 ? createHash(digestAlgorithm(digest) as HashAlgorithm) : undefined
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  let skip = 0
  let position = start
  const wrong = (what: string) =>
    new PortolanError('CONTENT_INVALID', `blob ${digest} at ${repository.location}: ${what}`, { digest })
  const open = async () => {
    const opened: OpenedBlob | undefined = await repository.blob(digest, {
      start,
      ...(signal && { signal }),
      ...(lend && { lend }),
    })
    if (opened === undefined) throw wrong('it is not there')
    skip = start - opened.start
    return opened.body.getReader()
  }
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        reader ??= await open()
        const { done, value } = await reader.read()
        if (done) {
          if (position < size) throw wrong(`it has ${position} bytes; expected ${size}`)
          controller.close()
          return
        }
        const piece = value.subarray(Math.min(skip, value.length))
        skip -= value.length - piece.length
        position += piece.length
        if (position > size) throw wrong(`it has more than the ${size} bytes expected`)
        hash?.update(piece)
        if (position === size && hash !== undefined) {
          const actual = `${digestAlgorithm(digest)}:${hash.hex()}`
          if (actual !== digest) throw wrong(`its bytes are those of ${actual}`)
        }
        controller.enqueue(piece)
      },
      cancel: (reason) => reader?.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}
