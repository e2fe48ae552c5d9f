import type { Listener, TlsIdentity } from '../../adapters/listener.ts'
import { claimAddress } from '../../adapters/node/listen.ts'
import type { RetryStatus } from '../../backends/retries/detector.ts'
import type { Config } from '../../config/config.ts'
import { formatListenAddress } from '../../config/listen-address.ts'
import { PortolanError } from '../../errors.ts'
import { within } from '../../internal/within.ts'
import type { Cancel } from '../../runtime.ts'
import type { SharedParts } from '../../server/compose.ts'
import { Primary } from '../../server/processes/primary.ts'
import type { MetricsSnapshot } from '../../telemetry/exposition.ts'
import type { WorkerReading } from '../../telemetry/metrics.ts'
import type { ProcessRuntime } from '../runtime.ts'
import { Counts } from './counts.ts'
import { type OpenListener, WorkerProcess } from './worker-process.ts'
import { WorkerSlot } from './worker-slot.ts'

/** How much longer than it was told a worker may take to end, in milliseconds. */
const GRACE = 800
/** When no worker takes requests, and one has ended at once so many times in a row, there is no use in going on. */
const MOST_FAILURES = 8
/** One that has not said for so long that it runs hangs, in milliseconds; and how often that is looked at. */
const SILENCE_MAX = 15_000
const LOOK = 2000
/** Before one that could not do what it was told is told so again, in milliseconds. */
const AGAIN = 10_000

interface Claim {
  readonly address: string
  readonly port: number
}

/** Workers that answer the clients of one address: for whoever starts and drains them, one listener. */
export class WorkerGroup implements Listener {
  /** Settles, with the reason, when no worker can be kept running. */
  readonly failed: Promise<PortolanError>
  readonly #runtime: ProcessRuntime
  readonly #slots: readonly WorkerSlot[]
  /** Those that drain included. */
  readonly #running = new Set<WorkerProcess>()
  /** Those that are to be told again. */
  readonly #refusing = new Set<WorkerProcess>()
  readonly #counts: Counts
  #announceFailed: (error: PortolanError) => void = () => {}
  #primary: Primary | undefined
  #where: OpenListener
  /** As the config that is in force has it, and as the one does that was made ready last, each with the port that it came to. */
  #inForce: Claim
  #claimed: Claim
  #lost = 0
  #lookedAt: number
  #stopLooking: Cancel = () => {}

  /** Takes so many workers for an address that was claimed, so that its port is known; with `tls` they speak that. */
  constructor(
    count: number,
    { listen, listener: reader }: Config,
    port: number,
    tls: TlsIdentity | undefined,
    runtime: ProcessRuntime,
  ) {
    this.#runtime = runtime
    this.#where = { kind: 'open', host: listen.host, port, reader, ...(tls && { tls }) }
    this.#inForce = { address: formatListenAddress(listen), port }
    this.#claimed = this.#inForce
    this.#counts = new Counts(this.#running, runtime)
    this.#lookedAt = runtime.now()
    this.failed = new Promise((resolve) => {
      this.#announceFailed = resolve
    })
    const partsOf = (index: number) => ({
      runtime,
      number: index + 1,
      start: () => this.#start(),
      onLost: (failures: number) => this.#noteLost(failures),
    })
    this.#slots = Array.from({ length: count }, (_, index) => new WorkerSlot(partsOf(index)))
  }

  get host(): string {
    return this.#where.host
  }

  get port(): number {
    return this.#where.port
  }

  /** Whether there is a worker that takes requests. */
  get isListening(): boolean {
    return [...this.#running].some((worker) => worker.isListening)
  }

  get readings(): WorkerReading {
    return {
      listening: [...this.#running].filter(({ isListening }) => isListening).length,
      lost: this.#lost,
      droppedMessages: this.#primary?.dropped ?? 0,
    }
  }

  /** What all of them have counted, those that are gone included. */
  counts(): Promise<readonly MetricsSnapshot[]> {
    return this.#counts.read()
  }

  /** What they make of clients that come back. */
  retries(): Promise<RetryStatus | undefined> {
    return this.#counts.retries()
  }

  /** Starts the workers of a service; settles when all take requests. Throws `LISTEN_FAILED` where one cannot. */
  async begin(shared: SharedParts): Promise<void> {
    this.#primary = new Primary(shared)
    shared.inForce.changes.add(({ config }) => this.#follow(config))
    this.#look()
    try {
      await Promise.all(this.#slots.map((slot) => slot.fill()))
    } catch (error) {
      this.#close()
      for (const worker of this.#running) worker.kill()
      const { host, port } = this.#where
      const message = `a worker cannot take requests on ${host}:${port}: ${(error as Error).message}`
      throw new PortolanError('LISTEN_FAILED', message, { host, port }, error)
    }
  }

  /**
   * Makes sure that another address can be had, before the config that names it is in force. Throws `LISTEN_FAILED`
   * where it cannot.
   */
  async prepare({ listen }: Config): Promise<void> {
    const address = formatListenAddress(listen)
    // What we have ourselves nobody can claim.
    const isInForce = address === this.#inForce.address
    this.#claimed = isInForce ? this.#inForce : { address, port: await claimAddress(listen) }
  }

  useReader(): void {
    throw new TypeError('workers follow the config')
  }

  useIdentity(identity: TlsIdentity): void {
    this.#where = { ...this.#where, tls: identity }
    for (const worker of this.#running) worker.useIdentity(identity)
  }

  announceEnd(): void {
    this.#close()
    for (const worker of this.#running) worker.announceEnd()
  }

  async drain(milliseconds: number): Promise<void> {
    this.#close()
    await Promise.all([...this.#running].map((worker) => this.#drainOne(worker, milliseconds)))
  }

  #start(): WorkerProcess {
    const { forward, now } = this.#runtime
    const listener = {
      onRefused: (why: string) => this.#noteRefusal(worker, why),
      onLines: (lines: AsyncIterable<Uint8Array>) => void forward(lines),
    }
    const worker = new WorkerProcess(this.#primary!, this.#where, listener, now)
    this.#running.add(worker)
    void worker.ended.then(() => {
      this.#running.delete(worker)
      this.#counts.keep(worker)
    })
    return worker
  }

  /** By a config that is out of force, it would go on with backends that nobody checks any more. */
  #noteRefusal(worker: WorkerProcess, why: string): void {
    const { log, after } = this.#runtime
    log.error(
      { pid: worker.pid, why },
      'a worker could not do what the config says: it goes on as before, and is told again',
    )
    if (this.#refusing.has(worker)) return
    this.#refusing.add(worker)
    after(AGAIN, () => {
      this.#refusing.delete(worker)
      worker.tellAgain()
    })
  }

  async #drainOne(worker: WorkerProcess, milliseconds: number): Promise<void> {
    worker.drain(milliseconds)
    const isLate = Symbol()
    const ended = await within<unknown>(this.#runtime, milliseconds + GRACE, worker.ended, isLate)
    if (ended !== isLate) return
    this.#runtime.log.error({ pid: worker.pid }, 'a worker did not end in time, and was killed')
    worker.kill()
    await worker.ended
  }

  /** Where they listen, and who reads, changes while they run: a worker that ends would hang up on some. */
  #follow({ listen, listener: reader }: Config): void {
    const { port } = this.#claimed
    this.#inForce = this.#claimed
    const where = this.#where
    if (where.host === listen.host && where.port === port && where.reader === reader) return
    this.#where = { ...where, host: listen.host, port, reader }
    for (const worker of this.#running) worker.open(this.#where)
    this.#runtime.log.info({ listen: formatListenAddress(this.#where) }, 'the workers listen anew')
  }

  #noteLost(failures: number): void {
    this.#lost++
    const isHopeless = failures >= MOST_FAILURES && !this.isListening
    if (!isHopeless) return
    const message = `workers end at once, ${failures} times in a row, and none takes requests: the log says why`
    this.#announceFailed(new PortolanError('UNREACHABLE', message))
  }

  /** One that hangs would let its share of the clients wait for ever. */
  #look(): void {
    this.#stopLooking = this.#runtime.after(LOOK, () => {
      const now = this.#runtime.now()
      // Who has stood still ourselves has heard nobody.
      const isLate = now - this.#lookedAt > 2 * LOOK
      this.#lookedAt = now
      if (!isLate) {
        for (const worker of this.#running) {
          if (now - worker.lastAlive < SILENCE_MAX) continue
          this.#runtime.log.error({ pid: worker.pid }, 'a worker hangs, and was killed')
          worker.kill()
        }
      }
      this.#look()
    })
  }

  #close(): void {
    for (const slot of this.#slots) slot.close()
    this.#stopLooking()
    this.#counts.stop()
  }
}
