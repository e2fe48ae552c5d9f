import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { NewSnapshot } from '../../clouds/fetch/refresher.ts'
import type { ReceivedList } from '../../clouds/update.ts'

/** What a range snapshot is made from, as it goes to another thread. */
export interface UpdateRequest {
  /** Ids of those whose lists are wanted. */
  readonly providers: readonly string[]
  readonly lists: readonly ReceivedList[]
  /** The snapshot in use; a provider without a new list keeps what it has there. */
  readonly previous?: Uint8Array | undefined
  /** Whether to add what is known of addresses that nobody lists. */
  readonly geo: boolean
  readonly created: string
}

export type UpdateReply = NewSnapshot | { readonly problem: string }

// The worker is a source as this file is one, or built as it is.
const WORKER = new URL(`./update-worker${extname(import.meta.url)}`, import.meta.url)

/** Makes a range snapshot in a thread of its own: it takes a second or two, in which requests must go on. */
export async function updateInWorker(request: UpdateRequest): Promise<NewSnapshot> {
  const worker = new Worker(WORKER, { workerData: request })
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
