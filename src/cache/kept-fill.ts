import type { Digest } from '../oci/digest.ts'
import { follow } from '../transfer/follow.ts'
import type { Spool } from '../transfer/spool.ts'
import type { Fill, FilledFile, FilledPart } from './content-cache.ts'

/** Something whose bytes are all there, until it is closed. */
export interface Readable extends Pick<Spool, 'read'> {
  close(): void
}

/** Opens a content that is kept. Rejects with `FILE_UNREADABLE` when it is not there any more. */
export type OpenKept = (digest: Digest) => Promise<Readable>

/** A fill that was over before it was asked for. */
export class KeptFill implements Fill {
  readonly size: Promise<number>
  readonly position: number
  readonly ended = Promise.resolve()
  readonly #digest: Digest
  readonly #open: OpenKept

  constructor(digest: Digest, size: number, open: OpenKept) {
    this.size = Promise.resolve(size)
    this.position = size
    this.#digest = digest
    this.#open = open
  }

  async file(): Promise<FilledFile | undefined> {
    return undefined
  }

  read(part: FilledPart): AsyncGenerator<Uint8Array, void> {
    return readKept(this.#open, this.#digest, part)
  }
}

/** A part of a content that is kept. */
export async function* readKept(
  open: OpenKept,
  digest: Digest,
  part: FilledPart,
): AsyncGenerator<Uint8Array, void> {
  const kept = await open(digest)
  try {
    yield* follow({ passed: async () => {} }, withinBuffer(kept), part)
  } finally {
    kept.close()
  }
}

/** What is read at once for who lends no buffer, in bytes: each of a thousand readers may have one on its way. */
const UNLENT_BYTES = 128 * 1024

/** Reads no more at once than fits into what is given to read into, and little where nothing is. */
export function withinBuffer({ read }: Pick<Spool, 'read'>): Pick<Spool, 'read'> {
  return {
    read: (start, end, into) => read(start, Math.min(end, start + (into?.length ?? UNLENT_BYTES)), into),
  }
}
