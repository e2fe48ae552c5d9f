import { type ChildProcess, spawn } from 'node:child_process'
import packageFile from '../../../package.json' with { type: 'json' }
import type { TlsIdentity } from '../../adapters/listener.ts'
import { type InnerWord, ownProgram } from '../../adapters/node/own-program.ts'
import { readToPrimary, type ToPrimary, type ToWorker } from '../../server/processes/messages.ts'
import type { Primary, WorkerEnd } from '../../server/processes/primary.ts'
import { commonWords } from '../spec/common-options.ts'

/** How much longer than one that runs one that starts may be silent, in milliseconds. */
const START = 45_000

/** Where a worker is to take requests, and how. */
export type OpenListener = ToWorker & { kind: 'open' }

/** What a worker says of itself when it is asked. */
export type Counted = ToPrimary & { kind: 'counted' }

/** How a worker ended. */
export interface WorkerExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** What it said was wrong, where it did. */
  readonly why?: string
}

/** What is done with what a worker says. */
export interface WorkerListener {
  /** It goes on as before, with the config or where it listens: it is to be told again. */
  onRefused(why: string): void
  /** Its log lines. */
  onLines(lines: AsyncIterable<Uint8Array>): void
}

/** One worker: a process of this program that answers clients, and whatever ties it to this one. */
export class WorkerProcess {
  /** Settles when it takes requests; rejects when it ends before. */
  readonly listening: Promise<void>
  /** Settles when it is gone. */
  readonly ended: Promise<WorkerExit>
  readonly #child: ChildProcess
  readonly #primary: Primary
  #where: OpenListener
  #end: WorkerEnd | undefined
  #counted: Counted | undefined
  /** Who waits for what it has counted. */
  #countWaiters: (() => void)[] = []
  #why: string | undefined
  #announceListening: () => void = () => {}
  /** When it last said that it runs, by the caller's clock; later than that while it starts. */
  lastAlive: number
  isListening = false

  /** Starts it for this address; `now` is the clock that `lastAlive` goes by. */
  constructor(primary: Primary, where: OpenListener, listener: WorkerListener, now: () => number) {
    this.#primary = primary
    this.#where = where
    this.lastAlive = now() + START
    const { command, words } = ownProgram()
    const child = spawn(command, [...words, 'serve-worker' satisfies InnerWord, ...commonWords()], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      serialization: 'advanced',
    })
    this.#child = child
    listener.onLines(child.stdout!)
    child.on('message', (value) => {
      const message = readToPrimary(value)
      if (message === undefined) return
      this.lastAlive = now()
      this.#receive(message, listener)
    })
    this.ended = new Promise((resolve) => {
      // One that could not be started ends too.
      child.on('error', (error) => {
        this.#why ??= error.message
        if (child.pid === undefined) resolve(this.#exit(null, null))
      })
      child.on('exit', (code, signal) => resolve(this.#exit(code, signal)))
    })
    this.listening = new Promise((resolve, reject) => {
      this.#announceListening = resolve
      void this.ended.then(({ why, code, signal }) =>
        reject(new Error(why ?? `it ended with ${signal ?? code}`)),
      )
    })
    this.listening.catch(() => {})
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** What it had counted, and made of clients that come back, when it was last asked. */
  get counted(): Counted | undefined {
    return this.#counted
  }

  /** Has it take requests there, and nowhere else. */
  open(where: OpenListener): void {
    this.#where = where
    this.#end?.outbox.put('open', where)
  }

  /** Has it show this over TLS. */
  useIdentity(identity: TlsIdentity): void {
    this.#where = { ...this.#where, tls: identity }
    this.#end?.outbox.put('identity', { kind: 'identity', identity })
  }

  /** Tells it anew what it could not do. */
  tellAgain(): void {
    this.#end?.tellConfig()
    this.open(this.#where)
  }

  announceEnd(): void {
    this.#end?.outbox.put('announceEnd', { kind: 'announceEnd' })
  }

  /** Has it take no more, finish what runs within so many milliseconds, and end. */
  drain(milliseconds: number): void {
    if (this.#end === undefined) this.kill()
    else this.#end.outbox.put('drain', { kind: 'drain', milliseconds })
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  /** Asks it what it has counted; settles when it has said so. */
  count(): Promise<void> {
    return new Promise((resolve) => {
      this.#countWaiters.push(resolve)
      if (this.#end === undefined) this.#announceCounted()
      else this.#end.outbox.put('count', { kind: 'count' })
    })
  }

  #receive(message: ToPrimary, { onRefused }: WorkerListener): void {
    if (this.#end?.receive(message)) return
    switch (message.kind) {
      case 'hello':
        this.#welcome(message.version)
        return
      case 'listening':
        this.isListening = true
        this.#announceListening()
        return
      case 'failed':
        this.#why = message.message
        this.kill()
        return
      case 'refused':
        onRefused(message.message)
        return
      case 'counted':
        this.#counted = message
        this.#announceCounted()
    }
  }

  /** A program that was replaced on disk meanwhile may mean other things by the same words. */
  #welcome(version: string): void {
    if (version !== packageFile.version) {
      this.#why = `it is of version ${version}, and this process of ${packageFile.version}: restart the service`
      this.kill()
      return
    }
    this.#end = this.#primary.attach((message, taken) => sendTo(this.#child, message, taken))
    this.open(this.#where)
  }

  #announceCounted(): void {
    for (const resolve of this.#countWaiters.splice(0)) resolve()
  }

  #exit(code: number | null, signal: NodeJS.Signals | null): WorkerExit {
    this.isListening = false
    this.#end?.leave()
    this.#announceCounted()
    return { code, signal, ...(this.#why !== undefined && { why: this.#why }) }
  }
}

function sendTo(child: ChildProcess, message: ToWorker, taken: () => void): void {
  if (!child.connected) {
    taken()
    return
  }
  try {
    child.send(message, () => taken())
  } catch {
    // It is about to be gone.
    taken()
  }
}
