import { Worker } from 'node:worker_threads'
import { fileBeside } from '../node/own-program.ts'

/** What the thread is asked. */
export interface PasswordQuestion {
  readonly id: number
  readonly password: string
  readonly hash: string
}

/** What it answers; absent `isRight` when the hash is none. */
export interface PasswordAnswer {
  readonly id: number
  readonly isRight?: boolean
}

const WORKER = fileBeside(import.meta.url, 'password-worker')
/** A thread that nobody has asked for so long is ended, in milliseconds: it takes some megabytes. */
const IDLE = 60_000

/** Checks passwords in a thread of its own, one after the other, so that no request waits for them but their own. */
export class PasswordThread {
  readonly #pending = new Map<number, PromiseWithResolvers<boolean>>()
  #worker: Worker | undefined
  #idle: NodeJS.Timeout | undefined
  #last = 0

  /** Rejects when the thread cannot be had, or when it ends before it has answered. */
  verify(password: string, hash: string): Promise<boolean> {
    const worker = this.#begin()
    const asked = Promise.withResolvers<boolean>()
    const id = ++this.#last
    this.#pending.set(id, asked)
    worker.postMessage({ id, password, hash } satisfies PasswordQuestion)
    return asked.promise
  }

  #begin(): Worker {
    clearTimeout(this.#idle)
    if (this.#worker !== undefined) return this.#worker
    const worker = new Worker(WORKER)
    // A process that drains must not wait for this.
    worker.unref()
    worker.on('message', ({ id, isRight }: PasswordAnswer) => {
      const asked = this.#pending.get(id)
      this.#pending.delete(id)
      if (isRight === undefined) asked?.reject(new Error('this is no hash of bcrypt'))
      else asked?.resolve(isRight)
      if (this.#pending.size === 0) this.#rest(worker)
    })
    worker.on('error', (error) => this.#end(worker, error))
    worker.on('exit', () => this.#end(worker, new Error('the thread has ended')))
    this.#worker = worker
    return worker
  }

  #rest(worker: Worker): void {
    clearTimeout(this.#idle)
    this.#idle = setTimeout(() => {
      this.#worker = undefined
      void worker.terminate()
    }, IDLE)
    this.#idle.unref()
  }

  #end(worker: Worker, why: Error): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    for (const { reject } of this.#pending.values()) reject(why)
    this.#pending.clear()
  }
}
