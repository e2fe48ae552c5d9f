import { PortolanError } from '../../errors.ts'
import { within } from '../../internal/within.ts'
import type { Clock, Fetch } from '../../runtime.ts'
import { faultReply } from '../../server/fault-reply.ts'
import type { Connection } from '../../server/fetch-handler.ts'
import type { DoorRuntime } from '../../server/runtime.ts'
import { JsonLog } from '../json-log.ts'
import { BackgroundWork, type WaitUntil } from './background-work.ts'
import type { RequestOrigin, SharedCache } from './bindings.ts'
import { placeOfClient } from './client-place.ts'
import type { ConfigSourceOptions } from './config-source.ts'
import { HealthRecords } from './health-records.ts'
import { IsolateClock } from './isolate-clock.ts'
import { IsolateDoor } from './isolate-door.ts'
import { rangesIn } from './kv-ranges.ts'
import { withKvTimeout, withOwnLimits } from './limits.ts'
import { createWorkerRuntime } from './runtime.ts'
import { createCachePresence } from './shared-presence.ts'

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
  #door: IsolateDoor | undefined
  /** The door that is being made; it comes to nothing where that fails, and may be lost with its request. */
  #beginning: { readonly at: number; readonly door: Promise<IsolateDoor | undefined> } | undefined
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
    const door = this.#atHand() ?? (await this.#begun())
    if (door === undefined)
      return failure('the door has no config that it could go by yet', 503, { 'Retry-After': '5' })
    try {
      this.#keepUp(door)
      return await door.portolan.fetch(request, connectionOf(request))
    } catch (error) {
      this.#log.error({ err: error }, 'a request failed unexpectedly')
      return failure('the request failed here; it may be tried again', 500)
    }
  }

  /** Checks all backends and records it in KV, for all isolates. Rejects when there is no door. */
  async check(): Promise<void> {
    const door = this.#atHand() ?? (await this.#begun())
    if (door === undefined) throw new PortolanError('CONFIG_INVALID', 'there is no config that is good')
    this.#keepUp(door)
    const check = door.portolan.checkBackends
    await (this.#records === undefined ? check() : this.#records.update(check))
    await door.keepGood()
  }

  #atHand(): IsolateDoor | undefined {
    if (this.#door !== undefined && this.#work.isLost) this.#forget(this.#door)
    return this.#door
  }

  /** The door, made by whoever comes first; nothing where there is none in time. Never rejects. */
  async #begun(): Promise<IsolateDoor | undefined> {
    const now = this.#clock.now()
    if (now - this.#failedAt < START_INTERVAL) return undefined
    if (this.#beginning === undefined || now - this.#beginning.at >= START_INTERVAL) {
      const door = this.#begin()
      this.#beginning = { at: now, door }
      this.#work.add(door)
    }
    return within(this.#clock, START_INTERVAL, this.#beginning.door, undefined)
  }

  /** Never rejects; what was wrong is logged. */
  async #begin(): Promise<IsolateDoor | undefined> {
    const [source, accessLog, runtime, log] = [this.#source, this.#accessLog, this.#runtime, this.#log]
    let made: IsolateDoor | undefined
    try {
      made = await IsolateDoor.begin({ source, accessLog, runtime, log })
    } catch {
      this.#failedAt = this.#clock.now()
    }
    this.#beginning = undefined
    // Where this one took so long that another was begun, the first that is there stays.
    if (this.#door === undefined) this.#door = made
    else void made?.portolan[Symbol.asyncDispose]()
    return this.#door
  }

  /** What a request does for those after it. */
  #keepUp(door: IsolateDoor): void {
    this.#clock.catchUp((error) => this.#log.warn({ err: error }, 'something that was due has failed'))
    door.keepUp()
  }

  /** Work that went with its request would be waited for without end: the isolate begins anew. */
  #forget({ portolan }: IsolateDoor): void {
    this.#log.warn({}, 'work in the background was lost with its request: this isolate begins anew')
    void portolan[Symbol.asyncDispose]()
    this.#door = undefined
    this.#work.forget()
  }
}

/** What Cloudflare says of a client. A request of which it says nothing did not come by it: anybody wrote the header then. */
function connectionOf(request: Request & { readonly cf?: RequestOrigin }): Connection {
  const { cf, headers } = request
  if (!cf) return { peer: '' }
  const seen = placeOfClient(cf)
  return { peer: headers.get('cf-connecting-ip') ?? '', ...(seen && { seen }) }
}

function failure(message: string, status: number, headers: Readonly<Record<string, string>> = {}): Response {
  const { body, ...head } = faultReply({ code: 'UNSUPPORTED', message }, status, headers)
  return new Response(String(body), head)
}
