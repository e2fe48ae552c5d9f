import { PortolanError } from '../../errors.ts'
import type { ListInPieces } from '../../legacy/list-pieces.ts'
import { fileBeside } from '../node/own-program.ts'
import { runThread } from '../node/run-thread.ts'

/** What the thread is given. */
export interface ListRequest {
  readonly file: string
}

/** What comes back: the list, `undefined` where there is no file, or what is wrong with it; with its content, if not with the file. */
export type ListReply =
  | { readonly list: ListInPieces | undefined }
  | { readonly problem: string; readonly isContent: boolean }

const WORKER = fileBeside(import.meta.url, 'legacy-list-worker')
/** In MiB; the longest list takes about half. Bun knows no such limit. */
const HEAP_MAX = 1024

/**
 * Reads the list of an old name in a thread of its own: one with a million tags takes seconds, in which requests must go on.
 * `undefined` where there is no such file. Rejects with `CONTENT_INVALID`, or with what the file cannot be read for.
 */
export async function readListInWorker(file: string): Promise<ListInPieces | undefined> {
  const reply = await runThread<ListReply>(WORKER, { file } satisfies ListRequest, HEAP_MAX)
  if ('list' in reply) return reply.list
  throw reply.isContent ? new PortolanError('CONTENT_INVALID', reply.problem) : new Error(reply.problem)
}
