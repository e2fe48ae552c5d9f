import { stringify } from 'yaml'
import type { Config } from './config.ts'
import { formatDuration } from './duration.ts'
import { escapeReferences } from './environment.ts'
import { formatListenAddress } from './listen-address.ts'

/** A config as a file would say it with every default written out; reading that file gives the same config. */
export function expandConfig(config: Config): Record<string, unknown> {
  const { version, listen, admin, clouds, presence, health, ...rest } = config
  const { ttl, negativeTtl, timeout, maxEntries } = presence
  const expanded = {
    version,
    listen: formatListenAddress(listen),
    admin: admin === undefined ? 'off' : formatListenAddress(admin),
    ...rest,
    clouds: { ...clouds, refresh: clouds.refresh === undefined ? 'off' : formatDuration(clouds.refresh) },
    presence: {
      ttl: formatDuration(ttl),
      negativeTtl: formatDuration(negativeTtl),
      timeout: formatDuration(timeout),
      maxEntries,
    },
    health: { ...health, interval: formatDuration(health.interval), timeout: formatDuration(health.timeout) },
  }
  return JSON.parse(
    JSON.stringify(expanded, (_, value) => (typeof value === 'string' ? escapeReferences(value) : value)),
  )
}

/** Writes a config as YAML, by the rules of {@link expandConfig}. */
export function formatConfig(config: Config): string {
  return stringify(expandConfig(config), { lineWidth: 0 })
}
