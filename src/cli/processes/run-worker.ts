import packageFile from '../../../package.json' with { type: 'json' }
import type { Listener } from '../../adapters/listener.ts'
import { listen } from '../../adapters/node/listen.ts'
import { trustFiles } from '../../adapters/node/trust.ts'
import type { Config } from '../../config/config.ts'
import { within } from '../../internal/within.ts'
import { readToWorker, type ToPrimary } from '../../server/processes/messages.ts'
import { type ListenWhere, WorkerService } from '../../server/processes/worker-service.ts'
import type { Door } from '../../server/request.ts'
import { EXIT } from '../exit-code.ts'
import { setQuiet } from '../print.ts'
import { createRefusalLog, type RefusalLog } from '../refusal-log.ts'
import { createRuntime, type ProcessRuntime } from '../runtime.ts'
import { readCommonWords } from '../spec/common-words.ts'

/** Between two signs of life, in milliseconds. */
const ALIVE = 1000
/** How long requests that run may go on where it does not listen any more, in milliseconds. */
const MOVE_DRAIN = 9000
/** How long requests that run may go on when the process that started this one is gone, in milliseconds. */
const ORPHAN_DRAIN = 9000

/**
 * Answers clients for the process that started this one, and goes by what that one says, until it is told to end. The words
 * are the options that any command takes.
 */
export async function runWorker(words: readonly string[]): Promise<void> {
  // A terminal and a service manager signal the whole group: when to end is for one process to say.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
  const { ca = [], quiet } = readCommonWords(words)
  setQuiet(quiet)
  const runtime = createRuntime({ level: 'info', access: false, addresses: 'off' })
  await new Worker(runtime, ca).ended
  process.exit(EXIT.done)
}

class Worker {
  readonly ended: Promise<void>
  readonly #runtime: ProcessRuntime
  /** Files of certificates that are trusted whatever a config names. */
  readonly #ca: readonly string[]
  readonly #service: WorkerService
  #listener: Listener | undefined
  /** Those that were moved from, while requests run on them. */
  #movedFrom: Promise<unknown> = Promise.resolve()
  #isEnding = false
  #isDraining = false
  /** Messages that the channel has not taken yet. */
  #sending: Promise<unknown> = Promise.resolve()
  #announceEnded: () => void = () => {}

  constructor(runtime: ProcessRuntime, ca: readonly string[]) {
    this.#runtime = runtime
    this.#ca = ca
    this.ended = new Promise((resolve) => {
      this.#announceEnded = resolve
    })
    const refusals = createRefusalLog(runtime.log, runtime)
    this.#service = new WorkerService(runtime, (message, taken) => this.#send(message, taken), {
      configure: (config) => this.#configure(config),
      open: (door, where) => this.#open(door, where, refusals.note),
      useIdentity: (identity) => this.#listener?.useIdentity(identity),
      announceEnd: () => this.#announceEnd(),
      drain: (milliseconds) => void this.#drain(milliseconds),
      readings: { refusals: () => refusals.counts, droppedLines: () => runtime.droppedLines() },
    })
    process.on('message', (value) => {
      const message = readToWorker(value)
      if (message !== undefined) this.#service.receive(message)
    })
    process.on('disconnect', () => this.#orphaned())
    // It may have ended before anybody here listened.
    if (process.connected !== true) this.#orphaned()
    this.#service.say({ kind: 'hello', version: packageFile.version })
    this.#sayAlive()
  }

  #send(message: ToPrimary, taken: () => void): void {
    if (process.connected !== true) {
      taken()
      return
    }
    this.#sending = new Promise<void>((resolve) => {
      const done = () => {
        taken()
        resolve()
      }
      try {
        process.send!(message, undefined, undefined, done)
      } catch {
        // The other process is gone: that is told otherwise.
        done()
      }
    })
  }

  async #configure(config: Config): Promise<void> {
    await trustFiles([...this.#ca, ...(config.ca ?? [])])
    this.#runtime.setLevel(config.log.level)
  }

  /** Another address takes another listener; the one before ends once that is there. */
  async #open(door: Door, { reader, ...where }: ListenWhere, onRefused: RefusalLog['note']): Promise<void> {
    // What would come now nobody would finish.
    if (this.#isDraining) return
    const before = this.#listener
    if (before !== undefined && before.host === where.host && before.port === where.port) {
      before.useReader(reader)
      return
    }
    this.#listener = await listen(door, {
      ...where,
      reader,
      reusePort: true,
      shedsLoad: true,
      onError: (error) => this.#runtime.log.error({ err: error }, 'a request failed unexpectedly'),
      onRefused,
    })
    this.#movedFrom = Promise.all([this.#movedFrom, before?.drain(MOVE_DRAIN)])
  }

  #announceEnd(): void {
    this.#isEnding = true
    this.#listener?.announceEnd()
  }

  #sayAlive(): void {
    this.#service.say({ kind: 'alive' })
    this.#runtime.after(ALIVE, () => this.#sayAlive())
  }

  /** Nobody checks backends any more: whoever starts the service anew starts others. */
  #orphaned(): void {
    // Somebody wants it to end at once.
    if (this.#isEnding) process.exit(EXIT.failed)
    this.#runtime.log.error({}, 'the process that started this worker is gone: it drains, and ends')
    void this.#drain(ORPHAN_DRAIN)
  }

  async #drain(milliseconds: number): Promise<void> {
    if (this.#isDraining) return
    this.#isDraining = true
    this.#announceEnd()
    const moved = within(this.#runtime, milliseconds, this.#movedFrom, undefined)
    await Promise.all([moved, this.#listener?.drain(milliseconds)])
    await this.#service.tellAll()
    await this.#service[Symbol.asyncDispose]()
    await this.#sending
    await this.#runtime.flush()
    this.#announceEnded()
  }
}
