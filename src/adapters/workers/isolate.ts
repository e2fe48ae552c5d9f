import type { Config } from '../../config/config.ts'
import { PortolanError } from '../../errors.ts'
import { within } from '../../internal/within.ts'
import { createPortolan, type Portolan } from '../../server/compose.ts'
import { faultReply } from '../../server/fault-reply.ts'
import type { DoorRuntime } from '../../server/runtime.ts'
import { systemClock } from '../clock.ts'
import { JsonLog } from '../node/json-log.ts'
import { BackgroundWork, type WaitUntil } from './background-work.ts'
import type { KeyValueStore, RequestOrigin, SharedCache } from './bindings.ts'
import { placeOfClient } from './client-place.ts'
import {
  type ConfigSourceOptions,
  type FoundConfig,
  findConfig,
  findOtherConfigs,
  keepGoodConfig,
  readConfig,
} from './config-source.ts'
import { HealthRecords } from './health-records.ts'
import { IsolateClock } from './isolate-clock.ts'
import { createWorkerRuntime } from './runtime.ts'
import { createCachePresence } from './shared-presence.ts'

/** What a worker's door is made of. */
export interface IsolateOptions extends ConfigSourceOptions {
  readonly waitUntil: WaitUntil
  /** Whether each request gets a line, where the config does not say no; by default none does. */
  readonly accessLog?: boolean
}

/** A config in KV is looked for again when it was read so long ago, in milliseconds. */
const CONFIG_INTERVAL = 60_000
/** The same of the ranges that it names. */
const RANGES_INTERVAL = 3_600_000
/** After a failed start, nobody tries another one for so long, in milliseconds. */
const START_INTERVAL = 5_000

interface Service {
  readonly portolan: Portolan
  /** The config in force. */
  found: FoundConfig
  readAt: number
  rangesAt: number
}

/** The door of one isolate, made by the first request that comes: outside of requests a worker may do nothing. */
export class Isolate {
  readonly #options: IsolateOptions
  readonly #clock = new IsolateClock(systemClock)
  readonly #work: BackgroundWork
  readonly #log = new JsonLog((line) => console.log(line.trimEnd()), 'info')
  readonly #runtime: DoorRuntime
  readonly #records: HealthRecords | undefined
  #service: Service | undefined
  #starting: { readonly at: number; readonly service: Promise<Service> } | undefined
  #failedAt = Number.NEGATIVE_INFINITY
  /** What was refused already and need not be told again. */
  #refused: string | undefined
  /** What is kept in KV as the last good config. */
  #kept: string | undefined

  constructor(options: IsolateOptions) {
    this.#options = options
    this.#work = new BackgroundWork(this.#clock, options.waitUntil)
    const runtime = {
      ...createWorkerRuntime({ log: this.#log, waitUntil: this.#work.add }),
      now: this.#clock.now,
      date: this.#clock.date,
      after: this.#clock.after,
    }
    this.#records = options.kv && new HealthRecords(options.kv, runtime)
    this.#runtime = {
      ...runtime,
      placesAreGiven: true,
      ...(options.kv && { ranges: rangesIn(options.kv) }),
      shared: {
        presence: createCachePresence(defaultCache, runtime),
        ...(this.#records && { checks: this.#records }),
      },
    }
  }

  /** Answers a request; never rejects. */
  async answer(request: Request): Promise<Response> {
    let service: Service
    try {
      service = await this.#begun()
    } catch {
      return NOT_READY()
    }
    this.#keepUp(service)
    try {
      return await service.portolan.fetch(request, {
        peer: request.headers.get('cf-connecting-ip') ?? '',
        ...seenBy(request),
      })
    } catch (error) {
      this.#log.error({ err: error }, 'a request failed unexpectedly')
      return FAILED()
    }
  }

  /** Checks all backends and records it in KV, for all isolates. Rejects when there is no door. */
  async check(): Promise<void> {
    const service = await this.#begun()
    this.#keepUp(service)
    const check = service.portolan.checkBackends
    await (this.#records === undefined ? check() : this.#records.update(check))
    await this.#keepGood(service)
  }

  /** So that an isolate that begins while KV has a bad config has a good one. */
  async #keepGood({ found: { text, from } }: Service): Promise<void> {
    const { kv } = this.#options
    if (kv === undefined || from !== 'KV' || text === this.#kept) return
    try {
      await keepGoodConfig(kv, text)
      this.#kept = text
    } catch (error) {
      this.#log.error({ problem: String(error) }, 'the config in force cannot be kept in KV')
    }
  }

  async #begun(): Promise<Service> {
    if (this.#service !== undefined && this.#work.isLost) this.#forget()
    if (this.#service !== undefined) return this.#service
    const now = this.#clock.now()
    if (now - this.#failedAt < START_INTERVAL) throw new PortolanError('USAGE', 'there is no config yet')
    // One whose request went away before it had started never will.
    if (this.#starting === undefined || now - this.#starting.at > START_INTERVAL) {
      const service = this.#start()
      this.#starting = { at: now, service }
      this.#work.add(service.catch(() => {}))
    }
    return this.#starting.service
  }

  async #start(): Promise<Service> {
    try {
      this.#service = await this.#startByAny()
      return this.#service
    } catch (error) {
      this.#failedAt = this.#clock.now()
      throw error
    } finally {
      this.#starting = undefined
    }
  }

  /** By the config, or where that cannot be used by one that is good still. */
  async #startByAny(): Promise<Service> {
    try {
      return await this.#startBy(await findConfig(this.#options))
    } catch (error) {
      this.#log.error({ faults: faultsOf(error) }, 'the config cannot be used')
    }
    for await (const other of findOtherConfigs(this.#options)) {
      try {
        const service = await this.#startBy(other)
        this.#log.warn({ from: other.from }, 'another config is in force')
        return service
      } catch (error) {
        this.#log.error({ faults: faultsOf(error), from: other.from }, 'this config cannot be used either')
      }
    }
    throw new PortolanError('USAGE', 'there is no config by which the door could begin')
  }

  async #startBy(found: FoundConfig): Promise<Service> {
    const config = this.#accept(readConfig(found, this.#options))
    const now = this.#clock.now()
    const portolan = await createPortolan(config, this.#runtime, { metrics: false })
    // Until a backend was checked, all go to the canonical upstream: a moment that most often is enough.
    await within(this.#runtime, config.presence.timeout, portolan.tried, undefined)
    return { portolan, found, readAt: now, rangesAt: now }
  }

  /** What a request does for those after it. */
  #keepUp(service: Service): void {
    const now = this.#clock.now()
    this.#clock.catchUp()
    if (this.#options.kv === undefined || now - service.readAt < CONFIG_INTERVAL) return
    service.readAt = now
    this.#work.add(this.#reload(service))
  }

  /** Puts the config in force that KV has now; a bad one leaves the one before. Never rejects. */
  async #reload(service: Service): Promise<void> {
    const now = this.#clock.now()
    let text: string | undefined
    try {
      const found = await findConfig(this.#options)
      text = found.text
      const isNew = text !== service.found.text
      if (!isNew && now - service.rangesAt < RANGES_INTERVAL) return
      const config = readConfig(found, this.#options)
      if (isNew || config.clouds.snapshot !== undefined) await service.portolan.reload(this.#accept(config))
      if (isNew) this.#log.info({ from: found.from }, 'reloaded the config')
      service.found = found
      service.rangesAt = now
      this.#refused = undefined
    } catch (error) {
      const refused = text ?? String(error)
      if (refused === this.#refused) return
      this.#refused = refused
      const faults = faultsOf(error)
      this.#log.error({ faults }, 'the config was not reloaded: what was in force stays')
    }
  }

  /** The config as a worker goes by it. */
  #accept(config: Config): Config {
    const { log } = config
    this.#log.setLevel(log.level)
    return { ...config, log: { ...log, access: log.access && (this.#options.accessLog ?? false) } }
  }

  /** Work that went with its request would be waited for without end: the isolate begins anew. */
  #forget(): void {
    this.#log.warn({}, 'work in the background was lost with its request: this isolate begins anew')
    void this.#service?.portolan[Symbol.asyncDispose]()
    this.#service = undefined
    this.#work.forget()
  }
}

function rangesIn(kv: KeyValueStore): NonNullable<DoorRuntime['ranges']> {
  const refuse = async () => {
    throw new PortolanError('USAGE', 'a worker makes no ranges: "portolan ranges update" does, elsewhere')
  }
  return {
    // A path from the config, whose folder is none.
    read: async (path) => {
      const bytes = await kv.get(path.replace(/^\//, ''), 'arrayBuffer')
      return bytes === null ? undefined : new Uint8Array(bytes)
    },
    write: refuse,
    update: refuse,
  }
}

/** Absent outside of Cloudflare's own servers and those that stand in for them. */
function defaultCache(): SharedCache | undefined {
  const { caches } = globalThis as { readonly caches?: { readonly default?: SharedCache } }
  return caches?.default
}

function seenBy(request: Request & { readonly cf?: RequestOrigin }) {
  const seen = placeOfClient(request.cf)
  return seen && { seen }
}

function faultsOf(error: unknown): readonly string[] {
  if (error instanceof PortolanError && Array.isArray(error.facts.faults)) return error.facts.faults
  return [error instanceof Error ? error.message : String(error)]
}

const fault = (message: string, status: number, headers = {}) => {
  const { body, ...head } = faultReply({ code: 'UNSUPPORTED', message }, status, headers)
  return new Response(String(body), head)
}
const NOT_READY = () => fault('the door has no config that it could go by yet', 503, { 'Retry-After': '5' })
const FAILED = () => fault('the request failed here; it may be tried again', 500)
