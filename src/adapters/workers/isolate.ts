import { PortolanError } from '../../errors.ts'
import type { Clock, Fetch } from '../../runtime.ts'
import { faultReply } from '../../server/fault-reply.ts'
import type { DoorRuntime } from '../../server/runtime.ts'
import { JsonLog } from '../node/json-log.ts'
import { BackgroundWork, type WaitUntil } from './background-work.ts'
import type { RequestOrigin, SharedCache } from './bindings.ts'
import { placeOfClient } from './client-place.ts'
import type { ConfigSourceOptions } from './config-source.ts'
import { HealthRecords } from './health-records.ts'
import { IsolateClock } from './isolate-clock.ts'
import { rangesIn } from './kv-ranges.ts'
import { withKvTimeout, withOwnLimits } from './limits.ts'
import { createWorkerRuntime } from './runtime.ts'
import { createCachePresence } from './shared-presence.ts'
import { WorkerService } from './worker-service.ts'

/** What a worker's door is made of. */
export interface IsolateOptions extends ConfigSourceOptions {
  readonly waitUntil: WaitUntil
  /** Whether each request gets a line, where the config does not say no; by default none does. */
  readonly accessLog?: boolean
}

/** What every worker has. */
export interface Platform {
  readonly clock: Clock
  readonly fetch: Fetch
  readonly cache: () => SharedCache | undefined
  readonly print: (line: string) => void
}

/** After a failed start, and for one that does not end, nobody tries another one for so long, in milliseconds. */
const START_INTERVAL = 5_000

/** The door of one isolate, made by the first request that comes: outside of requests a worker may do nothing. */
export class Isolate {
  readonly #accessLog: boolean
  readonly #source: ConfigSourceOptions
  readonly #clock: IsolateClock
  readonly #work: BackgroundWork
  readonly #log: JsonLog
  readonly #runtime: DoorRuntime
  readonly #records: HealthRecords | undefined
  #service: WorkerService | undefined
  #starting: { readonly at: number; readonly service: Promise<WorkerService> } | undefined
  #failedAt = Number.NEGATIVE_INFINITY

  constructor(options: IsolateOptions, { clock, fetch, cache, print }: Platform) {
    this.#accessLog = options.accessLog ?? false
    this.#clock = new IsolateClock(clock)
    this.#work = new BackgroundWork(this.#clock, options.waitUntil)
    this.#log = new JsonLog((line) => print(line.trimEnd()), 'info')
    const { now, date, after } = this.#clock
    const lent = createWorkerRuntime({ log: this.#log, waitUntil: this.#work.add })
    const runtime = { ...lent, fetch: withOwnLimits(fetch, { now, log: this.#log }), now, date, after }
    const kv = options.kv && withKvTimeout(options.kv, runtime)
    this.#source = { ...options, kv }
    this.#records = kv && new HealthRecords(kv, runtime)
    this.#runtime = {
      ...runtime,
      placesAreGiven: true,
      ...(kv && { ranges: rangesIn(kv) }),
      shared: {
        presence: createCachePresence(cache, runtime),
        ...(this.#records && { checks: this.#records }),
      },
    }
  }

  /** Answers a request; never rejects. */
  async answer(request: Request): Promise<Response> {
    let service: WorkerService
    try {
      service = await this.#begun()
    } catch {
      return failure('the door has no config that it could go by yet', 503, { 'Retry-After': '5' })
    }
    try {
      this.#keepUp(service)
      return await service.portolan.fetch(request, {
        peer: request.headers.get('cf-connecting-ip') ?? '',
        ...seenBy(request),
      })
    } catch (error) {
      this.#log.error({ err: error }, 'a request failed unexpectedly')
      return failure('the request failed here; it may be tried again', 500)
    }
  }

  /** Checks all backends and records it in KV, for all isolates. Rejects when there is no door. */
  async check(): Promise<void> {
    const service = await this.#begun()
    this.#keepUp(service)
    const check = service.portolan.checkBackends
    await (this.#records === undefined ? check() : this.#records.update(check))
    await service.keepGood()
  }

  async #begun(): Promise<WorkerService> {
    if (this.#service !== undefined && this.#work.isLost) this.#forget(this.#service)
    if (this.#service !== undefined) return this.#service
    const now = this.#clock.now()
    if (now - this.#failedAt < START_INTERVAL) throw new PortolanError('CONFIG_INVALID', 'there is no config')
    // One whose request went away before it had started never will.
    if (this.#starting === undefined || now - this.#starting.at >= START_INTERVAL) {
      const service = this.#start()
      this.#starting = { at: now, service }
      this.#work.add(service.catch(() => {}))
    }
    return this.#starting.service
  }

  async #start(): Promise<WorkerService> {
    const [source, accessLog, runtime, log] = [this.#source, this.#accessLog, this.#runtime, this.#log]
    try {
      this.#service = await WorkerService.begin({ source, accessLog, runtime, log })
      return this.#service
    } catch (error) {
      this.#failedAt = this.#clock.now()
      throw error
    } finally {
      this.#starting = undefined
    }
  }

  /** What a request does for those after it. */
  #keepUp(service: WorkerService): void {
    this.#clock.catchUp((error) => this.#log.warn({ err: error }, 'something that was due has failed'))
    service.keepUp()
  }

  /** Work that went with its request would be waited for without end: the isolate begins anew. */
  #forget({ portolan }: WorkerService): void {
    this.#log.warn({}, 'work in the background was lost with its request: this isolate begins anew')
    void portolan[Symbol.asyncDispose]()
    this.#service = undefined
    this.#work.forget()
  }
}

function seenBy(request: Request & { readonly cf?: RequestOrigin }) {
  const seen = placeOfClient(request.cf)
  return seen && { seen }
}

function failure(message: string, status: number, headers: Readonly<Record<string, string>> = {}): Response {
  const { body, ...head } = faultReply({ code: 'UNSUPPORTED', message }, status, headers)
  return new Response(String(body), head)
}
