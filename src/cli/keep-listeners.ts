import type { Config, TlsConfig } from '../config/config.ts'
import { formatListenAddress } from '../config/listen-address.ts'
import type { Log } from '../telemetry/log.ts'

export interface KeepListenersOptions {
  /** Told of what takes a restart. */
  readonly log: Log
  /** Whether the door can listen elsewhere, and read otherwise, without one. */
  readonly moves: boolean
}

/**
 * Another config, with where and what the listeners speak as it is in force: that takes a restart. By which files they
 * speak TLS may change.
 */
export function keepListeners(next: Config, inForce: Config, { log, moves }: KeepListenersOptions): Config {
  const { admin: _, tls, adminTls, ...rest } = next
  const { admin } = inForce
  const { listen, listener } = moves ? next : inForce
  const warn = (key: string, before: string, after: string): void => {
    if (before === after) return
    log.warn({ key, inForce: before, inFile: after }, 'this key takes a restart: what was in force stays')
  }
  const keepTls = (key: 'tls' | 'adminTls', inFile: TlsConfig | undefined): Partial<Config> => {
    const before = inForce[key]
    warn(key, before ? 'on' : 'off', inFile ? 'on' : 'off')
    return before === undefined ? {} : { [key]: inFile ?? before }
  }
  warn('listener', listener, next.listener)
  warn('listen', formatListenAddress(listen), formatListenAddress(next.listen))
  warn('admin', addressOf(admin), addressOf(next.admin))
  return {
    ...rest,
    listen,
    listener,
    ...(admin && { admin }),
    ...keepTls('tls', tls),
    ...keepTls('adminTls', adminTls),
  }
}

function addressOf(address: Config['admin']): string {
  return address === undefined ? 'off' : formatListenAddress(address)
}
