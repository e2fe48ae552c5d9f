import { PortolanError } from '../../errors.ts'
import { untilAborted } from '../../internal/until-aborted.ts'
import type { Digest } from '../../oci/digest.ts'
import type { Name } from '../../oci/name.ts'
import type { PutBlobResult } from '../../registry/writer.ts'
import { follow } from '../../transfer/follow.ts'
import type { DeliveryParts } from '../deliver.ts'
import { type Arrival, SMALL_BYTES } from '../recipient.ts'
import type { RepositoryWork } from './repository-work.ts'

/** A blob that is pushed while it comes in. */
export interface PushedArrival extends Arrival {
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
}

/**
 * Pushes a blob to one repository while it is downloaded, or mounts it from another one that has it. The last piece is
 * held back until all of it matched the digest. Goes on with what an earlier process has sent.
 */
export async function pushFromSpool(
  repository: RepositoryWork,
  arrival: PushedArrival,
  from: Name | undefined,
  parts: DeliveryParts,
): Promise<PutBlobResult> {
  const { digest, size, download } = arrival
  const { workspace, interruption } = parts
  const { journalKey, recipient, target } = repository
  // Nobody tries again to send what does not come.
  const failed = new AbortController()
  download.ended.catch((error) => failed.abort(error))
  const signal = AbortSignal.any([interruption.stop, failed.signal])
  // What is mounted, or would be, is in nobody's count of bytes.
  let sent = 0
  const report = (position: number) => {
    if (from === undefined && position !== sent) parts.onBytes(recipient.id, digest, position - sent)
    sent = position
  }
  const read = (start: number) => {
    report(start)
    return bodyOf(arrival, start, signal, report)
  }
  const begun = size > SMALL_BYTES ? workspace.upload(journalKey, digest) : undefined
  const putting = target.putBlob(
    { digest, size, read },
    {
      ...{ from, signal },
      ...(begun !== undefined && !begun.stale && { session: begun.state }),
      // One that is sent in one request is sent again as cheaply as it is asked for.
      ...(size > SMALL_BYTES && {
        save: (session: string) => workspace.saveUpload(journalKey, digest, session),
      }),
    },
  )
  try {
    // Not given up before it has ended: it reads the spool as long.
    const result = await putting
    await workspace.endUpload(journalKey, digest)
    report(size)
    return result
  } catch (error) {
    const isUseless = error instanceof PortolanError && error.code !== 'UNREACHABLE'
    // When the run was told to end, the next one goes on with what was sent.
    if (!interruption.stop.aborted && isUseless) await workspace.endUpload(journalKey, digest)
    throw error
  }
}

/** The bytes of a blob from `start` on as they come. */
function bodyOf(
  { spool, download, size }: PushedArrival,
  start: number,
  signal: AbortSignal,
  report: (position: number) => void,
): ReadableStream<Uint8Array> {
  const pieces = follow(download, spool, { start, end: size, signal })
  let position = start
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await pieces.next()
        position += value?.length ?? 0
        // A registry that has all but the end of what is not the blob has nothing.
        if (position >= size) await untilAborted(signal, download.ended)
        if (done) return controller.close()
        report(position)
        controller.enqueue(value)
      },
      async cancel() {
        await pieces.return()
      },
    },
    { highWaterMark: 0 },
  )
}
