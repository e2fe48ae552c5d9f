import { printOf } from '../adapters/node/regular-file.ts'
import { trustFiles } from '../adapters/node/trust.ts'
import type { Config } from '../config/config.ts'
import { formatFault } from '../config/fault.ts'
import { PortolanError } from '../errors.ts'
import type { Portolan } from '../server/compose.ts'
import type { Log } from '../telemetry/log.ts'
import { keepListeners } from './keep-listeners.ts'
import { parseConfigAgain } from './read-config.ts'
import type { ServedIdentities } from './served-identities.ts'

/** How often the file is looked at, in milliseconds. */
const INTERVAL = 2_000
/** After so many looks at a file that is not there, it is gone. */
const LOOKS_IN_VAIN = 2

export interface ReloaderOptions {
  readonly file: string
  /** By what to tell that the file has changed since the config was read that is in force; see `printOf`. */
  readonly print: string | undefined
  readonly service: Pick<Portolan, 'reload' | 'refuseReload'>
  readonly log: Log
  /** The config that the process was started with. */
  readonly started: Config
  /** What the listeners show over TLS, read again with the config. */
  readonly identities: Pick<ServedIdentities, 'prepare'>
  /**
   * Makes ready, before a config is in force, that the door listens elsewhere or reads otherwise; rejects where that
   * cannot be had. Absent where that takes a restart.
   */
  readonly prepare?: (config: Config) => Promise<void>
  /** Told of a config before it is in force. */
  readonly onReload?: (config: Config) => void
}

/**
 * Puts a config file in force again on SIGHUP and when the file changes; a bad one is reported and changes nothing.
 * Returns what ends that.
 */
export function reloadOnChange(options: ReloaderOptions): () => void {
  const reloader = new Reloader(options)
  const look = setInterval(() => void reloader.look(), INTERVAL)
  const onSignal = () => void reloader.reload('SIGHUP')
  process.on('SIGHUP', onSignal)
  return () => {
    reloader.stop()
    clearInterval(look)
    process.removeListener('SIGHUP', onSignal)
  }
}

/**
 * Puts one file in force again and again. The file is looked at, not watched: a Kubernetes ConfigMap changes by a swap of
 * a symbolic link above it, which a watch on the file never tells.
 */
export class Reloader {
  readonly #options: ReloaderOptions
  #inForce: Config
  /** By what to tell that the file has changed since it was read. */
  #seen: string | undefined
  #queue: Promise<void> = Promise.resolve()
  #hasEnded = false
  #looksInVain = 0

  constructor(options: ReloaderOptions) {
    this.#options = options
    this.#inForce = options.started
    this.#seen = options.print
  }

  /** Reads the file if it has changed; settles when that has had its consequences. */
  async look(): Promise<void> {
    const print = await printOf(this.#options.file)
    if (print === undefined) {
      this.#noteGone()
      return
    }
    if (print === this.#seen) return
    this.#seen = print
    this.#looksInVain = 0
    await this.reload('the file changed')
  }

  /** Reads it in any case. One after the other, so that the last change is the one that stays. */
  reload(why: 'SIGHUP' | 'the file changed'): Promise<void> {
    this.#queue = this.#queue.then(() => (this.#hasEnded ? undefined : this.#reloadNow(why)))
    return this.#queue
  }

  stop(): void {
    this.#hasEnded = true
  }

  /** A file that is gone is most often about to come back: it is told of once, when it is gone at the second look, too. */
  #noteGone(): void {
    this.#looksInVain++
    if (this.#looksInVain !== LOOKS_IN_VAIN || this.#hasEnded) return
    // Whatever comes back is to be read, were it the same.
    this.#seen = undefined
    const { file, log, service } = this.#options
    const faults = [`there is no ${file} any more`]
    log.error({ file, faults }, 'the config file is gone: what was in force stays')
    service.refuseReload(faults)
  }

  async #reloadNow(why: string): Promise<void> {
    const { file, log } = this.#options
    this.#seen = await printOf(file)
    const faults = await this.#tryReload()
    if (faults.length === 0) log.info({ file, why }, 'reloaded the config')
    else log.error({ file, why, faults }, 'the config was not reloaded: what was in force stays')
  }

  /** Gives what speaks against the file as it is now. */
  async #tryReload(): Promise<readonly string[]> {
    const { file, log, service } = this.#options
    let faults: readonly string[]
    try {
      const parsed = await parseConfigAgain(file)
      if ('config' in parsed) {
        await this.#enforce(parsed.config)
        return []
      }
      faults = parsed.faults.map(formatFault)
    } catch (error) {
      faults = [error instanceof Error ? error.message : String(error)]
      if (!(error instanceof PortolanError)) log.error({ err: error }, 'a reload failed unexpectedly')
    }
    service.refuseReload(faults)
    return faults
  }

  /** Puts it in force, whole. Throws, and changes nothing, when a part of it cannot be had. */
  async #enforce(next: Config): Promise<void> {
    const { service, log, identities, prepare, onReload } = this.#options
    const config = keepListeners(next, this.#inForce, { log, moves: prepare !== undefined })
    const showIdentities = await identities.prepare(config)
    await trustFiles(config.ca ?? [])
    await prepare?.(config)
    await service.reload(config)
    this.#inForce = config
    showIdentities()
    onReload?.(config)
  }
}

/** Says on SIGHUP, which would otherwise end the process, that there is no file to read again. Returns what ends that. */
export function refuseToReload(service: Pick<Portolan, 'refuseReload'>, log: Log): () => void {
  const faults = ['the config came from standard input, which cannot be read again']
  const onSignal = () => {
    log.error({ faults }, 'the config was not reloaded: what was in force stays')
    service.refuseReload(faults)
  }
  process.on('SIGHUP', onSignal)
  return () => process.removeListener('SIGHUP', onSignal)
}
