import { Worker } from 'node:worker_threads'
import { PortolanError } from '../../errors.ts'
import { Duplicates } from '../../simulate/duplicates.ts'
import type { FormatId } from '../../simulate/logs/logged-request.ts'
import type { ReadChunk } from '../../simulate/logs/read-chunk.ts'
import { mergeStates } from '../../simulate/merge-states.ts'
import type { ReplaySetup } from '../../simulate/open-replay.ts'
import type { ReplayState } from '../../simulate/replay.ts'
import { fileBeside } from '../node/own-program.ts'
import type { FromReplayThread, ToReplayThread } from './replay-messages.ts'

/** Whole lines of a log that are to be replayed. */
export interface ReplayChunk {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly format: FormatId
  readonly header?: string
  /** Told in the order of the chunks what stood in it, and how many requests of it were known before. */
  readonly onRead: (chunk: Omit<ReadChunk, 'requests'>, duplicates: number) => void
}

const WORKER = fileBeside(import.meta.url, 'replay-worker')
/** In MiB. Nearly all that a chunk leaves behind is gone with it: a young generation that grows would only cost memory. */
const HEAP = { maxOldGenerationSizeMb: 1024, maxYoungGenerationSizeMb: 16 }
/** Chunks that a thread has at once: one to replay, one to read, one on its way. */
const AT_ONCE = 3

interface Thread {
  readonly worker: Worker
  chunks: number
  state?: ReplayState
}

/**
 * Replays chunks in threads, as many as there is work for. What comes of it does not tell how many there were: lines that
 * were shipped twice are told in the order of the log, and all else is sums.
 */
export class ReplayThreads {
  readonly #setup: ReplaySetup
  readonly #max: number
  readonly #threads: Thread[] = []
  readonly #duplicates = new Duplicates()
  /** Chunks that were sent and not yet counted, by number. */
  readonly #sent = new Map<number, { readonly chunk: ReplayChunk; readonly thread: Thread }>()
  readonly #read = new Map<number, Omit<ReadChunk, 'requests'>>()
  #sentCount = 0
  #counted = 0
  #failure: Error | undefined
  /** Called whenever anything has changed. */
  #wake = () => {}

  constructor(setup: ReplaySetup, threads: number) {
    this.#setup = setup
    this.#max = Math.max(1, threads)
  }

  /** Whether more requests came than duplicates can be told among. */
  get forgetsDuplicates(): boolean {
    return this.#duplicates.isFull
  }

  /** Settles when the chunk is on its way: there is no more of a log in memory than threads can take. */
  async send(chunk: ReplayChunk): Promise<void> {
    const thread = await this.#freeThread()
    const number = this.#sentCount++
    const { bytes, format, header } = chunk
    this.#sent.set(number, { chunk, thread })
    thread.chunks++
    post(thread, { kind: 'read', number, bytes, format, ...(header !== undefined && { header }) }, [
      bytes.buffer,
    ])
  }

  /** Settles with what came of all chunks. Rejects with what went wrong in a thread. */
  async end(): Promise<ReplayState> {
    await this.#until(() => this.#sent.size === 0)
    for (const thread of this.#threads) post(thread, { kind: 'end' })
    await this.#until(() => this.#threads.every(({ state }) => state !== undefined))
    return mergeStates(this.#threads.map(({ state }) => state!))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()))
  }

  async #freeThread(): Promise<Thread> {
    const least = () => this.#threads.toSorted((one, other) => one.chunks - other.chunks)[0]
    const idle = least()
    if (idle?.chunks === 0) return idle
    if (this.#threads.length < this.#max) return this.#start()
    await this.#until(() => least()!.chunks < AT_ONCE)
    return least()!
  }

  #start(): Thread {
    const worker = new Worker(WORKER, { workerData: this.#setup, resourceLimits: HEAP })
    const thread: Thread = { worker, chunks: 0 }
    this.#threads.push(thread)
    worker.on('message', (message: FromReplayThread) => this.#hear(thread, message))
    worker.on('error', (error) => this.#fail(explained(error)))
    worker.on('exit', (code) => {
      if (thread.state === undefined) this.#fail(new Error(`a thread ended with ${code}`))
    })
    return thread
  }

  #hear(thread: Thread, message: FromReplayThread): void {
    if (message.kind === 'failed') {
      const { code, message: reason } = message
      this.#fail(code === undefined ? new Error(reason) : new PortolanError(code, reason))
    } else if (message.kind === 'end') thread.state = message.state
    else {
      this.#read.set(message.number, message.chunk)
      this.#countInOrder()
    }
    this.#wake()
  }

  /** Which of two equal lines counts is decided by their order in the log, whoever was quicker to read. */
  #countInOrder(): void {
    for (;;) {
      const number = this.#counted
      const read = this.#read.get(number)
      if (read === undefined) return
      const { chunk, thread } = this.#sent.get(number)!
      this.#read.delete(number)
      this.#sent.delete(number)
      this.#counted++
      const duplicates: number[] = []
      for (const [index, id] of read.ids.entries())
        if (id !== 0 && this.#duplicates.has(id)) duplicates.push(index)
      thread.chunks--
      post(thread, { kind: 'replay', number, duplicates })
      chunk.onRead(read, duplicates.length)
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#wake()
  }

  async #until(holds: () => boolean): Promise<void> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure
      if (holds()) return
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}

function post({ worker }: Thread, message: ToReplayThread, moved: ArrayBuffer[] = []): void {
  worker.postMessage(message, moved)
}

/** What Node says of a thread that had too little memory names no cause. */
function explained(error: Error): Error {
  if ((error as NodeJS.ErrnoException).code !== 'ERR_WORKER_OUT_OF_MEMORY') return error
  const message = `a thread needs more than ${HEAP.maxOldGenerationSizeMb} MiB of memory: try fewer configs at once`
  return new PortolanError('CONTENT_INVALID', message, {}, error)
}
