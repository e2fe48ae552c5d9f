import type { FilledFile } from '../cache/content-cache.ts'
import type { FileGrowth, FilePart } from '../internal/file-part.ts'

/** What an answer needs beside the file. */
export interface FilledPartOptions {
  /** The same bytes without the file. */
  readonly stream: () => ReadableStream<Uint8Array>
  readonly rest: FileGrowth['rest']
  /** Called when nobody wants any more of it. */
  readonly onClose: () => void
}

/** Bytes of a file that a fill writes to, for an answer: a runtime sends them from there as they come. */
export function filledPart(
  file: FilledFile,
  { start, end }: Pick<FilePart, 'start' | 'end'>,
  { stream, rest, onClose }: FilledPartOptions,
): FilePart {
  return {
    ...{ kind: 'file', descriptor: file.descriptor, start, end },
    growth: {
      get position() {
        return file.position
      },
      passed: (position) => file.passed(position),
      rest,
    },
    stream() {
      file.close()
      return stream()
    },
    close() {
      file.close()
      onClose()
    },
  }
}
