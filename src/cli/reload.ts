import { trustFiles } from '../adapters/node/trust.ts'
import type { Config, TlsConfig } from '../config/config.ts'
import { formatFault } from '../config/fault.ts'
import { formatListenAddress } from '../config/listen-address.ts'
import { PortolanError } from '../errors.ts'
import type { Portolan } from '../server/compose.ts'
import type { Log } from '../telemetry/log.ts'
import { parseConfigAgain } from './read-config.ts'
import { printOf } from './regular-file.ts'
import type { ServedIdentities } from './served-identities.ts'

/** How often the file is looked at, in milliseconds. */
const INTERVAL = 2_000
/** After so many looks at a file that is not there, it is gone. */
const LOOKS_IN_VAIN = 2

export interface ReloaderOptions {
  readonly file: string
  readonly service: Pick<Portolan, 'reload' | 'refuseReload'>
  readonly log: Log
  /** The config that the process was started with: where it listens stays. */
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
 *
 * The file is looked at, not watched: a Kubernetes ConfigMap changes by a swap of a symbolic link above it, which a
 * watch on the file never tells.
 */
export function reloadOnChange({
  file,
  service,
  log,
  started,
  identities,
  prepare,
  onReload,
}: ReloaderOptions): () => void {
  let seen: string | undefined
  let queue: Promise<void> = Promise.resolve()
  let ended = false
  let looksInVain = 0

  /** A file that is gone is most often about to come back: it is told of once, when it is gone at the second look, too. */
  function noteGone(): void {
    looksInVain++
    if (looksInVain !== LOOKS_IN_VAIN || ended) return
    // Whatever comes back is to be read, were it the same.
    seen = undefined
    const faults = [`there is no ${file} any more`]
    log.error({ file, faults }, 'the config file is gone: what was in force stays')
    service.refuseReload(faults)
  }

  /** One after the other, so that the last change is the one that stays. */
  function enqueue(why: 'SIGHUP' | 'the file changed'): void {
    queue = queue.then(() => (ended ? undefined : reload(why)))
  }

  async function reload(why: string): Promise<void> {
    seen = await printOf(file)
    const faults = await tryReload()
    if (faults.length === 0) log.info({ file, why }, 'reloaded the config')
    else log.error({ file, why, faults }, 'the config was not reloaded: what was in force stays')
  }

  /** Gives what speaks against the file as it is now. */
  async function tryReload(): Promise<readonly string[]> {
    let faults: readonly string[]
    try {
      const parsed = await parseConfigAgain(file)
      if ('config' in parsed) {
        const config = withOldListeners(parsed.config)
        const showIdentities = await identities.prepare(config)
        await trustFiles(config.ca ?? [])
        await prepare?.(config)
        await service.reload(config)
        showIdentities()
        onReload?.(config)
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

  /** Where and what the listeners speak stays; by which files they speak TLS may change. */
  function withOldListeners(config: Config): Config {
    const { admin: _, tls, adminTls, ...rest } = config
    const { admin } = started
    const { listen, listener } = prepare === undefined ? started : config
    if (config.listener !== listener) warnOfRestart('listener', listener, config.listener)
    for (const [key, inForce] of Object.entries({ listen, admin })) {
      const [before, after] = [inForce, config[key as 'listen' | 'admin']].map((address) =>
        address === undefined ? 'off' : formatListenAddress(address),
      )
      if (before !== after) warnOfRestart(key, before, after)
    }
    return {
      ...rest,
      listen,
      listener,
      ...(admin && { admin }),
      ...tlsInForce('tls', tls),
      ...tlsInForce('adminTls', adminTls),
    }
  }

  function tlsInForce(key: 'tls' | 'adminTls', inFile: TlsConfig | undefined): Partial<Config> {
    const before = started[key]
    if ((before === undefined) !== (inFile === undefined)) {
      warnOfRestart(key, before ? 'on' : 'off', inFile ? 'on' : 'off')
    }
    return before === undefined ? {} : { [key]: inFile ?? before }
  }

  function warnOfRestart(key: string, inForce: string | undefined, inFile: string | undefined): void {
    log.warn({ key, inForce, inFile }, 'this key takes a restart: what was in force stays')
  }

  queue = printOf(file).then((print) => {
    seen = print
  })
  const look = setInterval(async () => {
    const print = await printOf(file)
    if (print === undefined) {
      noteGone()
      return
    }
    if (print === seen) return
    seen = print
    looksInVain = 0
    enqueue('the file changed')
  }, INTERVAL)
  const onSignal = () => enqueue('SIGHUP')
  process.on('SIGHUP', onSignal)
  return () => {
    ended = true
    clearInterval(look)
    process.removeListener('SIGHUP', onSignal)
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
