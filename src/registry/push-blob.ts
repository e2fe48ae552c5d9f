import { PortolanError } from '../errors.ts'
import type { Backoff } from '../internal/backoff.ts'
import { retry } from '../internal/retry.ts'
import { isPassingStatus } from '../transport/retry.ts'
import { isThere } from './is-there.ts'
import { type PushParts, Upload, UploadBroken } from './upload.ts'
import type { PushedBlob, PutBlobOptions, PutBlobResult } from './writer.ts'

/** In a row, each without {@link PROGRESS}. */
const ATTEMPTS = 5
const BACKOFF: Backoff = { first: 500, max: 30_000 }
/** So many bytes between two breaks, and it is worth to go on. */
const PROGRESS = 1024 * 1024

/**
 * Brings a blob to a repository (OCI distribution spec 1.1, "Pushing blobs"): mounted where that is allowed, else by one
 * POST and one PUT; in chunks where the registry takes no body of that size. When it breaks off, it goes on where the
 * registry says that its bytes end, and begins anew where it does not say.
 */
export async function pushBlob(
  parts: PushParts,
  blob: PushedBlob,
  options: PutBlobOptions = {},
): Promise<PutBlobResult> {
  const { runtime, asker, question } = parts
  const { signal, session } = options
  const upload = new Upload(parts, blob, options)
  if (session !== undefined) upload.adopt(session)
  else if (await upload.begin(options.from)) return { how: 'mounted', sent: 0 }
  let before = 0
  /** What broke off; what another process has left has, too. */
  let broken: unknown = session === undefined ? undefined : new Error('an upload of another process')
  const progressed = () => upload.sent - before >= PROGRESS
  const again = (error: unknown) => !signal?.aborted && isPassing(error)
  const pause = (_: unknown, growing: number) => growing + upload.retryAfter
  const attempt = async () => {
    before = upload.sent
    try {
      if (broken !== undefined) {
        // It may have it all the same: the answer was what got lost.
        if (await isThere(asker, { ...question, ...(signal && { signal }) })) return
        await upload.recover()
      }
      await upload.send()
    } catch (error) {
      broken = error
      throw error
    }
  }
  try {
    const policy = { attempts: ATTEMPTS, backoff: BACKOFF, signal, again, progressed, pause }
    await retry(runtime, policy, attempt)
  } catch (error) {
    throw error instanceof UploadBroken ? error.refused : error
  }
  return { how: 'uploaded', sent: upload.sent }
}

function isPassing(error: unknown): boolean {
  if (!(error instanceof PortolanError)) return true
  if (error.code !== 'UNREACHABLE') return false
  const { status } = error.facts as { readonly status?: unknown }
  return typeof status !== 'number' || isPassingStatus(status)
}
