import { Worker } from 'node:worker_threads'

/**
 * Has a thread of its own work on what it is given, and gives what it posts first; then it ends. Rejects with what it throws,
 * and when it ends without a word. `heapMax` bounds its memory, in MiB; Bun knows no such limit.
 */
export async function runThread<Reply>(file: URL, workerData: unknown, heapMax: number): Promise<Reply> {
  const worker = new Worker(file, { workerData, resourceLimits: { maxOldGenerationSizeMb: heapMax } })
  // A process that drains must not wait for this.
  worker.unref()
  try {
    return await new Promise<Reply>((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
      worker.once('exit', (code) => reject(new Error(`the thread ended with ${code}`)))
    })
  } finally {
    await worker.terminate()
  }
}
