import type { NewSnapshot, SnapshotRequest } from '../../clouds/update.ts'
import { fileBeside } from '../node/own-program.ts'
import { runThread } from '../node/run-thread.ts'

/** What comes back: a problem is what went wrong there, in words. */
export type UpdateReply = NewSnapshot | { readonly problem: string }

const WORKER = fileBeside(import.meta.url, 'update-worker')
/** In MiB: lists are bounded each, and this holds for all of them. Bun knows no such limit. */
const HEAP_MAX = 1024

/** Makes a range snapshot in a thread of its own: it takes a second or two, in which requests must go on. */
export async function updateInWorker(request: SnapshotRequest): Promise<NewSnapshot> {
  const reply = await runThread<UpdateReply>(WORKER, request, HEAP_MAX)
  if ('problem' in reply) throw new Error(reply.problem)
  return reply
}
