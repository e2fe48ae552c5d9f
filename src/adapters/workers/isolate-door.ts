import type { Config } from '../../config/config.ts'
import { PortolanError } from '../../errors.ts'
import { within } from '../../internal/within.ts'
import { createPortolan, type Portolan } from '../../server/compose.ts'
import type { DoorRuntime } from '../../server/runtime.ts'
import type { JsonLog } from '../json-log.ts'
import {
  type ConfigSourceOptions,
  type FoundConfig,
  findConfig,
  findOtherConfigs,
  keepGoodConfig,
  readConfig,
} from './config-source.ts'

/** What a door in an isolate is made of. */
export interface IsolateDoorParts {
  readonly source: ConfigSourceOptions
  /** Whether each request gets a line, where the config does not say no. */
  readonly accessLog: boolean
  readonly runtime: DoorRuntime
  readonly log: JsonLog
}

/** A config in KV is looked for again when it was read so long ago, in milliseconds. */
const CONFIG_INTERVAL = 60_000
/** The same of the ranges that it names. */
const RANGES_INTERVAL = 3_600_000

/** A door in an isolate, and the config that it goes by. */
export class IsolateDoor {
  readonly portolan: Portolan
  readonly #parts: IsolateDoorParts
  /** The config in force. */
  #found: FoundConfig
  #readAt: number
  #rangesAt: number
  /** What was refused already and need not be told again. */
  #refused: string | undefined
  /** What is kept in KV as the last good config. */
  #kept: string | undefined

  private constructor(portolan: Portolan, found: FoundConfig, parts: IsolateDoorParts) {
    this.portolan = portolan
    this.#parts = parts
    this.#found = found
    this.#readAt = parts.runtime.now()
    this.#rangesAt = this.#readAt
  }

  /**
   * Begins by the config, or where that cannot be used by another one that is good still. Rejects where there is none;
   * what was wrong is logged then.
   */
  static async begin(parts: IsolateDoorParts): Promise<IsolateDoor> {
    const { source, log } = parts
    try {
      return await IsolateDoor.#beginBy(await findConfig(source), parts)
    } catch (error) {
      log.error({ faults: faultsOf(error) }, 'the config cannot be used')
    }
    for await (const other of findOtherConfigs(source)) {
      try {
        const service = await IsolateDoor.#beginBy(other, parts)
        log.warn({ from: other.from }, 'another config is in force')
        return service
      } catch (error) {
        log.error({ faults: faultsOf(error), from: other.from }, 'this config cannot be used either')
      }
    }
    throw new PortolanError('CONFIG_INVALID', 'there is no config by which the door could begin')
  }

  static async #beginBy(found: FoundConfig, parts: IsolateDoorParts): Promise<IsolateDoor> {
    const { source, runtime } = parts
    const config = accept(readConfig(found, source), parts)
    const portolan = await createPortolan(config, runtime, { metrics: false })
    // Until a backend was checked, all go to the canonical upstream: a moment that most often is enough.
    await within(runtime, config.presence.timeout, portolan.tried, undefined)
    return new IsolateDoor(portolan, found, parts)
  }

  /** Looks for a newer config when it is time to; to be called by each request. */
  keepUp(): void {
    const { source, runtime } = this.#parts
    const now = runtime.now()
    if (source.kv === undefined || now - this.#readAt < CONFIG_INTERVAL) return
    this.#readAt = now
    runtime.background(this.#reload(source))
  }

  /** Keeps the config in force in KV, so that an isolate that begins while KV has a bad one has a good one. */
  async keepGood(): Promise<void> {
    const { source, log } = this.#parts
    const { text, from } = this.#found
    if (source.kv === undefined || from !== 'KV' || text === this.#kept) return
    try {
      await keepGoodConfig(source.kv, text)
      this.#kept = text
    } catch (error) {
      log.error({ problem: String(error) }, 'the config in force cannot be kept in KV')
    }
  }

  /** Puts the config in force that KV has now; a bad one leaves the one before. Never rejects. */
  async #reload(source: ConfigSourceOptions): Promise<void> {
    const { runtime, log } = this.#parts
    const now = runtime.now()
    let text: string | undefined
    try {
      const found = await findConfig(source)
      text = found.text
      const isNew = text !== this.#found.text
      if (!isNew && now - this.#rangesAt < RANGES_INTERVAL) return
      const config = readConfig(found, source)
      if (isNew || config.clouds.snapshot !== undefined) {
        await this.portolan.reload(accept(config, this.#parts))
      }
      if (isNew) log.info({ from: found.from }, 'reloaded the config')
      this.#found = found
      this.#rangesAt = now
      this.#refused = undefined
    } catch (error) {
      const refused = text ?? String(error)
      if (refused !== this.#refused)
        log.error({ faults: faultsOf(error) }, 'the config was not reloaded: what was in force stays')
      this.#refused = refused
    }
  }
}

/** The config as a worker goes by it. */
function accept(config: Config, { accessLog, log }: IsolateDoorParts): Config {
  log.setLevel(config.log.level)
  return { ...config, log: { ...config.log, access: config.log.access && accessLog } }
}

function faultsOf(error: unknown): readonly string[] {
  if (error instanceof PortolanError && Array.isArray(error.facts.faults)) return error.facts.faults
  return [error instanceof Error ? error.message : String(error)]
}
