import { Worker } from 'node:worker_threads'
import type { NewSnapshot, SnapshotRequest } from '../../clouds/update.ts'
import { fileBeside } from '../node/own-program.ts'

/** What comes back: a problem is what went wrong there, in words. */
export type UpdateReply = NewSnapshot | { readonly problem: string }

const WORKER = fileBeside(import.meta.url, 'update-worker')
/** In MiB: lists are bounded each, and this holds for all of them. Bun knows no such limit. */
const HEAP_MAX = 1024

/** Makes a range snapshot in a thread of its own: it takes a second or two, in which requests must go on. */
export async function updateInWorker(request: SnapshotRequest): Promise<NewSnapshot> {
  const worker = new Worker(WORKER, {
    workerData: request,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MAX },
  })
  // A process that drains must not wait for this.
  worker.unref()
  try {
    const reply = await new Promise<UpdateReply>((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
      worker.once('exit', (code) => reject(new Error(`the thread ended with ${code}`)))
    })
    if ('problem' in reply) throw new Error(reply.problem)
    return reply
  } finally {
    await worker.terminate()
  }
}
